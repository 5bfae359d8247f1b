"""The values of one table, kept only where they are defined.

Behind each span of addresses stands one bytearray, so that a read, also one across ranges that
were defined one by one, is a single slice. A register is two bytes, big-endian; a bit is one byte,
0 or 1 (the "cells" of `aoba.modbus.pdu`).
"""

from aoba.errors import IllegalDataAddress
from aoba.modbus.spec import Table
from aoba.spans import Spans


class Cells:
    def __init__(self, table: Table) -> None:
        self.spans = Spans()
        self.table = table
        self.width = 1 if table.is_bits else 2
        self._blocks: list[bytearray] = []  # one for each span

    def define(self, start: int, stop: int) -> None:
        """Make every address of `start..stop` exist. New cells are 0, others keep their value."""
        if self.spans.covers(start, stop):
            return
        touched = self.spans.touching(start, stop)
        parts = [(self.spans[i].start, self._blocks[i]) for i in touched]
        merged = self.spans[self.spans.add(start, stop)]
        # Ranges often come in ascending order: the first block then only grows at its end.
        block = parts.pop(0)[1] if parts and parts[0][0] == merged.start else bytearray()
        block.extend(bytes(self.width * (merged.stop - merged.start) - len(block)))
        for first, cells in parts:
            offset = self.width * (first - merged.start)
            block[offset : offset + len(cells)] = cells
        self._blocks[touched.start : touched.stop] = [block]

    def read(self, start: int, stop: int) -> bytes:
        """The cells of `start..stop`. Raises IllegalDataAddress where one is not defined."""
        index = self.spans.find(start, stop)
        if index < 0:
            raise self._undefined(start, stop)
        offset = self.width * (start - self.spans.starts[index])
        return bytes(self._blocks[index][offset : offset + self.width * (stop - start)])

    def write(self, start: int, cells: bytes) -> None:
        """Store `cells` from `start` on.

        Raises IllegalDataAddress, and has stored nothing, where one is not defined.
        """
        block, offset = self._locate(start, start + len(cells) // self.width)
        block[offset : offset + len(cells)] = cells

    def exchange(self, start: int, cells: bytes) -> bytes:
        """As `write`; what was there before."""
        block, offset = self._locate(start, start + len(cells) // self.width)
        stop = offset + len(cells)
        before = bytes(block[offset:stop])
        block[offset:stop] = cells
        return before

    def _locate(self, start: int, stop: int) -> tuple[bytearray, int]:
        index = self.spans.find(start, stop)
        if index < 0:
            raise self._undefined(start, stop)
        return self._blocks[index], self.width * (start - self.spans.starts[index])

    def _undefined(self, start: int, stop: int) -> IllegalDataAddress:
        return IllegalDataAddress(self.table.label, start, stop - start, defined=self.spans)
