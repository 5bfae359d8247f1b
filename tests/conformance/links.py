"""The links that the cases run on. To add one, write an adapter and name it in `LINKS`:

    class Udp(Served):
        name = "udp"
        listen = "udp://127.0.0.1:0"

        def send(self, unit, pdu):      # frame the request, and give it to the server
        def receive(self):              # take one answer, see that it belongs to the last request
                                        # that is answered, and return its PDU

An adapter is made once for all cases, and its server with it. That nothing is answered needs no
waiting: the next answer would be the wrong one, and a probe follows the last request of a case.
"""

import json
import socket
import ssl
from pathlib import Path
from typing import ClassVar, Final, Self

from aoba.document.decode import decode
from aoba.links.session import MbapSession
from aoba.modbus.answer import answer, broadcast
from aoba.modbus.checksums import crc16
from aoba.modbus.counters import Counters
from aoba.modbus.peer import Peer
from aoba.modbus.sizes import request_size, response_size
from aoba.registers.image import Image
from conformance.case import SILENCE, Case, Step
from conformance.device import DOCUMENT, FULL, SCRIPT
from support.certificates import Authority
from support.lines import Pty, ascii_frame, rtu
from support.server import Server
from support.waiting import DEADLINE
from support.wire import Client as TcpClient
from support.wire import frame

PROBE: Final = bytes.fromhex("08 0000 A537")


class Link:
    """Use as a context manager; `folder` is for the script that the server runs."""

    name: ClassVar[str]
    is_serial: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send(self, unit: int, pdu: bytes) -> None:
        raise NotImplementedError

    def receive(self) -> bytes:
        raise NotImplementedError

    def steps(self, case: Case) -> list[Step]:
        return case.steps

    def run(self, case: Case) -> None:
        for step in self.steps(case):
            expected = step.serial if self.is_serial else step.network
            self.send(step.unit, step.request)
            if expected != SILENCE:
                assert self.receive().hex(" ") == expected.hex(" "), step.request.hex(" ")
        self.send(FULL, PROBE)
        assert self.receive() == PROBE


class Served(Link):
    """A link of a real server: `listen` is its URL, `self.server` runs as long as the adapter."""

    listen: ClassVar[str]

    def __enter__(self) -> Self:
        script = self.folder / "device.py"
        script.write_text(SCRIPT)
        self.server = Server(script, listen=self.listen)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()


class Tcp(Served):
    name = "tcp"
    listen = "tcp://127.0.0.1:0"

    def __enter__(self) -> Self:
        super().__enter__()
        self.client = self.connect()
        self.sent: tuple[int, int] = (0, 0)
        return self

    def connect(self) -> TcpClient:
        return TcpClient(self.server.port)

    def __exit__(self, *_: object) -> None:
        self.client.__exit__()
        super().__exit__()

    def send(self, unit: int, pdu: bytes) -> None:
        self.sent = (self.sent[0] + 1 & 0xFFFF, unit)
        self.client.send(frame(self.sent[0], pdu, unit=unit))

    def receive(self) -> bytes:
        got = self.client.answer()
        assert (got.transaction, got.unit) == self.sent
        return got.pdu


def an_image() -> Image:
    image = Image()
    image.apply("device.py", decode(json.dumps(DOCUMENT).encode()).document)
    return image


class Mbap(Link):
    """MBAP frames without a network."""

    name = "mbap"

    def __enter__(self) -> Self:
        self.session = MbapSession(an_image().stations, Peer("a test"))
        self.answers = b""
        self.count = 0
        return self

    def send(self, unit: int, pdu: bytes) -> None:
        self.count += 1
        self.head = frame(self.count, b"", unit=unit)
        self.session.feed(frame(self.count, pdu, unit=unit))
        self.answers += self.session.answers()

    def receive(self) -> bytes:
        got, self.answers = self.answers, b""
        pdu = got[7:]
        assert got == self.head[:4] + (1 + len(pdu)).to_bytes(2, "big") + self.head[6:] + pdu
        return pdu


