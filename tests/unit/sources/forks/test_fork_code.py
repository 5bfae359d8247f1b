"""What the fork server keeps of scripts, and which of them it leaves to an interpreter."""

import os
import time

import pytest

from aoba.sources.forks import fork_code
from aoba.sources.forks.fork_code import Scripts


@pytest.fixture
def script(tmp_path):
    def write(source, name="script.py", age=10.0):
        path = tmp_path / name
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        os.utime(path, (time.time() - age,) * 2)
        return path

    return write


def run(found):
    names = {}
    exec(found[1], names)
    return names["x"]


def test_path_code_and_folder(script):
    path = script("x = 1")

    found = Scripts([]).find(os.fsencode(path))

    assert (found[0], found[2]) == (str(path), str(path.parent))
    assert run(found) == 1


def test_the_folder_is_where_a_link_leads(script, tmp_path):
    path = script("x = 1")
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "link.py"
    link.symlink_to(path)

    found = Scripts([]).find(os.fsencode(link))

    assert (found[0], found[2]) == (str(link), str(tmp_path))


def test_code_is_kept_for_as_long_as_the_file_is_the_same(script, monkeypatch):
    monkeypatch.setattr(fork_code, "SETTLED", -1.0)  # as if every change were long ago
    scripts = Scripts([])
    path = script("x = 1")
    first = scripts.find(os.fsencode(path))

    assert scripts.find(os.fsencode(path)) is first
    script("x = 22")
    assert run(scripts.find(os.fsencode(path))) == 22


def test_code_of_a_file_that_has_just_changed_is_not_kept(script):
    scripts = Scripts([])
    path = script("x = 1")
    status = path.stat()
    scripts.find(os.fsencode(path))

    script("x = 2")  # of the same size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert run(scripts.find(os.fsencode(path))) == 2


@pytest.mark.parametrize(
    "source",
    ["x = = 1", "x = 1 is 1", b"x = '\xff'", b"x = 1\0", " x = 1", "x = 1\n" * 200_000],
    ids=["syntax", "warning", "encoding", "NUL", "indentation", "size"],
)
def test_what_an_interpreter_tells_better(script, source):
    assert Scripts([]).find(os.fsencode(script(source))) is None


def test_no_file_and_none_to_be_read(tmp_path):
    os.mkfifo(tmp_path / "fifo.py")

    assert Scripts([]).find(os.fsencode(tmp_path / "none.py")) is None
    assert Scripts([]).find(os.fsencode(tmp_path / "fifo.py")) is None
    assert Scripts([]).find(os.fsencode(tmp_path)) is None


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

    assert (Scripts(["json", "json.decoder", "sys"]).find(os.fsencode(path)) is None) == hides


def test_a_package_beside_it_and_a_plain_folder(script, tmp_path):
    path = script("x = 1")
    (tmp_path / "json").mkdir()
    assert Scripts(["json"]).find(os.fsencode(path)) is not None

    (tmp_path / "json" / "__init__.py").touch()
    assert Scripts(["json"]).find(os.fsencode(path)) is None
