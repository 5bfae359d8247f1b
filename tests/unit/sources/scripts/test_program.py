"""Versions of a script's file."""

import asyncio
import os
import time

import pytest

from aoba.errors import RunError
from aoba.sources.scripts import program
from aoba.sources.scripts.program import ScriptFile


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("one")
    return path


def test_a_version_is_the_same_until_the_content_changes(path):
    file = ScriptFile(path)
    first = file.read()
    os.utime(path, ns=(1, 1))
    assert file.changed()
    assert file.read() is first
    assert not file.changed()
    path.write_text("three")
    second = file.read()
    assert (first.source, second.source) == (b"one", b"three")
    assert first.digest != second.digest


def test_a_script_that_is_gone_is_told(path):
    file = ScriptFile(path)
    file.read()
    path.unlink()
    with pytest.raises(RunError, match=r"script\.py: no such script$"):
        file.read()
    path.mkdir()
    with pytest.raises(RunError, match=r"script\.py: is not a file$"):
        file.read()


def test_a_version_that_is_too_large_is_not_read(path, monkeypatch):
    monkeypatch.setattr(program, "MAX_SCRIPT", 3)
    file = ScriptFile(path)
    first = file.read()
    path.write_text("four")
    assert file.read() is first


def test_a_file_that_is_being_written_is_waited_for(path):
    async def main():
        file = ScriptFile(path)
        before = await file.settled()  # at once: nothing was there to be changed
        path.write_text("tw")
        waiting = asyncio.create_task(file.settled())
        await asyncio.sleep(program.SETTLED / 2)
        path.write_text("two")
        return before.source, (await waiting).source

    assert asyncio.run(main()) == (b"one", b"two")


def test_a_file_that_is_written_for_ever_is_not(path, monkeypatch):
    monkeypatch.setattr(program, "PATIENCE", 0.2)

    async def main():
        file = ScriptFile(path)
        file.read()
        future = time.time() - program.SETTLED / 100
        path.write_text("two")
        os.utime(path, (future, future + 0.05))
        return (await file.settled()).source

    assert asyncio.run(main()) == b"two"


def test_a_file_is_not_looked_at_more_often_than_needed(path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(program.time, "monotonic", lambda: clock[0])
    file = ScriptFile(path)
    file.read()
    assert file.unchanged()
    path.write_text("another")
    assert file.unchanged()
    clock[0] += program.LOOK
    assert not file.unchanged()
    assert not file.unchanged()


def test_a_stamp_is_another_when_the_file_has_changed_in_any_way(path):
    file = ScriptFile(path)
    stamps = [file.read().stamp]
    status = path.stat()
    path.write_text("two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    stamps.append(file.read().stamp)  # of another content
    path.chmod(0o700)
    stamps.append(file.read().stamp)  # of the same one

    assert len(set(stamps)) == 3
    assert all(stamps)
    assert file.read().stamp == stamps[-1]


def test_a_file_that_cannot_be_read_has_no_stamp(path, monkeypatch):
    file = ScriptFile(path)
    version = file.read()
    with monkeypatch.context() as patch:
        patch.setattr(program, "MAX_SCRIPT", 3)
        path.write_text("four")
        assert (file.read(), version.stamp) == (version, b"")
    assert file.read().stamp != b""