class Line(Link):
    """A serial line without its framing: what a session makes of good frames."""

    name = "line"
    is_serial = True

    def __enter__(self) -> Self:
        self.stations = an_image().stations
        self.client = Peer("a test", Counters(is_serial=True))
        self.answers: list[bytes] = []
        return self

    def send(self, unit: int, pdu: bytes) -> None:
        if unit == 0:
            broadcast(self.stations.values(), pdu, self.client)
        elif unit in self.stations:
            self.answers.append(answer(self.stations[unit], pdu, self.client))
        else:
            self.client.counters.overheard()

    def receive(self) -> bytes:
        (got,) = filter(None, self.answers)
        self.answers.clear()
        return got


class Udp(Served):
    name = "udp"
    listen = "udp://127.0.0.1:0"

    def __enter__(self) -> Self:
        super().__enter__()
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(("127.0.0.1", self.server.port))
        self.count = 0
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        super().__exit__()

    def send(self, unit: int, pdu: bytes) -> None:
        self.count += 1
        self.head = frame(self.count, b"", unit=unit)
        self.socket.send(frame(self.count, pdu, unit=unit))

    def receive(self) -> bytes:
        got = self.socket.recv(1000)
        pdu = got[7:]
        assert got == self.head[:4] + (1 + len(pdu)).to_bytes(2, "big") + self.head[6:] + pdu
        return pdu


class Tls(Tcp):
    name = "tls"

    @property
    def listen(self) -> str:
        self.authority = Authority(self.folder)
        server = self.authority.issue("server")
        return f"tls://127.0.0.1:0?cert={server.cert}&key={server.key}&ca={self.authority.cert}"

    def connect(self) -> TcpClient:
        context = ssl.create_default_context(cafile=self.authority.cert)
        client = self.authority.issue("client")
        context.load_cert_chain(client.cert, client.key)
        return TcpClient(self.server.port, context)


class Rtu(Served):
    name = "rtu"
    is_serial = True
    encode = staticmethod(rtu)

    @property
    def listen(self) -> str:
        return f"{self.name}://{self.pty.device}"

    def __enter__(self) -> Self:
        self.pty = Pty()
        super().__enter__()
        self.server.wait_for_log("listening on")
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.pty.unplug()

    def steps(self, case: Case) -> list[Step]:
        """Without those that only a gap ends and nobody answers: nothing tells when it is over."""
        return [s for s in case.steps if s.serial != SILENCE or self.ends(s.unit, s.request)]

    def ends(self, unit: int, pdu: bytes) -> bool:
        frame = self.encode(unit, pdu)
        return request_size(frame, 0) == len(frame)

    def send(self, unit: int, pdu: bytes) -> None:
        self.unit = unit
        self.put(self.encode(unit, pdu))

    def put(self, data: bytes) -> None:
        self.pty.send(data)

    def get(self, size: int) -> bytes:
        return self.pty.receive(size)

    def receive(self) -> bytes:
        got = self.get(2)
        while len(got) < response_size(got, 0):
            got += self.get(response_size(got, 0) - len(got))
        while crc16(got):  # only of function 8 are there longer ones
            more = self.get(1)
            assert more, f"no whole answer: {got.hex()}"
            got += more
        assert got[0] == self.unit
        return got[1:-2]


class Ascii(Rtu):
    name = "ascii"
    encode = staticmethod(ascii_frame)

    def ends(self, unit: int, pdu: bytes) -> bool:  # noqa: ARG002  all ASCII frames do
        return True

    def receive(self) -> bytes:
        got = self.pty.until(b"\r\n")
        data = bytes.fromhex(got[1:-2].decode())
        assert got == ascii_frame(self.unit, data[1:-1])
        return data[1:-1]


class RtuTcp(Rtu):
    name = "rtu+tcp"

    @property
    def listen(self) -> str:
        return "rtu+tcp://127.0.0.1:0"

    def __enter__(self) -> Self:
        super().__enter__()
        self.client = TcpClient(self.server.port)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.__exit__()
        super().__exit__()

    def put(self, data: bytes) -> None:
        self.client.send(data)

    def get(self, size: int) -> bytes:
        return self.client.receive(size)


LINKS: Final = (Line, Mbap, Tcp, Tls, Udp, Rtu, Ascii, RtuTcp)
