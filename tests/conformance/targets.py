"""What `fuzz` feeds: sessions, each with what the oracle makes of its framing.

To fuzz another one, write a class like `Mbap` and name it in `TARGETS`.
"""

import random
import struct
from typing import ClassVar, Final, Protocol

from aoba.links.session import MbapSession, Session
from aoba.modbus.answer import answer, broadcast
from aoba.modbus.counters import Counters
from aoba.modbus.peer import Peer
from aoba.registers.image import Image
from conformance import oracle
from conformance.oracle import Device, answered

UNIT: Final = 5
"""The only station there is."""


class Target(Protocol):
    """`session` and `expected` begin anew with each stream, `device` and its registers do not."""

    name: ClassVar[str]

    def session(self, image: Image) -> Session: ...

    def frame(self, pdu: bytes, dice: random.Random) -> bytes:
        """A frame of `pdu`, which may be empty or too long, sometimes a damaged one."""
        ...

    def expected(self, device: Device, stream: bytes) -> tuple[bytes, bool]:
        """What is to come out of `stream`, and whether the connection is to be closed."""
        ...


class Mbap:
    name = "mbap"

    def session(self, image: Image) -> Session:
        return MbapSession(image.stations, Peer("fuzz", Counters()))

    def frame(self, pdu: bytes, dice: random.Random) -> bytes:
        protocol, unit, length = 0, UNIT, 1 + len(pdu)
        chance = dice.random()
        if chance < 0.03:
            unit = dice.choice((0, 1, 4, 6, 247, 248, 255))
        elif chance < 0.05:
            protocol = dice.choice((1, 256, 65535))
        elif chance < 0.07:
            length = dice.choice((0, 1, 2, length - 1, length + 1, 253, 254, 255, 65535))
        return struct.pack(">HHHB", dice.getrandbits(16), protocol, length & 0xFFFF, unit) + pdu

    def expected(self, device: Device, stream: bytes) -> tuple[bytes, bool]:
        line = oracle.Line(is_serial=False)
        out = b""
        while len(stream) >= 6:
            length = 256 * stream[4] + stream[5]
            if not 2 <= length <= 254:
                return out, True
            frame, stream = stream[: 6 + length], stream[6 + length :]
            if len(frame) < 6 + length:
                break
            unit, pdu = frame[6], frame[7:]
            if frame[2:4] != b"\x00\x00":
                continue
            if unit in (0, UNIT, 255):
                response = answered(device, line, pdu)
            else:
                line.bus += 1
                response = bytes((pdu[0] | 0x80, 0x0B))
            if response:
                out += frame[:4] + bytes((0, 1 + len(response), unit)) + response
        return out, False


class LineSession(Session):
    """A serial line without its framing: a byte of size, a unit id, a PDU."""

    error = None
    more = False

    def __init__(self, image: Image) -> None:
        self.stations = image.stations
        self.client = Peer("fuzz", Counters(is_serial=True))
        self.data = b""

    def feed(self, data: bytes) -> None:
        self.data += data

    def answers(self) -> bytes:
        out = b""
        while self.data and len(self.data) > self.data[0]:
            size = 1 + self.data[0]
            unit, pdu, self.data = self.data[1], self.data[2:size], self.data[size:]
            if unit == 0:
                broadcast(self.stations.values(), pdu, self.client)
            elif unit in self.stations:
                out += answer(self.stations[unit], pdu, self.client)
            else:
                self.client.counters.overheard()
        return out


class Line:
    name = "line"

    def session(self, image: Image) -> Session:
        return LineSession(image)

    def frame(self, pdu: bytes, dice: random.Random) -> bytes:
        return bytes((1 + len(pdu), dice.choice((UNIT,) * 8 + (0, 9)))) + pdu

    def expected(self, device: Device, stream: bytes) -> tuple[bytes, bool]:
        line = oracle.Line(is_serial=True)
        out = b""
        while stream:
            size = 1 + stream[0]
            unit, pdu, stream = stream[1], stream[2:size], stream[size:]
            if unit == UNIT:
                out += answered(device, line, pdu)
            elif unit == 0:
                oracle.broadcast(device, line, pdu)
            else:
                line.bus += 1
        return out, False


TARGETS: Final[tuple[type[Target], ...]] = (Mbap, Line)
