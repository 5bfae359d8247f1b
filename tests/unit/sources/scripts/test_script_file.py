"""Versions of a script's file."""

import asyncio
import os

import pytest

from aoba.errors import RunError
from aoba.sources.scripts import script_file as program
from aoba.sources.scripts.look import Found, Identity
from aoba.sources.scripts.script_file import ScriptFile, Version


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("one")
    return path


def run(steps):
    return asyncio.run(asyncio.wait_for(steps(), 30))


def test_a_version_is_the_same_until_the_content_changes(path):
    async def main():
        file = ScriptFile(path)
        first = await file.read()
        os.utime(path, ns=(1, 1))
        assert await file.changed()
        assert await file.read() is first
        assert not await file.changed()
        path.write_text("three")
        return first, await file.stable()

    first, second = run(main)
    assert (first.source, second.source) == (b"one", b"three")
    assert first.digest != second.digest


def test_a_script_that_is_gone_is_told(path):
    async def main():
        file = ScriptFile(path)
        await file.read()
        path.unlink()
        with pytest.raises(RunError, match=r"script\.py: no such script$"):
            await file.read()
        path.mkdir()
        with pytest.raises(RunError, match=r"script\.py: is not a file$"):
            await file.stable()

    run(main)


def test_a_stamp_is_another_when_the_file_has_changed_in_any_way(path):
    async def main():
        file = ScriptFile(path)
        stamps = [(await file.read()).stamp]
        status = path.stat()
        path.write_text("two")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        stamps.append((await file.read()).stamp)  # of another content
        path.chmod(0o700)
        stamps.append((await file.read()).stamp)  # of the same one
        return stamps, (await file.read()).stamp

    stamps, same = run(main)
    assert len(set(stamps)) == 3
    assert all(stamps)
    assert same == stamps[-1]


IDENTITY = Identity(1, 2, 3, 4, 5)
WHOLE = Found(None, IDENTITY, b"one", b"digest", b"folder")


class Answers:
    """In place of a `Caller`: what is found, or raised, one after the other."""

    def __init__(self, *answers):
        self._answers = list(answers)

    async def call(self, *_):
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def file(path, monkeypatch):
    def answered(*answers):
        monkeypatch.setattr(program, "Caller", lambda: Answers(*answers))
        return ScriptFile(path)

    return answered


def test_a_file_that_cannot_be_read_has_no_stamp_until_it_can(file):
    some = file(WHOLE, Found(folder=b"other"), Found(None, IDENTITY, None, None, b"folder"))
    version = run(some.read)
    assert (version.stamp, version.folder) == (b"1.2.3.4.5", b"folder")

    assert run(some.read) is version
    assert (version.stamp, version.folder) == (b"", b"other")
    assert run(some.read) is version
    assert (version.stamp, version.folder) == (b"1.2.3.4.5", b"folder")


def test_a_first_file_that_cannot_be_read_is_no_version(file):
    assert run(file(Found()).read) is None


def test_a_file_system_that_hangs_is_named(file):
    hangs = TimeoutError(110, "the file system does not answer")
    some = file(hangs, hangs, hangs)

    for step in (some.read, some.stable, some.changed):
        with pytest.raises(RunError, match=r"/script\.py: the file system does not answer$"):
            run(step)


def test_a_file_is_not_looked_at_more_often_than_needed(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(program.time, "monotonic", lambda: clock[0])
    version = Version(b"", b"")

    assert [version.is_due(), version.is_due()] == [True, False]
    clock[0] += program.POLL_INTERVAL
    assert [version.is_due(), version.is_due()] == [True, False]
