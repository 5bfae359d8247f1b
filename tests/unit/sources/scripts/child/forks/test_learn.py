"""What is told of the imports of a run. Here they are those of this process."""

import os
import sys
import traceback
import warnings

import pytest

from aoba.sources.scripts.child.forks import learn
from aoba.sources.scripts.child.forks.learn import Imports, Surroundings, importable, tell


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """`libraries`, which are in the path, and `script`, which is in front of it."""
    before = set(sys.modules)
    for name in ("libraries", "script"):
        (tmp_path / name).mkdir()
        monkeypatch.syspath_prepend(tmp_path / name)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def library(folders):
    return lambda name, source="": write(folders / "libraries", name, source)


@pytest.fixture
def module(folders):
    return lambda name, source="": write(folders / "script", name, source)


def write(folder, name, source):
    path = folder.joinpath(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)


def told(folders, source, **more):
    """What a script of this source is told to import: lines without times."""
    imports = Imports(str(folders / "script"), **more)
    imports.watch()
    try:
        exec(compile(source, "script.py", "exec"), {})
    finally:
        imports.unwatch()
    return [
        line.rpartition(" ")[0] if line.startswith(("std", "lib", "late")) else line
        for line in imports.report().decode().splitlines()
    ]


@pytest.mark.parametrize(
    "source",
    [
        "import first, second",
        "def f():\n    import first\nf()\nfrom second import __name__",
        "import importlib\nimportlib.import_module('first')\n__import__('second')",
        "try:\n    import nothing\nexcept ImportError:\n    import first, second",
        "import first, first, second, first",
        """
import threading
t = threading.Thread(target=__import__, args=('first',))
t.start(), t.join()
import second
""",
    ],
)
def test_libraries_in_their_order_whatever_way_they_are_imported(folders, library, source):
    library("first", "import inner")
    library("second", "import inner, inmost")
    library("inner", "import inmost")
    library("inmost")

    assert told(folders, source) == ["lib first", "lib second", "beside"]


def test_libraries_that_modules_of_the_script_import(folders, library, module):
    library("first", "import inner")
    library("inner")
    module("helper", "import first\nimport other")
    module("other", "import inner")

    assert told(folders, "import helper") == ["lib first", "beside helper other"]


def test_modules_of_packages(folders, library):
    library("package.__init__", "import inner")
    library("package.deep.__init__")
    library("package.deep.module")
    library("inner")

    library("package.other")
    library("package.more.__init__", "import package.inmost")
    library("package.inmost")

    source = "import package.deep.module\nimport package.other\nfrom package import deep, more"
    names = ["package", "package.deep", "package.deep.module", "package.other", "package.more"]
    assert told(folders, source) == [*(f"lib {name}" for name in names), "beside"]


