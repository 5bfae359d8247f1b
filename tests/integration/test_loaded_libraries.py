"""A script cannot tell whether it has imported a library, or was given one that was loaded."""

import difflib
import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from aoba.sources.scripts.runners.warm.fork_process import LEARNED
from support.curious import normal
from support.pythons import python
from support.runs import Outcome, Runs

pytestmark = pytest.mark.of_python

LIBRARIES = {
    "base": "import inner\nimport collections.abc\nseen = []\nclass Thing:\n    pass\n",
    "inner": "import inmost\n",
    "inmost": "name = __name__\n",
    "package/__init__": "import inmost\n",
    "package/sub": "from package import other\nimport inner\n",
    "package/other": "",
    "filtering": "import warnings\nwarnings.filterwarnings('ignore', 'mine')\n",
    "finding": """
        import sys
        class Finder:
            def find_spec(self, name, path, target=None):
                if name == "found":
                    print("asked for it")
        sys.meta_path.append(Finder())
    """,
    "reading": "import os\nmode = os.environ.get('MODE', 'none')\n",
    "warning": "import warnings\nwarnings.warn('old', DeprecationWarning)\n",
    "keeping": "kept = []\n",
}
ROOTS = (
    *("base", "package", "package.sub", "filtering", "finding", "reading", "warning", "keeping"),
    *("asyncio", "ctypes", "inspect", "logging.handlers", "multiprocessing.pool", "random"),
)

