"""Rules of the tests: each file has its own, each can fail, and none meddles with another room.

As in `test_layers`, what is not in order yet stands in a list that may only shrink.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from support.modules import MODULES, ROOT, SOURCE, within

TESTS = ROOT / "tests"

UNIT, RUNNERS = "unit/sources/scripts/runners", "aoba.sources.scripts.runners"
PATCHED = [
    "conformance/test_fuzz.py: aoba.links.session.ANY_UNIT_IDS",
    "unit/outlets/push/test_push_connection.py: aoba.client.connection.Connection.connect",
    "unit/registers/test_quota.py: aoba.spans.Spans.__iter__",
    "unit/sources/devices/test_device.py: aoba.sources.devices.device.read_once",
    "unit/sources/devices/test_device.py: aoba.sources.devices.writes.mask_write",
    "unit/sources/devices/test_device.py: aoba.sources.devices.writes.write",
    f"{UNIT}/warm/test_fork.py: {RUNNERS}.warm.fork_run.signal_group",
    f"{UNIT}/warm/test_fork_process.py: {RUNNERS}.warm.fork_process.DRAIN_TIMEOUT",
    f"{UNIT}/warm/test_fork_run.py: {RUNNERS}.warm.fork_run.signal_group",
    f"{UNIT}/warm/test_fork_run.py: {RUNNERS}.warm.fork_run.state_of",
    "unit/sources/scripts/test_feedback.py: aoba.registers.journal.MAX_WRITES",
    "unit/sources/scripts/test_feedback.py: aoba.sources.scripts.feedback.MAX_INLINE",
    "unit/sources/scripts/test_launching.py: aoba.sources.scripts.launching.Caller",
    "unit/sources/scripts/test_script_file.py: aoba.sources.scripts.script_file.Caller",
]
"""Test file: name that it replaces."""
WITHOUT_TESTS_OF_THEIR_NAME = """
cli: app asking check devices engine first_document main parameters ports publish push read scan
    schema serve streams watch write write_bits
client: came channel_state poll requests scan transport transport_adapter
endpoints: request_options
links: rtu_tcp serial serial_port tcp tls
modbus: forwarding spec
mqtt: connection reasons session
outlets: links
outlets/mqtt: publisher
outlets/push: connection outlet reconciler
sources: clock
sources/devices: writes
sources/files: file
sources/http: connections server source
sources/mqtt: source spec
sources/scripts: reload spec
sources/scripts/child: resident
sources/scripts/child/embedded: baseline exit leftovers loader logging modules process script
    settings streams
sources/scripts/child/forks: calls libraries main rehearsal run
sources/scripts/runners: build
sources/scripts/runners/embedded: runner
worker: at_start caller client process
"""
"""Source files, by their folder, which only tests with other names cover."""


def has_logic(path: Path) -> bool:
    """Whether a function in it does anything: those of a Protocol do not."""

    def does(function):
        return any(
            not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
            for s in function.body
        )

    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(n, functions) and does(n) for n in ast.walk(ast.parse(path.read_text())))


def without_tests() -> Iterator[str]:
    for path in MODULES.values():
        inner = path.relative_to(SOURCE)
        own = TESTS / "unit" / inner.parent / f"test_{path.name}"
        if not path.name.startswith("__") and has_logic(path) and not own.exists():
            yield inner.with_suffix("").as_posix()


def listed(text: str) -> Iterator[str]:
    """Of `FOLDER: NAME NAME ...`, each FOLDER/NAME."""
    folder = Path()
    for word in text.split():
        if word.endswith(":"):
            folder = Path(word[:-1])
        else:
            yield (folder / word).as_posix()


def test_each_file_with_logic_has_a_test_file_of_its_name():
    """But for those that are known: one that has got a test file is to be taken out of the list."""
    assert sorted(without_tests()) == sorted(listed(WITHOUT_TESTS_OF_THEIR_NAME))


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


def test_every_test_can_fail():
    """Of those that wait for nothing: where one waits, the waiting is the check."""
    quick = [p for name in ("unit", "property") for p in sorted((TESTS / name).rglob("test_*.py"))]

    assert [f"{p.stem}: {t.name}" for p in quick for t in functions_of(p) if not checks(t)] == []


def patches(path: Path) -> Iterator[tuple[str, str]]:
    """Module of ours and name in it, of all that a file replaces by `setattr` or `mock.patch`.

    The standard library's, also by way of a module of ours, are not among them, and neither is what
    hangs on an object that the test has made.
    """
    tree = ast.parse(path.read_text())
    known = {}  # what the file calls a module of ours, or something of one
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and within(node.module or "", "aoba"):
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            known |= {a.asname: a.name for a in node.names if a.asname and within(a.name, "aoba")}
    for node in ast.walk(tree):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if not node_patches(called) or not node.args:
            continue
        place, *more = node.args
        if isinstance(place, ast.Constant):  # "aoba.room.file.name"
            whole = str(place.value)
        else:
            first, dot, behind = ast.unparse(place).partition(".")
            named = more[0].value if more and isinstance(more[0], ast.Constant) else "?"
            whole = f"{known.get(first)}{dot}{behind}.{named}"
        module = next((m for m in prefixes(whole) if m in MODULES and m != "aoba"), None)
        if module and not is_library(module, whole.removeprefix(f"{module}.")):
            yield module, whole.removeprefix(f"{module}.")


def node_patches(called: str) -> bool:
    return called.endswith(("monkeypatch.setattr", "mock.patch", "mock.patch.object"))


def prefixes(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def is_library(module: str, name: str) -> bool:
    """Whether it is something within a library, that is to say everybody's."""
    first, dot, _ = name.partition(".")
    nodes = ast.walk(ast.parse(MODULES[module].read_text()))
    return bool(dot) and any(
        isinstance(node, ast.Import) and any(alias.name == first for alias in node.names)
        for node in nodes
    )


def room_of(module: str) -> str:
    """The folder that it lies in; a file in none is a room of its own."""
    folder = module.rpartition(".")[0]
    return module if folder == "aoba" else folder


def foreign_names(module: str) -> set[str]:
    """Names in `module` that come from other rooms of ours."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        name = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        if within(name, "aoba") and room_of(name) != room_of(module):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def patched() -> Iterator[str]:
    for path in sorted(TESTS.rglob("*.py")):
        folder, room, *_ = (*path.relative_to(TESTS).with_suffix("").parts, "")
        for module, name in patches(path):
            is_elsewhere = not within(module, f"aoba.{room.removeprefix('test_')}")
            if (folder == "unit" and is_elsewhere) or name.split(".")[0] in foreign_names(module):
                yield f"{path.relative_to(TESTS).as_posix()}: {module}.{name}"


def test_no_test_patches_another_rooms_names():
    """A unit test, which covers one file, replaces nothing in the files of other rooms; and no test
    replaces what a file has got from another room. What is to be replaced is an argument.

    But for those that are known: one that is mended is to be taken out of the list.
    """
    assert sorted(set(patched())) == PATCHED