def test_the_standard_library(folders, monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    assert told(folders, "import colorsys, sys, time") == ["std colorsys", "beside"]


def test_an_environment_in_the_folder_of_the_script_is_none_of_the_script(
    folders, module, monkeypatch
):
    module("venv.lib.first")
    monkeypatch.setattr(sys, "path", [*sys.path, str(folders / "script" / "venv" / "lib")])
    assert told(folders, "import first") == ["lib first", "beside venv"]


def test_folders_that_the_script_adds_are_its_own(folders, module):
    module("vendored.first")
    source = (
        f"import sys\nsys.path.insert(0, {str(folders / 'script' / 'vendored')!r})\nimport first"
    )
    assert told(folders, source) == ["beside vendored"]


@pytest.mark.parametrize(
    "change",
    [
        "import os\nos.environ['NEW'] = '1'",
        "import os\ndel os.environ['HOME']",
        "import sys\nsys.path.reverse()",
        "import sys\nsys.meta_path.insert(0, sys.meta_path[-1])",
        "import sys\nsys.path_hooks.clear()",
    ],
)
def test_what_comes_after_a_change_that_it_may_see(folders, library, monkeypatch, change):
    monkeypatch.setenv("HOME", "/")
    monkeypatch.setenv("NEW", "0")
    for place in (sys.path, sys.meta_path, sys.path_hooks):
        monkeypatch.setattr(sys, name_of(place), list(place))
    library("first")
    library("second")
    source = f"import first\n{change}\nimport second"

    assert told(folders, source) == ["lib first", "late second", "beside"]


def name_of(place):
    return next(n for n in ("path", "meta_path", "path_hooks") if getattr(sys, n) is place)


def test_what_does_no_harm_comes_in_between(folders, library, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    library("first")
    source = (
        "import sys\nsys.path.append('/x')\nsys.path.insert(1, '/y')\nsys.meta_path.append(1)\n"
    )

    assert told(folders, source + "import first") == ["lib first", "beside"]


def test_what_is_called_meanwhile(folders, library):
    class Calls:
        reasons = ()
        listen = unwatch = staticmethod(lambda: None)

    Calls.reasons = []
    sys.modules["told_to"] = Calls
    library("first", "import sys\nsys.modules['told_to'].reasons.append('opens sockets')")
    library("second")
    source = "import second, first"

    assert told(folders, source, calls=Calls) == [
        "lib second",
        "refused first opens sockets",
        "beside",
    ]


def test_times_are_those_of_the_import(folders, library):
    library("first", "import time\ntime.sleep(0.05)")
    imports = Imports(str(folders / "script"))
    imports.watch()
    __import__("first")
    imports.unwatch()
    kind, name, microseconds = imports.report().decode().splitlines()[0].split()

    assert (kind, name) == ("lib", "first")
    assert 50_000 <= int(microseconds) < 30_000_000


def test_tracebacks_and_warnings_show_nothing_of_it(folders, library):
    library("fails", "1 / 0")
    library("warns", "import warnings\nwarnings.warn('mind', stacklevel=2)")
    seen = []
    for watched in (False, True):
        imports = Imports(str(folders / "script"))
        if watched:
            imports.watch()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for name in ("fails", "no_such_module", "warns"):
                try:
                    exec(f"import {name}")
                except (ZeroDivisionError, ImportError):
                    seen.append(traceback.format_exc())
            seen.append([(str(warning.message), warning.filename) for warning in caught])
        if watched:
            imports.unwatch()
        sys.modules.pop("warns")

    assert seen[:3] == seen[3:]


def test_modules_that_are_no_modules(folders, library):
    library(
        "odd", "import sys\nclass Odd:\n    __path__ = property(int)\nsys.modules['odd'] = Odd()"
    )
    library("gone", "import sys\ndel sys.modules['gone']")
    imports = Imports(str(folders / "script"))
    imports.watch()
    try:
        __import__("odd")
        with pytest.raises(KeyError):
            __import__("gone")
    finally:
        imports.unwatch()

    assert imports.report() in (b"", b"beside\n")


def test_a_report_that_is_too_long_is_none(folders, module, monkeypatch):
    monkeypatch.setattr(learn, "LONGEST", 100)
    for number in range(20):
        module(f"module{number}")
    assert told(folders, "") == []


def test_it_is_told_where_aoba_wants_it(folders, library):
    library("first")
    imports = Imports(str(folders / "script"))
    imports.watch()
    __import__("first")
    find_and_load = sys.modules["_frozen_importlib"]._find_and_load
    path = folders / "told"
    path.touch()
    tell(imports, str(path), os.O_WRONLY)

    assert path.read_bytes() == imports.report()
    assert sys.modules["_frozen_importlib"]._find_and_load is not find_and_load


def test_nobody_who_wants_it_is_no_error(folders):
    find_and_load = sys.modules["_frozen_importlib"]._find_and_load
    imports = Imports(str(folders / "script"))
    imports.watch()
    tell(imports, str(folders / "nothing"), os.O_WRONLY)

    assert sys.modules["_frozen_importlib"]._find_and_load is find_and_load


def test_folders_that_have_come_to_the_path(monkeypatch):
    monkeypatch.setattr(sys, "path", ["a", "b"])
    surroundings = Surroundings()
    for path, folders in (
        (["a", "b"], []),
        (["x", "a", "y", "b", "z"], ["x", "y"]),
        (["a", "b", "z"], []),
        (["b", "a"], None),
        (["a"], None),
        (["a", "b", "a"], None),
    ):
        sys.path[:] = path
        assert surroundings.folders() == folders
        assert surroundings.are_same() is (folders is not None)


def test_what_can_be_imported_from_a_folder(tmp_path):
    for name in ("a.py", "b.pyc", "c.cpython-311.so", "d.txt", "e-f.py", ".g.py", "h"):
        (tmp_path / name).touch()
    for name in ("package", "folder"):
        (tmp_path / name).mkdir()
    (tmp_path / "package" / "__init__.py").touch()

    # By names alone: a folder may be the root of a file system that hangs.
    assert importable(str(tmp_path)) == ["a", "b", "c", "folder", "h", "package"]
    assert importable(None) == importable(str(tmp_path / "nothing")) == []