MODULES = """
    import sys
    known = ("base", "inner", "inmost", "package", "package.sub", "package.other", "keeping")
    def there():
        print([name for name in sys.modules if name in known])
    there()
"""
SCRIPTS = {
    "all in their order": """
        import base
        there()
        import package.sub
        there()
        import keeping
        there()
    """,
    "what nobody has learned": """
        import inner
        there()
        import package.other
        there()
        import traceback
        print("abc" in vars(sys.modules["collections"]))
    """,
    "in another order": "import package.sub\nthere()\nimport inner, base\nthere()",
    "the inner one first": "import inmost\nthere()\nimport inner\nthere()\nimport base\nthere()",
    "a package alone": """
        import package
        there()
        print(hasattr(package, "sub"), hasattr(package, "other"))
        from package import other
        there()
        print(package.other is other)
    """,
    "one and the same": """
        import base, inner, inmost
        print(base.inner is inner, inner.inmost is inmost, base is sys.modules["base"])
        base.seen.append(1)
        import base as again
        print(again.seen, inmost.name)
    """,
    "a second time": """
        import base
        first = base
        del sys.modules["base"]
        import base
        print(first is base, first.Thing is base.Thing, base.inner is first.inner)
    """,
    "reloaded": """
        import importlib, base
        base.seen.append(1)
        print(importlib.reload(base) is base, base.seen)
    """,
    "what it says of itself": """
        import base, package
        for module in (base, package):
            spec = module.__spec__
            print(module.__file__, module.__cached__, module.__package__, module.__name__)
            print(type(module.__loader__), module.__loader__ is spec.loader, vars(spec.loader))
            print(spec.origin, spec.cached, spec.submodule_search_locations, repr(module)[:14])
            print(sorted(vars(module)))
    """,
    "looked for": """
        import importlib.util
        spec = importlib.util.find_spec("base")
        print(spec.name, spec.origin, type(spec.loader), importlib.util.find_spec("nothing"))
        there()
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        print(module.__spec__.name, module.Thing, "base" in sys.modules)
    """,
    "run as a program": """
        import runpy
        print(sorted(runpy.run_module("base")))
    """,
    "source": "import base, inspect\nprint(inspect.getsource(base.Thing))",
    "environment": """
        import os
        os.environ["MODE"] = "mine"
        import reading
        print(reading.mode)
    """,
    "environment later": """
        import os, reading
        os.environ["MODE"] = "mine"
        import base
        print(reading.mode)
    """,
    "a folder in front": """
        import os
        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "own"))
        import base
        print(base.inner.__file__, base.inner.mine)
    """,
    "a folder behind": """
        import os
        sys.path.append(os.path.join(os.path.dirname(__file__), "own"))
        import base
        print(base.inner.__file__)
    """,
    "in place of a module": """
        sys.modules["inner"] = "mine"
        import base
        print(base.inner)
        there()
    """,
    "no path": """
        sys.path[:] = []
        try:
            import base
        except ImportError as error:
            print(error)
    """,
    "caches that are gone": """
        sys.path_importer_cache.clear()
        import base
        there()
    """,
    "a finder in front": """
        class Finder:
            def find_spec(self, name, path, target=None):
                if name in known:
                    print("asked for", name)
        sys.meta_path.insert(0, Finder())
        import base
        there()
    """,
    "filters": """
        import warnings
        warnings.simplefilter("always")
        def show():
            print([(f[0], f[1] and getattr(f[1], "pattern", f[1])) for f in warnings.filters])
        show()
        import filtering
        show()
        warnings.warn("mine")
        warnings.warn("yours")
    """,
    "a warning that is an error": """
        import warnings
        warnings.simplefilter("error")
        try:
            import warning
        except Warning as error:
            print(repr(error))
    """,
    "a warning": "import warning",
    "finders": """
        def show():
            print([getattr(finder, "__name__", type(finder).__name__) for finder in sys.meta_path])
        show()
        import finding
        show()
        try:
            import found
        except ImportError as error:
            print(error)
    """,
    "attributes of packages": """
        import collections
        print("abc" in vars(collections))
        import base
        print("abc" in vars(collections), collections.abc is sys.modules["collections.abc"])
    """,
    "finalizers": """
        import keeping
        class Loud:
            def __init__(self, name):
                self.name = name
            def __del__(self, write=sys.stdout.write):
                write("gone: %s\\n" % self.name)
        keeping.kept.append(Loud("kept"))
    """,
    "finalizer of its own": """
        import keeping
        class Loud:
            def __del__(self, write=sys.stdout.write):
                write("gone\n")
        mine = Loud()
        mine.cycle = mine, keeping
    """,
    "files": """
        import keeping
        keeping.kept.append(open(sys.argv[0] + ".out", "w"))
        keeping.kept[0].write("not closed")
    """,
    "in a thread": """
        import threading
        thread = threading.Thread(target=__import__, args=("base",))
        thread.start()
        thread.join()
        there()
    """,
    "time of the log": """
        import logging
        logging.basicConfig(format="%(relativeCreated)d")
        record = logging.LogRecord("", 0, "", 0, "", (), None)
        print(0 <= record.relativeCreated < 5000, logging.root.handlers)
    """,
    "main module of processes": """
        import multiprocessing.process as p
        print(sys.modules["__mp_main__"] is sys.modules["__main__"], p.ORIGINAL_DIR)
    """,
    "pickle": """
        import pickle, base
        print(type(pickle.loads(pickle.dumps(base.Thing()))) is base.Thing)
    """,
}
DRAWN = """
    import multiprocessing, random
    print(random.random(), random.getrandbits(64))
    print(bytes(multiprocessing.current_process().authkey).hex())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loaded")


@pytest.fixture(scope="module", params=["", "3.8"])
def loaded(request: pytest.FixtureRequest, folder: Path) -> Iterator[Runs]:
    """Runs of a fork server that has loaded LIBRARIES and more."""
    for name, source in LIBRARIES.items():
        path = folder / "libraries" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        os.utime(path, (1, 1))
    interpreter = python(request.param) if request.param else sys.executable
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder / "libraries"))
        patch.setenv("MODE", "given")
        with Runs(interpreter, (LEARNED, *ROOTS)) as runs:
            assert runs.process.ready, (runs.process.refused, runs.lines)
            assert runs.process.left_out == {}
            yield runs


def differences(runs: Runs, paths: dict[str, Path]) -> str:
    """Of what comes of the script at each of these, if it is given libraries, or imports them."""
    found, names = [], list(paths)
    for start in range(0, len(names), 8):
        part = names[start : start + 8]
        warm, cold = (
            map(normal, way(*(paths[name] for name in part))) for way in (runs.warm, runs.cold)
        )
        for name, *pair in zip(part, warm, cold, strict=True):
            found += difference(name, *pair)
    return "\n".join(found)


def difference(name: str, warm: Outcome, cold: Outcome) -> list[str]:
    lines = ["\n".join(map(str, outcome)).splitlines() for outcome in (warm, cold)]
    shown = list(difflib.unified_diff(*lines, "warm", "cold", n=0, lineterm=""))
    return [name, *shown] if shown else []


def test_nobody_can_tell(loaded: Runs, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "inner.py").write_text("mine = True\n")
    paths = {}
    for name, source in SCRIPTS.items():
        paths[name] = tmp_path / f"case_{name.replace(' ', '_')}.py"
        paths[name].write_text(textwrap.dedent(MODULES) + textwrap.dedent(source))

    different = differences(loaded, paths)
    assert different == "", different


def test_what_is_drawn_is_drawn_in_each_run(loaded: Runs, tmp_path: Path) -> None:
    path = tmp_path / "drawing.py"
    path.write_text(textwrap.dedent(DRAWN))
    drawn = [outcome.stdout for outcome in loaded.warm(*[path] * 4)]

    assert len({line for lines in drawn for line in lines.split()}) == 3 * len(drawn)


def test_it_is_the_fork_server_that_has_loaded_it(loaded: Runs, tmp_path: Path) -> None:
    """Else nothing here would say anything: what a run loads is newer than its process."""
    path = tmp_path / "new.py"
    path.write_text(
        "import gc, base, asyncio\nprint(sum(o is base.seen for o in gc.get_objects()))"
    )
    [warm], [cold] = loaded.warm(path), loaded.cold(path)

    assert (warm.stdout, cold.stdout) == ("0\n", "1\n")
