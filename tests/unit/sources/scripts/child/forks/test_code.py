"""What the fork server keeps of scripts, and which of them it leaves to an interpreter."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import NamedTuple

import pytest

from aoba.sources.scripts.child.forks import code
from aoba.sources.scripts.child.forks.code import Scripts
from support.runs import version_of


@pytest.fixture
def script(tmp_path):
    def write(source, name="script.py", age=10.0):
        path = tmp_path / name
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        os.utime(path, (time.time() - age,) * 2)
        return path

    return write


@pytest.fixture
def settled(monkeypatch):
    """As if every change were long ago, and every file were as Aoba has seen it."""
    monkeypatch.setattr(code, "STABLE_AFTER", -1.0)
    monkeypatch.setattr(code, "STABLE_AFTER_IN_SECONDS", -1.0)
    monkeypatch.setattr(code, "_is", lambda stamp, _: stamp != b"-")


def compiled(paths):
    return [compile(Path(path).read_bytes(), path, "exec", 0, True) for path in paths]


def fail(_paths):
    raise ValueError("not to be compiled")


class Found(NamedTuple):
    """What `Scripts` give."""

    path: bytes
    code: CodeType | None
    argv: list[str]
    folder: str | None
    namespace: dict[str, object] | None
    has_changed: Callable[[], bool] | None

    @property
    def x(self):
        names = {}
        exec(self.code, names)
        return names["x"]


def scripts(loaded=(), compiled=compiled):
    return Scripts({"__name__": "__main__", "__doc__": "of the server"}, compiled, loaded)


def find(scripts, path, *args, stamp=b"1", folder=b"2"):
    same = b"\0".join([stamp, folder, os.fsencode(path), *(b"=" + arg for arg in args)])
    return Found(*(scripts.known.get(same) or scripts.find(same)))


def test_what_there_is_of_a_script(script):
    path = script("x = 1")

    found = find(scripts(), path, b"one", b"", b"\xff")

    assert (found.path, found.folder, found.x) == (os.fsencode(path), str(path.parent), 1)
    assert found.argv == [str(path), "one", "", "\udcff"]
    assert found.namespace == {"__name__": "__main__", "__doc__": None, "__file__": str(path)}


def test_a_loader_is_of_the_script(script):
    class Loader:
        def __init__(self, name, path):
            self.of = name, path

    path = script("x = 1")
    some = Scripts({"__loader__": Loader("of", "the server")}, compiled, ())

    assert find(some, path).namespace["__loader__"].of == ("__main__", str(path))


def test_the_folder_is_where_a_link_leads(script, tmp_path):
    path = script("x = 1")
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "link.py"
    link.symlink_to(path)

    found = find(scripts(), link)

    assert (found.argv, found.folder) == ([str(link)], str(tmp_path))


@pytest.mark.usefixtures("settled")
def test_what_was_found_is_kept_as_long_as_the_stamps_are_the_same(script):
    some, path = scripts(), script("x = 1")
    same = b"\0".join((b"1", b"2", os.fsencode(path)))
    first = some.find(same)

    assert some.known == {same: first}
    script("x = 22")
    assert find(some, path, stamp=b"3").x == 22
    assert len(some.known) == 1


@pytest.mark.usefixtures("settled")
def test_code_is_kept_where_only_the_folder_changes(script):
    some, path = scripts(), script("x = 1")
    first = find(some, path)

    assert find(some, path, folder=b"3").code is first.code
    assert len(some.known) == 1


@pytest.mark.usefixtures("settled")
def test_each_list_of_arguments_is_a_script_of_its_own(script):
    some, path = scripts(), script("x = 1")
    one, other = find(some, path, b"one"), find(some, path, b"other")

    assert one.code is other.code
    assert (one.argv[1:], other.argv[1:]) == (["one"], ["other"])
    assert len(some.known) == 2


def test_what_has_just_changed_is_not_kept(script):
    some, path = scripts(), script("x = 1")
    find(some, path)
    script("x = 2")

    assert find(some, path).x == 2
    assert some.known == {}


def aged(*paths):
    """Let some time pass, which is more than clocks of files need to tell two moments apart."""
    while time.time() - max(path.stat().st_ctime for path in paths) < 2 * code.STABLE_AFTER:
        time.sleep(code.STABLE_AFTER)


def test_a_script_is_kept_that_is_as_aoba_has_seen_it(script):
    some, path = scripts(), script("x = 1")
    stamp = version_of(path).stamp
    aged(path, path.parent)
    find(some, path, stamp=stamp)

    assert len(some.known) == 1


def test_a_script_that_is_another_than_aoba_has_seen_is_not_kept(script):
    """It may be half of the next one."""
    some, path = scripts(), script("x = 1")
    stamp = version_of(path).stamp
    script("x = 2")
    aged(path, path.parent)
    find(some, path, stamp=stamp)

    assert (some.known, some._codes) == ({}, {})


def test_a_script_that_changes_while_it_is_compiled_is_not_kept(script):
    path = script("x = 1")

    def meanwhile(paths):
        script("x = 2")
        return compiled(paths)

    some = scripts(compiled=meanwhile)
    stamp = version_of(path).stamp
    aged(path, path.parent)
    find(some, path, stamp=stamp)

    assert (some.known, some._codes) == ({}, {})


@pytest.mark.parametrize("stamps", [{"stamp": b"-"}, {"folder": b"-"}])
@pytest.mark.usefixtures("settled")
def test_what_has_no_stamp_is_not_kept(script, stamps):
    some, path = scripts(), script("x = 1")
    find(some, path, **stamps)
    assert some.known == {}

    if "stamp" in stamps:
        script("x = 2")
        assert find(some, path, **stamps).x == 2


@pytest.mark.usefixtures("settled")
def test_what_does_not_compile_is_not_tried_again(script):
    tried = []
    some = scripts(compiled=lambda paths: tried.append(paths) or fail(paths))
    path = script("x = = 1")

    assert [find(some, path).code for _ in range(3)] == [None] * 3
    assert tried == [[str(path)]]


def test_one_that_is_too_large_is_not_compiled(script):
    tried = []
    path = script("x = 1\n" * 200_000)

    assert find(scripts(compiled=tried.append), path).code is None
    assert tried == []


@pytest.mark.usefixtures("settled")
def test_no_process_to_compile_it_is_no_reason_for_ever(script):
    def scarce(_paths):
        raise OSError(11, "no more")

    some = scripts(compiled=scarce)
    assert find(some, script("x = 1")).code is None
    assert some.known == {}


def test_no_file_and_none_to_be_read(tmp_path):
    os.mkfifo(tmp_path / "fifo.py")

    for name in ("none.py", "fifo.py", "."):
        assert find(scripts(), tmp_path / name).code is None


@pytest.mark.parametrize(
    ("name", "hides"),
    [
        ("json.py", True),
        ("json.pyc", True),
        ("json.so", True),
        ("json.txt", False),
        ("a.py", False),
    ],
)
def test_modules_beside_it_that_hide_a_loaded_one(script, name, hides):
    path = script("x = 1")
    script("", name)

    assert (find(scripts(["json", "json.decoder", "sys"]), path).code is None) == hides


@pytest.mark.usefixtures("settled")
def test_a_hidden_module_is_not_looked_for_again(script, monkeypatch):
    some, path = scripts(["json"]), script("x = 1")
    script("", "json.py")
    find(some, path)
    monkeypatch.delattr(os, "listdir")

    assert find(some, path).code is None


def test_a_package_beside_it_and_a_plain_folder(script, tmp_path):
    path = script("x = 1")
    (tmp_path / "json").mkdir()
    assert find(scripts(["json"]), path).code is not None

    (tmp_path / "json" / "__init__.py").touch()
    assert find(scripts(["json"]), path).code is None


@pytest.mark.usefixtures("settled")
def test_a_folder_that_may_become_a_package_is_looked_at_each_time(script, tmp_path):
    """That does not change the folder that it is in."""
    some, path = scripts(["json"]), script("x = 1")
    (tmp_path / "json").mkdir()
    assert find(some, path).code is not None

    (tmp_path / "json" / "__init__.py").touch()
    assert find(some, path).code is None
    (tmp_path / "json" / "__init__.py").unlink()
    assert find(some, path).code is not None
