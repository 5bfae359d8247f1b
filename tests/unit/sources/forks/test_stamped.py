"""What a fork server is told of a script: it changes when the script or its folder does."""

import os

import pytest

from aoba.sources.forks.stamped import Stamped


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "script.py").touch()
    return tmp_path / "folder"


def parts(stamped, stamp=b"1"):
    return stamped.now(stamp).split(b"\0")


def test_it_is_the_same_while_nothing_changes(folder):
    path = folder / "script.py"
    stamped = Stamped(str(path), ["one", "", "\udcff"])

    assert stamped.now(b"1") == stamped.now(b"1")
    assert parts(stamped)[0] == b"1"
    assert parts(stamped)[2:] == [os.fsencode(path), b"=one", b"=", b"=\xff"]


def test_the_stamp_of_the_folder_is_another_when_a_module_comes(folder):
    stamped = Stamped(str(folder / "script.py"), ())
    before = parts(stamped)
    os.utime(folder, ns=(1, 1))
    (folder / "json.py").touch()

    assert parts(stamped)[1] != before[1]


def test_times_that_were_set_back_hide_no_module(folder):
    stamped = Stamped(str(folder / "script.py"), ())
    status = folder.stat()
    before = parts(stamped)
    (folder / "json.py").touch()
    os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert parts(stamped)[1] != before[1]


def test_the_folder_is_where_a_link_leads(folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "script.py").touch()
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "link.py"
    link.symlink_to(folder / "script.py")
    stamped = Stamped(str(link), ())
    assert parts(stamped)[1] == parts(Stamped(str(folder / "script.py"), ()))[1]

    link.unlink()
    link.symlink_to(tmp_path / "other" / "script.py")

    other = parts(Stamped(str(tmp_path / "other" / "script.py"), ()))[1]
    assert parts(stamped, b"2")[1] == other


def test_a_folder_that_is_a_link_may_lead_elsewhere_with_the_same_file(folder, tmp_path):
    """As with releases of which files are linked to those of the last one."""
    (tmp_path / "other").mkdir()
    os.link(folder / "script.py", tmp_path / "other" / "script.py")
    current = tmp_path / "current"
    current.symlink_to(folder)
    stamped = Stamped(str(current / "script.py"), ())
    assert parts(stamped)[1] == parts(Stamped(str(folder / "script.py"), ()))[1]

    current.unlink()
    current.symlink_to(tmp_path / "other")

    other = parts(Stamped(str(tmp_path / "other" / "script.py"), ()))[1]
    assert parts(stamped)[1] == other


def test_a_folder_that_is_gone_has_no_stamp(folder):
    stamped = Stamped(str(folder / "script.py"), ())
    parts(stamped)
    (folder / "script.py").unlink()
    folder.rmdir()

    assert parts(stamped)[1] == b"-"


def test_a_script_that_nobody_has_seen_has_none(folder):
    assert parts(Stamped(str(folder / "script.py"), ()), b"")[0] == b"-"
