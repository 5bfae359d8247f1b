"""Rules of the project: who may import whom, and what every file has.

Each rule is one test, which lists all that breaks it. A room is a folder of the source with all
that is in it, or a file that lies in none; rules name rooms, and files only where a room is mixed.
What is not in order yet stands in a list of its own, which may only shrink: whoever mends something
is told to take it out.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

import aoba
from aoba.outlets.registry import OUTLETS
from aoba.sources.kinds import SOURCES
from support.modules import MODULES, ROOT, within

LAYERS = (
    ("aoba.errors", "aoba.spans", "aoba.modbus.spec", "aoba.for_scripts"),
    ("aoba.modbus", "aoba.identity", "aoba.bus"),
    ("aoba.document", "aoba.orphans", "aoba.worker"),
    ("aoba.registers", "aoba.logs", "aoba.retry", "aoba.extras", "aoba.loop_share", "aoba.threads"),
    ("aoba.endpoints",),
    ("aoba.links", "aoba.mqtt"),
    ("aoba.client",),
    ("aoba.sources",),
    ("aoba.config",),
    ("aoba.outlets",),
    ("aoba.engine",),
    ("aoba.cli", "aoba.__main__"),
)
"""From the bottom up. The longest name that fits a module says where it belongs."""

STRANGERS = (
    ("aoba.modbus", "aoba.identity"),
    ("aoba.outlets.push", "aoba.links"),
    ("aoba.outlets", "aoba.sources"),
    ("aoba.client", "aoba.document"),
    ("aoba.client", "aoba.registers"),
    ("aoba.links", "aoba.document"),
    ("aoba.links", "aoba.registers"),
    ("aoba.links", "aoba.mqtt"),
    ("aoba.sources", "aoba.links"),
    ("aoba.mqtt", "aoba.links"),
    ("aoba.mqtt", "aoba.registers"),
)
"""The first never imports the second, though it lies above it, or beside it."""

PURE_ROOMS = (
    *("aoba.errors", "aoba.spans", "aoba.identity", "aoba.bus", "aoba.retry"),
    *("aoba.modbus", "aoba.document", "aoba.registers"),
)
PURE_FILES = {
    "aoba.logs": "dedup printable rate_limit trace_level",
    "aoba.client": "addresses answers blocks came echo matching request_queue words",
    "aoba.endpoints": (
        "client_tls device host_port meant_urls options request_options topic units url"
    ),
    "aoba.links": "echo protocols roles serial_session session",
    "aoba.mqtt": "packets",
    "aoba.outlets.push": "desired_state device_shadow rejections",
    "aoba.sources": "freshness health health_place kinds lines monitoring schedule skipped spec",
    "aoba.sources.devices": "spec",
    "aoba.sources.http": "spec uploads",
    "aoba.sources.mqtt": "spec",
}
"""Those of rooms that also do I/O."""

CHILD = "aoba.sources.scripts.child"
"""What runs in other processes, where there is no Aoba to be imported."""

PROGRAMS = {f"{CHILD}.fork_server", f"{CHILD}.resident"}
"""Which Aoba imports for their paths."""

IMPURE = {
    *("asyncio", "logging", "os", "select", "signal", "socket", "subprocess", "threading", "time"),
}
"""Standard modules that do I/O, know the time, or lead there."""

KNOWN_CIRCLES = [
    # Base and top of one room: request types know `station`, `functions` knows request types.
    {"aoba.modbus", "aoba.modbus.requests"},
]
"""Folders that still import one another."""

LONGEST = 400
"""Lines of a file, at most."""


FOLDERS = {name for name, path in MODULES.items() if path.name == "__init__.py"} - {"aoba"}


def names_of(node: ast.Import | ast.ImportFrom, name: str) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    module = node.module
    if node.level:
        assert within(name, CHILD), f"{ast.unparse(node)}: imports are absolute here"
        assert node.level == 1, f"{ast.unparse(node)}: parts import each other only"
        module = f"{name.rpartition('.')[0]}.{module}"
    # `from aoba.sources import spec` imports a module, `from aoba.errors import X` a name.
    inner = {f"{module}.{alias.name}" for alias in node.names} & set(MODULES)
    return inner or {module}


def imports(source: str, name: str = "aoba.some.module", *, typing: bool = True) -> set[str]:
    """Full names of all that is imported, wherever in the file it stands; without `typing`, not
    what only a type checker imports."""

    def under(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from names_of(node, name)
        never = (
            not typing and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        for child in node.orelse if never else ast.iter_child_nodes(node):
            yield from under(child)

    return set(under(ast.parse(source)))


IMPORTS = {name: imports(path.read_text(), name) for name, path in MODULES.items()}


def layer(module: str) -> int:
    """Index of the layer of `module`; the package itself, which imports nothing, is the lowest."""
    fitting = [
        (len(name), index)
        for index, names in enumerate(LAYERS)
        for name in names
        if within(module, name)
    ]
    return max(fitting)[1] if fitting else 0


def ours(module: str) -> set[str]:
    return {name for name in IMPORTS[module] if within(name, "aoba")}


def offenders(breaks) -> list[str]:
    """`A -> B` of all imports of which `breaks(A, B)` is true."""
    return [f"{a} -> {b}" for a in MODULES for b in sorted(ours(a)) if breaks(a, b)]


# Who imports whom


def test_modules_and_their_imports_are_found():
    assert {"aoba", "aoba.errors", "aoba.registers.image", "aoba.cli.main"} <= set(MODULES)
    assert "aoba.modbus.spec" in IMPORTS["aoba.errors"]
    assert "aoba.cli.serve" in IMPORTS["aoba.cli.app"]  # within a function
    assert imports("from aoba.sources import spec") == {"aoba.sources.spec"}
    assert imports("if x:\n import socket as s, time") == {"socket", "time"}
    hidden = "if TYPE_CHECKING:\n import socket\nelse:\n import time"
    assert (imports(hidden), imports(hidden, typing=False)) == ({"socket", "time"}, {"time"})


def test_every_module_has_a_layer_and_every_layer_has_modules():
    named = [name for names in LAYERS for name in names]

    assert [m for m in MODULES if m != "aoba" and not any(within(m, n) for n in named)] == []
    assert [n for n in named if not any(within(m, n) for m in MODULES)] == []


def test_imports_point_downwards():
    assert offenders(lambda one, other: layer(other) > layer(one)) == []


def test_strangers_never_import_each_other():
    def breaks(one, other):
        return any(within(one, a) and within(other, b) for a, b in STRANGERS)

    assert offenders(breaks) == []


def test_what_runs_in_other_processes_imports_nothing_of_aoba():
    assert offenders(lambda one, other: within(one, CHILD) and not within(other, CHILD)) == []


def test_aoba_imports_of_what_runs_in_other_processes_the_programs_alone():
    outside = [m for m in MODULES if not within(m, CHILD)]
    found = {n for m in outside for n in ours(m) if within(n, CHILD)}

    assert found == PROGRAMS


def pure_files() -> set[str]:
    return {f"{room}.{name}" for room, names in PURE_FILES.items() for name in names.split()}


def is_pure(module: str) -> bool:
    return module in pure_files() or any(within(module, room) for room in PURE_ROOMS)


def test_pure_modules_do_no_io_and_know_no_time():
    pure = [module for module in MODULES if is_pure(module)]
    impure = {m: found for m in pure if (found := {n.split(".")[0] for n in IMPORTS[m]} & IMPURE)}

    assert impure == {}
    assert pure_files() - set(MODULES) == set()


def test_pure_modules_import_pure_ones():
    cheap = {"aoba", *FOLDERS}  # a name of a folder itself, as the version

    assert offenders(lambda a, b: is_pure(a) and not is_pure(b) and b not in cheap) == []


def kind_of(module: str, side: str) -> str | None:
    """The kind of source or outlet that a module belongs to, by the rows of the registry."""
    rows = SOURCES.values() if side == "aoba.sources" else OUTLETS.values()
    builders = {row.build.partition(":")[0].removeprefix(f"{side}.").split(".")[0] for row in rows}
    own = module.removeprefix(f"{side}.").split(".")[0]
    return own if within(module, side) and own in builders else None


def test_no_kind_imports_another_kind():
    def breaks(one, other):
        kinds = [
            (kind_of(one, side), kind_of(other, side)) for side in ("aoba.sources", "aoba.outlets")
        ]
        return any(a and b and a != b for a, b in kinds)

    assert kind_of("aoba.sources.http.server", "aoba.sources") == "http"
    assert kind_of("aoba.sources.schedule", "aoba.sources") is None
    assert offenders(breaks) == []


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """All sets of nodes that lead to one another (Tarjan, 1972)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(node: str) -> None:
        order[node] = lowest[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], order[other])
        if lowest[node] == order[node]:
            found.append(set(stack[stack.index(node) :]))
            del stack[stack.index(node) :]

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return [circle for circle in found if len(circle) > 1]


