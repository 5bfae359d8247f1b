"""A file that changes, is read, and hangs."""

import asyncio

import pytest

from aoba.sources.files import data_file
from aoba.sources.files.data_file import DataFile


async def content(file):
    return b"".join([chunk async for chunk in file.chunks()])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"one")
    return path


def test_a_file_is_there_and_what_is_in_it(path):
    async def read():
        file = DataFile(path)
        return await file.next(), await file.changed(), await content(file)

    assert asyncio.run(read()) == (True, False, b"one")


def test_each_change_is_seen_once(path):
    async def changed():
        file = DataFile(path)
        await file.next()
        path.write_bytes(b"another")
        seen = await file.changed()
        await file.next()
        return seen, await file.changed()

    assert asyncio.run(changed()) == (True, False)


def test_a_file_that_goes_is_a_change_too(path):
    async def gone():
        file = DataFile(path)
        await file.next()
        path.unlink()
        return await file.next()

    assert asyncio.run(gone()) is False


def test_a_large_file_comes_in_chunks(path, monkeypatch):
    monkeypatch.setattr(data_file, "PART", 80_000)
    path.write_bytes(bytes(range(250)) * 800)

    async def chunks():
        return [chunk async for chunk in DataFile(path).chunks()]

    read = asyncio.run(chunks())
    assert b"".join(read) == path.read_bytes()
    assert [len(chunk) for chunk in read] == [65536, 14464, 65536, 14464, 40000]


def test_a_file_that_is_replaced_between_two_parts_is_not_read_on(path, monkeypatch):
    monkeypatch.setattr(data_file, "PART", 3)

    async def read():
        chunks = DataFile(path).chunks()
        first = await anext(chunks)
        draft = path.with_suffix(".draft")
        draft.write_bytes(b"another")
        draft.replace(path)
        with pytest.raises(OSError, match="it has been replaced meanwhile"):
            await anext(chunks)
        return first

    assert asyncio.run(read()) == b"one"


class Caller:
    """In place of the worker: what is called is answered, unless the test says that it hangs."""

    def __init__(self):
        self.hangs, self.called, self.answered = False, asyncio.Event(), asyncio.Event()

    async def call(self, function, *arguments, seconds):
        self.called.set()
        if self.hangs:
            if seconds is not None:
                raise TimeoutError(110, "the file system does not answer")
            await self.answered.wait()
        return function(*arguments)


def test_after_a_file_system_that_hung_the_file_counts_as_new(path):
    async def main():
        caller = Caller()
        file = DataFile(path, caller)
        assert await file.next()
        caller.hangs = True
        for step in (file.changed(), anext(file.at_once()), anext(file.chunks())):
            with pytest.raises(TimeoutError, match="does not answer"):
                await step
        caller.called.clear()
        waiting = asyncio.create_task(file.next())
        await caller.called.wait()
        await asyncio.sleep(0)
        assert not waiting.done()
        caller.hangs = False
        caller.answered.set()
        return await waiting

    assert asyncio.run(asyncio.wait_for(main(), 30))
