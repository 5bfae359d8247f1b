"""Looking at a script's file and its folder."""

import os
import time

import pytest

from aoba.sources.scripts import look
from aoba.sources.scripts.look import find, identity_of, stamp_of_folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "script.py").write_text("one")
    return tmp_path / "folder"


@pytest.fixture
def path(folder):
    return str(folder / "script.py")


def test_what_was_seen_is_not_read_again(path):
    first = find(path, None, settles=False)
    assert (first.source, first.missing) == (b"one", None)
    assert first.identity == identity_of(path)

    again = find(path, first.identity, settles=False)

    assert again == (None, first.identity, None, None, first.folder)


@pytest.mark.parametrize("settles", [False, True])
def test_what_is_no_script_is_told(path, folder, settles):
    seen = identity_of(path)
    (folder / "script.py").unlink()
    assert find(path, seen, settles).missing == "no such script"
    assert identity_of(path) is None
    (folder / "script.py").mkdir()
    assert find(path, seen, settles).missing == "is not a file"
    assert identity_of(path) is None


def test_one_that_is_too_large_is_there_but_not_read(path, monkeypatch):
    monkeypatch.setattr(look, "MAX_SCRIPT", 2)

    assert find(path, None, settles=False)[:4] == (None, None, None, None)
    assert identity_of(path) is None


def test_one_that_is_being_written_is_waited_for(path, folder, monkeypatch):
    sleep, slept = time.sleep, []

    def write_the_rest(seconds):
        if not slept:
            (folder / "script.py").write_text("two")
        slept.append(seconds)
        sleep(seconds)

    seen = identity_of(path)
    (folder / "script.py").write_text("tw")
    later = time.time() + 5  # as long as the machine takes to look at it
    os.utime(path, (later, later))
    monkeypatch.setattr(look.time, "time", lambda: later)
    monkeypatch.setattr(look.time, "sleep", write_the_rest)

    assert find(path, seen, settles=True).source == b"two"
    assert slept


def test_the_very_first_one_is_not(path, monkeypatch):
    monkeypatch.setattr(look.time, "sleep", pytest.fail)

    assert find(path, None, settles=True).source == b"one"


def test_one_that_is_written_for_ever_is_not(path, folder, monkeypatch):
    monkeypatch.setattr(look, "STABLE_TIMEOUT", 0.2)
    seen = identity_of(path)
    (folder / "script.py").write_text("two")
    later = time.time() - look.STABLE_AFTER / 100
    os.utime(path, (later, later + 0.05))

    assert find(path, seen, settles=True).source == b"two"


def test_the_stamp_of_the_folder_is_another_when_a_module_comes(folder, path):
    before = stamp_of_folder(path)
    assert stamp_of_folder(path) == before
    os.utime(folder, ns=(1, 1))
    (folder / "json.py").touch()

    assert stamp_of_folder(path) != before


def test_times_that_were_set_back_hide_no_module(folder, path):
    status = folder.stat()
    before = stamp_of_folder(path)
    (folder / "json.py").touch()
    os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert stamp_of_folder(path) != before


def test_the_folder_is_where_a_link_leads(folder, path, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "script.py").touch()
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "link.py"
    link.symlink_to(path)
    before = stamp_of_folder(str(link))
    (folder / "json.py").touch()
    with_module = stamp_of_folder(str(link))

    link.unlink()
    link.symlink_to(tmp_path / "other" / "script.py")

    assert len({before, with_module, stamp_of_folder(str(link))}) == 3


def test_a_folder_that_is_a_link_may_lead_elsewhere_with_the_same_file(folder, path, tmp_path):
    """As with releases of which files are linked to those of the last one."""
    (tmp_path / "other").mkdir()
    os.link(path, tmp_path / "other" / "script.py")
    current = tmp_path / "current"
    current.symlink_to(folder)
    before = stamp_of_folder(str(current / "script.py"))

    current.unlink()
    current.symlink_to(tmp_path / "other")

    assert stamp_of_folder(str(current / "script.py")) != before


def test_a_folder_that_is_gone_has_no_stamp(folder, path):
    (folder / "script.py").unlink()
    folder.rmdir()

    assert stamp_of_folder(path) == b""
