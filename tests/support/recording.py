"""A Modbus TCP device of registers, which notes when it was asked what, over which connection."""

import struct
import threading
import time
from typing import Final, NamedTuple

from support.misbehaving import SILENCE, Misbehaving, frame

COUNT: Final = 400


class Asked(NamedTuple):
    at: float
    """Seconds of `time.monotonic`."""
    connection: int
    """From 1."""
    pdu: bytes

    @property
    def function(self) -> int:
        return self.pdu[0]

    @property
    def span(self) -> tuple[int, int]:
        """First address and quantity, of a read or a write of several."""
        return struct.unpack(">HH", self.pdu[1:5])


class Recording(Misbehaving):
    """Registers hold their address. `deaf` seconds after each connection, nothing is heard.

    So many requests as `busy` says are answered with exception 06.
    """

    def __init__(self, deaf: float = 0.0, busy: int = 0) -> None:
        super().__init__(self._answer_to)
        self.asked: list[Asked] = []
        self.answered: list[float] = []
        self._deaf, self._busy = deaf, busy
        self._lock = threading.Lock()
        self._connected: dict[int, float] = {}  # by thread, as each client has its own
        self.registers = list(range(COUNT))

    def functions(self) -> list[int]:
        return [asked.function for asked in self.asked]

    def spans(self) -> list[tuple[int, int]]:
        return [asked.span for asked in self.asked]

    def _answer_to(self, request: bytes) -> bytes:
        now, pdu = time.monotonic(), request[7:]
        with self._lock:
            since = self._connected.setdefault(threading.get_ident(), self.opened_at[-1])
            if now < since + self._deaf:
                return SILENCE
            self.asked.append(Asked(now, self.connections, pdu))
            try:
                return frame(request, self._carried_out(pdu))
            finally:
                self.answered.append(time.monotonic())

    def _carried_out(self, pdu: bytes) -> bytes:
        if self._busy:
            self._busy -= 1
            return bytes((pdu[0] | 0x80, 6))
        address, number = struct.unpack(">HH", pdu[1:5])
        match pdu[0]:
            case 6:
                self.registers[address] = number
                return pdu
            case 16:
                self.registers[address : address + number] = struct.unpack(f">{number}H", pdu[6:])
                return pdu[:5]
        values = self.registers[address : address + number]
        return struct.pack(f">BB{number}H", pdu[0], 2 * number, *values)
