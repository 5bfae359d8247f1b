"""What a FIFO that never runs dry leaves to the others."""

import asyncio
import os

from aoba.registers.image import Image
from aoba.sources.files.fifo import FifoSource
from aoba.sources.files.spec import FifoSpec

TURNS = 10


class Endless:
    """A pipe in place of the one at `descriptor`: there is always more in it."""

    reads = 0
    closed = False

    def __init__(self, descriptor):
        self._descriptor = descriptor

    def watch(self, callback):
        callback()

    def read(self):
        Endless.reads += 1
        assert Endless.reads < 100 * TURNS, "nobody else had a turn"
        return b"text that is no document\n"

    def close(self):
        os.close(self._descriptor)


def test_between_two_pieces_the_others_have_a_turn(tmp_path):
    path = tmp_path / "values"
    os.mkfifo(path)

    async def main():
        source = FifoSource("values", FifoSpec(path), Image(), Endless)
        life = asyncio.create_task(source.live())
        while not Endless.reads:  # noqa: ASYNC110  no event tells that it is open
            await asyncio.sleep(0)
        before = Endless.reads
        for _ in range(TURNS):
            await asyncio.sleep(0)
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        return Endless.reads - before

    assert 0 < asyncio.run(asyncio.wait_for(main(), 30)) <= TURNS
