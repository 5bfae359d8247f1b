"""Adapters that give back what is sent on a line, and what a server makes of it."""

import os
import re
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.documents import document, printing
from support.lines import Pty, ascii_frame, rtu
from support.server import Server
from support.waiting import DEADLINE
from support.wire import Client, read_pdu, write_register_pdu

WRITE = write_register_pdu(0, 77)
READ = read_pdu("holding", 0, 1)
FOUND = "the adapter gives back what is sent; that is passed over, as with echo=true"


@pytest.fixture
def values(script: Callable[..., Path]) -> Path:
    return script(printing(document(holding=[7], interval=60_000)))


class Adapter(Pty):
    """A master's end of a line whose other end hears itself; what is received is given back."""

    def __init__(self) -> None:
        super().__init__()
        self._taken, self._give = os.pipe()
        self._stop = os.pipe()
        self._thread = threading.Thread(target=self._echo, daemon=True)
        self._thread.start()

    def _echo(self) -> None:
        while self._stop[0] not in select.select([self.ours, self._stop[0]], [], [])[0]:
            data = os.read(self.ours, 4096)
            os.write(self.ours, data)
            os.write(self._give, data)

    def receive(self, size: int, seconds: float = DEADLINE) -> bytes:
        data = b""
        while len(data) < size and select.select([self._taken], [], [], seconds)[0]:
            data += os.read(self._taken, size - len(data))
        return data

    def unplug(self) -> None:
        os.write(self._stop[1], b"!")
        self._thread.join(DEADLINE)
        super().unplug()
        for descriptor in (self._taken, self._give, *self._stop):
            os.close(descriptor)


@contextmanager
def serving(values: Path, scheme: str, line: Pty, options: str = "") -> Iterator[Server]:
    with line, Server(values, listen=f"{scheme}://{line.device}{options}") as server:
        server.wait_for_log("listening on")
        yield server


def requests(server: Server) -> int:
    server.stop()
    return int(server.wait_for_log(r"served (\d+) requests?:")[1])


@pytest.mark.parametrize(("scheme", "frame"), [("rtu", rtu), ("ascii", ascii_frame)])
def test_one_write_on_an_adapter_that_echoes_is_one_request(
    values: Path, scheme: str, frame: Callable[[int, bytes], bytes]
) -> None:
    write = frame(1, WRITE)
    adapter = Adapter()
    with serving(values, scheme, adapter) as server:
        adapter.send(write)
        assert adapter.receive(len(write)) == write
        server.wait_for_log(rf"WARNING {scheme}://\S+: {FOUND}$")
        assert adapter.receive(1) == write[:1]  # by which it was found out
        for _ in range(5):
            adapter.send(write)
            assert adapter.receive(len(write)) == write
            adapter.send(frame(1, READ))
            answer = frame(1, b"\x03\x02\x00\x4d")
            assert adapter.receive(len(answer)) == answer
        assert requests(server) == 11
    assert len(server.logged("gives back")) == 1
    assert server.logged("first error") == []


def test_a_read_shows_the_echo_as_well(values: Path) -> None:
    adapter = Adapter()
    with serving(values, "rtu", adapter) as server:
        for _ in range(3):
            adapter.send(rtu(1, READ))
            assert adapter.receive(7) == rtu(1, b"\x03\x02\x00\x07")
        adapter.send(rtu(1, WRITE))
        assert adapter.receive(8) == rtu(1, WRITE)
        assert requests(server) == 4
    assert len(server.logged(FOUND)) == 1


def test_where_it_is_known_nothing_is_said(values: Path) -> None:
    adapter = Adapter()
    with serving(values, "rtu", adapter, "?echo=true") as server:
        for _ in range(3):
            adapter.send(rtu(1, WRITE))
            assert adapter.receive(8) == rtu(1, WRITE)
        assert requests(server) == 3
    assert server.logged("gives back") == []


def test_a_quick_master_that_repeats_itself_goes_on_being_answered(values: Path) -> None:
    pty = Pty()
    with serving(values, "rtu", pty) as server:
        for _ in range(50):
            pty.send(rtu(1, WRITE))
            assert pty.receive(8, 1.0) == rtu(1, WRITE)
        assert requests(server) == 50
    assert server.logged("gives back") == []


def test_a_device_server_that_echoes(serve: Callable[..., Server], values: Path) -> None:
    server = serve(values, listen="rtu+tcp://127.0.0.1:0")
    with Client(server.port) as client:
        client.send(rtu(1, WRITE))
        answer = client.receive(8)
        client.send(answer)
        client.send(client.receive(1))
        server.wait_for_log(re.escape(FOUND))
        client.send(rtu(1, READ))
        assert client.receive(7) == rtu(1, b"\x03\x02\x00\x4d")
    assert requests(server) == 2
