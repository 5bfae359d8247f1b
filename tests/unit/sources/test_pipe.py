"""What is read from a pipe, and when its watcher is called."""

import asyncio
import os

from aoba.sources.pipe import Pipe


def run(main):
    return asyncio.run(asyncio.wait_for(main(), 30))


def test_what_is_put_back_is_read_again():
    async def main():
        reader, writer = os.pipe()
        pipe = Pipe(reader)
        os.write(writer, b"one")
        first = pipe.read()
        pipe.put_back(first)
        os.write(writer, b"two")
        os.close(writer)
        return [first, pipe.read(), pipe.read(), pipe.read(), pipe.closed, pipe.read()]

    assert run(main) == [b"one", b"one", b"two", None, True, None]


def test_what_was_put_back_outlives_the_end():
    async def main():
        reader, writer = os.pipe()
        pipe = Pipe(reader)
        os.write(writer, b"one")
        pipe.put_back(pipe.read())
        os.close(writer)
        pipe.close()
        return [pipe.read(), pipe.read()]

    assert run(main) == [b"one", None]


def test_the_loop_is_told_no_more_once_nobody_reads():
    async def main():
        reader, writer = os.pipe()
        pipe, called = Pipe(reader), []
        pipe.watch(lambda: called.append(1))
        os.write(writer, b"one")
        pipe.read()
        pipe._readable()  # the loop has seen it before it was read
        still = asyncio.get_running_loop().remove_reader(reader)
        pipe.close()
        reader, writer = os.pipe()
        pipe = Pipe(reader)
        pipe.watch(lambda: called.append(2))
        os.write(writer, b"two")
        while not called:  # noqa: ASYNC110  the loop has to turn
            await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        return called, still, asyncio.get_running_loop().remove_reader(reader)

    assert run(main) == ([2], True, False)
