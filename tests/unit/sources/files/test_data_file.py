import asyncio
import io
import os

import pytest

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


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_keeps_nobody_waiting(path, make):
    path.unlink()
    make(path)

    with pytest.raises(OSError, match=r"no file any more|Is a directory"):
        asyncio.run(content(DataFile(path)))


def test_a_large_file_comes_in_chunks(path):
    path.write_bytes(b"x" * 200_000)

    async def sizes():
        return [len(chunk) async for chunk in DataFile(path).chunks()]

    assert len(asyncio.run(sizes())) > 2


def test_a_file_that_is_written_to_meanwhile_is_read_again(path, monkeypatch):
    class Torn(io.BytesIO):
        """Somebody writes to the file just when its content has been read."""

        def __init__(self):
            super().__init__(path.read_bytes())
            self._file = path.open("rb")

        def fileno(self):
            return self._file.fileno()

        def read(self, size):
            data = super().read(size)
            path.write_bytes(b"new content")
            return data

        def close(self):
            self._file.close()

    file = DataFile(path)
    openings = iter([Torn(), path.open("rb")])
    monkeypatch.setattr(file, "_open", lambda: next(openings))

    async def read():
        return b"".join([chunk async for chunk in file.at_once()])

    assert asyncio.run(read()) == b"new content"