def at_run_time() -> dict[str, set[str]]:
    """Imports within functions are some; those for type checkers alone are none."""
    return {
        name: (imports(path.read_text(), name, typing=False) & set(MODULES)) - {name}
        for name, path in MODULES.items()
    }


def folder_of(module: str) -> str:
    """The folder that it lies in; a file in none stands for itself, and so does `modbus.spec`, the
    names and limits of the specification, which imports nothing."""
    alone = module == "aoba.modbus.spec" or module in FOLDERS
    folder = module.rpartition(".")[0]
    return module if alone or folder in {"", "aoba"} else folder


def test_circles_are_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}

    assert circles(graph) == [{"d", "e"}, {"a", "b", "c"}]


def test_no_files_import_one_another():
    assert circles(at_run_time()) == []


def test_no_folders_import_one_another():
    """But for those that are known: one that is gone is to be taken out of the list."""
    graph = defaultdict(set)
    for module, names in at_run_time().items():
        graph[folder_of(module)] |= {folder_of(name) for name in names} - {folder_of(module)}

    assert [sorted(c) for c in circles(graph)] == [sorted(c) for c in KNOWN_CIRCLES]


def test_the_package_itself_is_cheap_to_import():
    assert IMPORTS["aoba"] == {"aoba.for_scripts.aoba"}
    assert IMPORTS["aoba.for_scripts.aoba"] == {"json", "sys"}


# What every file has


def test_every_module_opens_with_its_plan():
    small = {"__init__.py", "__main__.py"}
    plans = {m: ast.get_docstring(ast.parse(p.read_text())) for m, p in MODULES.items()}

    assert [m for m, plan in plans.items() if not plan and MODULES[m].name not in small] == []


def test_no_file_is_longer_than_one_can_keep_in_mind():
    lengths = {m: len(p.read_text().splitlines()) for m, p in MODULES.items()}

    assert {m: length for m, length in lengths.items() if length > LONGEST} == {}


def test_every_name_in_all_exists():
    assert [name for name in aoba.__all__ if not hasattr(aoba, name)] == []


def test_the_version_is_the_newest_of_the_changelog():
    versions = re.findall(
        r"^## \[?(\d\S*?)\]?(?:\s|$)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )

    assert versions[0] == aoba.__version__
