"""Rules of the project: who may import whom, and what every file has."""

import ast
import re
from pathlib import Path

import pytest

import aoba

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "aoba"

LAYERS = (
    (
        "aoba.errors",
        "aoba.modbus.spec",
        "aoba.spans",
        "aoba.duration",
        "aoba.options",
        "aoba.logs.dedup",
        "aoba.logs.printable",
        "aoba.logs.trace_level",
        "aoba.logs.rate_limit",
        "aoba.size",
        "aoba.for_scripts",
    ),
    ("aoba.identity",),
    ("aoba.document", "aoba.modbus"),
    ("aoba.registers",),
    (
        "aoba.client.addresses",
        "aoba.client.answers",
        "aoba.client.blocks",
        "aoba.client.came",
        "aoba.client.echo",
        "aoba.client.matching",
        "aoba.client.request_options",
        "aoba.client.target",
        "aoba.client.turns",
        "aoba.client.words",
        "aoba.links.echo",
        "aoba.links.meant_urls",
        "aoba.links.protocols",
        "aoba.links.roles",
        "aoba.links.serial_session",
        "aoba.links.session",
        "aoba.links.url",
        "aoba.mqtt.packets",
        "aoba.mqtt.target",
        "aoba.mqtt.url",
        "aoba.outlets.push.obstacles",
        "aoba.outlets.push.plan",
        "aoba.outlets.push.replica",
        "aoba.outlets.push.trouble",
        "aoba.sources.schedule",
        "aoba.sources.lines",
        "aoba.sources.devices.spec",
        "aoba.sources.freshness",
        "aoba.sources.health",
        "aoba.sources.health_place",
        "aoba.sources.kinds",
        "aoba.sources.spec",
        "aoba.sources.http.spec",
        "aoba.sources.http.uploads",
        "aoba.sources.monitoring",
        "aoba.sources.mqtt.spec",
    ),
    (
        "aoba.client",
        "aoba.links",
        "aoba.sources",
        "aoba.mqtt",
        "aoba.logs",
        "aoba.extras",
        "aoba.secret",
        "aoba.loop_share",
        "aoba.resolver",
        "aoba.sockets",
        "aoba.orphans",
        "aoba.threads",
        "aoba.tls",
        "aoba.worker",
    ),
    ("aoba.config",),
    ("aoba.outlets",),
    ("aoba.engine",),
    ("aoba.cli", "aoba.__main__"),
)
"""From the bottom up. The longest name that fits a module says where it belongs."""

STRANGERS = (
    ("aoba.modbus", "aoba.registers"),
    ("aoba.modbus", "aoba.document"),
    ("aoba.document", "aoba.registers"),
    ("aoba.outlets.push", "aoba.links"),
    ("aoba.outlets.push", "aoba.sources"),
    ("aoba.client", "aoba.sources"),
    ("aoba.client", "aoba.document"),
    ("aoba.client", "aoba.registers"),
    ("aoba.links", "aoba.client"),
    ("aoba.links", "aoba.sources"),
    ("aoba.links", "aoba.document"),
    ("aoba.links", "aoba.registers"),
    ("aoba.sources", "aoba.links"),
    ("aoba.mqtt", "aoba.client"),
    ("aoba.mqtt", "aoba.links"),
    ("aoba.mqtt", "aoba.registers"),
)
"""The first never imports the second."""

PURE = tuple(name for layer in LAYERS[:5] for name in layer)
IMPURE = {
    "asyncio",
    "logging",
    "os",
    "select",
    "signal",
    "socket",
    "subprocess",
    "threading",
    "time",
}
"""Standard modules that do I/O, know the time, or lead there."""


def module_name(path):
    parts = ("aoba", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}


def imports(source, name="aoba.some.module"):
    """Full names of all that is imported, wherever in the file it stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are absolute here"
            # `from aoba.sources import spec` imports a module, `from aoba.errors import X` a name.
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {node.module} if not inner & set(MODULES) else inner & set(MODULES)
    return found


IMPORTS = {name: imports(path.read_text(), name) for name, path in MODULES.items()}


def within(module, package):
    return module == package or module.startswith(f"{package}.")


def layer(module):
    """Index of the layer of `module`; the package itself, which imports nothing, is the lowest."""
    fitting = [
        (len(name), index)
        for index, names in enumerate(LAYERS)
        for name in names
        if within(module, name)
    ]
    return max(fitting)[1] if fitting else 0


def ours(module):
    return {name for name in IMPORTS[module] if within(name, "aoba")}


def test_modules_and_their_imports_are_found():
    assert {"aoba", "aoba.errors", "aoba.registers.image", "aoba.cli.main"} <= set(MODULES)
    assert "aoba.modbus.spec" in IMPORTS["aoba.errors"]
    assert "aoba.cli.serve" in IMPORTS["aoba.cli.app"]  # within a function
    assert imports("from aoba.sources import spec") == {"aoba.sources.spec"}
    assert imports("if x:\n import socket as s, time") == {"socket", "time"}


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"aoba"}))
def test_every_module_has_a_layer(module):
    named = [name for names in LAYERS for name in names]

    assert any(within(module, name) for name in named)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_downwards(module):
    upwards = {name for name in ours(module) if layer(name) > layer(module)}

    assert upwards == set()


@pytest.mark.parametrize(("one", "other"), STRANGERS)
def test_strangers_never_import_each_other(one, other):
    found = {(m, n) for m in MODULES if within(m, one) for n in ours(m) if within(n, other)}

    assert found == set()


@pytest.mark.parametrize("module", [m for m in MODULES if m != "aoba" and layer(m) < 5])
def test_pure_modules_do_no_io_and_know_no_time(module):
    assert any(within(module, name) for name in PURE)
    assert {name.split(".")[0] for name in IMPORTS[module]} & IMPURE == set()


def test_the_package_itself_is_cheap_to_import():
    assert IMPORTS["aoba"] == {"aoba.for_scripts.aoba"}
    assert IMPORTS["aoba.for_scripts.aoba"] == {"json", "sys"}


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES.values() if p.name not in ("__init__.py", "__main__.py")],
    ids=module_name,
)
def test_every_module_opens_with_its_plan(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_every_name_in_all_exists():
    assert all(hasattr(aoba, name) for name in aoba.__all__)


def test_the_version_is_the_newest_of_the_changelog():
    versions = re.findall(
        r"^## \[?(\d\S*?)\]?(?:\s|$)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )

    assert versions[0] == aoba.__version__


def test_every_layer_has_modules():
    for names in LAYERS:
        for name in names:
            assert any(within(module, name) for module in MODULES), name


def checks(function):
    """Whether a test can fail: it asserts, expects an exception, or calls a helper that does."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called == "raises" or called.startswith(("assert_", "expect")):
                return True
    return False


def functions_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test_"
        ):
            yield node


QUICK = [p for name in ("unit", "property") for p in (ROOT / "tests" / name).rglob("test_*.py")]


@pytest.mark.parametrize("path", sorted(QUICK), ids=lambda path: path.stem)
def test_every_test_can_fail(path):
    """Of those that wait for nothing: where one waits, the waiting is the check."""
    assert [test.name for test in functions_of(path) if not checks(test)] == []
