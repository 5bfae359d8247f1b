"""A Modbus TCP device that holds back the answers to writes for as long as a test likes."""

import struct
import threading
import time
from typing import Final

from support.misbehaving import SILENCE, Misbehaving, frame
from support.waiting import DEADLINE, eventually

COUNT: Final = 100


class Holding(Misbehaving):
    """Use as a context manager.

    Each unit has COUNT `registers`, which are the same in both tables. A write is answered when
    `gate` is set. `silent` units are not answered at all.
    """

    def __init__(self) -> None:
        super().__init__(self._answer_to)
        self.registers = [0] * COUNT
        self.written: list[tuple[int, int]] = []
        """Address and value of each single write, as it came."""
        self.gate = threading.Event()
        self.gate.set()
        self.silent: set[int] = set()
        self.delay = 0.0
        """Seconds that each answer takes."""
        self.asked: list[int] = []
        """Unit ids, in the order of requests."""
        self._carried_out = 0  # of the writes

    def start_over(self) -> None:
        """Be as new, when what is held back has been carried out."""
        self.gate.set()
        eventually(lambda: self._carried_out == len(self.written), "the last write")
        self.silent, self.delay, self._carried_out = set(), 0.0, 0
        self.written.clear()
        self.asked.clear()
        self.registers[:] = [0] * COUNT

    def comes(self, writes: int) -> None:
        """Wait until so many have come."""
        eventually(lambda: len(self.written) >= writes, f"write {writes}")

    def _answer_to(self, request: bytes) -> bytes:
        unit, pdu = request[6], request[7:]
        self.asked.append(unit)
        time.sleep(self.delay)
        if unit in self.silent:
            return SILENCE
        address, number = struct.unpack(">HH", pdu[1:5])
        if pdu[0] == 6:
            self.written.append((address, number))
            self.gate.wait(DEADLINE)
            self.registers[address] = number
            self._carried_out += 1
            return frame(request, pdu)
        values = self.registers[address : address + number]
        return frame(request, struct.pack(f">BB{number}H", pdu[0], 2 * number, *values))
