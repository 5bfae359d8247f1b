"""A log that says why a master gets nothing: refusals, other protocols, clients that go wrong."""

import json
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from support.certificates import Authority
from support.documents import document, printing, station
from support.lines import Pty, ascii_frame, rtu
from support.server import Server
from support.waiting import DEADLINE, eventually
from support.wire import Client, frame, read_pdu, write_register_pdu

READ = read_pdu("holding", 0, 2)


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("refused") / "plant.py"
    values = document(
        station(1, holding=[10, 20], input=[5] * 34), station(2, holding=[30]), interval=60_000
    )
    path.write_text(printing(values))
    return path


@pytest.fixture(scope="module")
def server(shared_serve: Callable[..., Server], script: Path) -> Server:
    return shared_serve(script)


def test_a_refused_request_is_said_once_then_counted(
    serve: Callable[..., Server], script: Path
) -> None:
    server = serve(script)
    for _ in range(3):  # a client that connects again is no other one
        with Client(server.port) as client:
            for _ in range(10):
                assert client.ask(read_pdu("input", 0, 100)) == b"\x84\x02"
                assert client.ask(READ, unit=9) == b"\x83\x0b"
    server.stop()

    lines = [line.partition(" INFO    ")[2] for line in server.logged("refus")]
    assert lines == [
        "127.0.0.1: station 1 input 0..99 refused with 02: 34..99 are in no range",
        "127.0.0.1: station 9 holding 0..1 refused with 0B: unit 9 is nobody's; there are 1, 2",
        *(f"same refusal, 29 times: {line}" for line in lines[:2]),
    ]


def test_a_json_log_has_link_and_client(serve: Callable[..., Server], script: Path) -> None:
    server = serve(script, options=["--log-format", "json"])
    port = int(server.wait_for_log(r"listening on tcp://127.0.0.1:(\d+)")[1])
    with Client(port) as client:
        client.ask(b"\x03\0\0\0\0")
        line = json.loads(server.wait_for_log(".*refused with 03.*")[0])
        mine = client.socket.getsockname()[1]

    assert line["message"] == (
        "127.0.0.1: station 1 Read Holding Registers refused with 03: "
        "quantity: expected 1..125, got 0"
    )
    assert (line["link"], line["client"]) == (
        f"tcp://127.0.0.1:{port}",
        f"127.0.0.1 port {mine}",
    )


def test_a_stale_source_is_named(serve: Callable[..., Server], script: Path) -> None:
    server = serve(f"{script}?stale_after=100ms&on_stale=exception")
    with Client(server.port) as client:
        eventually(lambda: client.ask(READ) == b"\x83\x04", "stale values")
    server.wait_for_log(
        r"station 1 holding 0\.\.1 refused with 04: 0\.\.1 are stale, plant\.py gives no documents$"
    )


def test_what_a_readonly_link_refuses_is_said(serve: Callable[..., Server], script: Path) -> None:
    server = serve(script, listen="tcp://127.0.0.1:0?readonly=true")
    with Client(server.port) as client:
        client.ask(write_register_pdu(0, 1))
    server.wait_for_log(r"station 1 holding 0 refused with 01: the link has readonly=true$")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            rtu(1, READ),
            r"RTU frames where Modbus TCP is expected; rtu\+tcp://{place} would take them",
        ),
        # Quantity 1 is a length that no frame has, and address 5 a protocol id that is passed over.
        (rtu(1, read_pdu("holding", 0, 1)), "RTU frames where Modbus TCP is expected"),
        (rtu(1, read_pdu("holding", 5, 2)), "RTU frames where Modbus TCP is expected"),
        (ascii_frame(1, READ), "ASCII frames where Modbus TCP is expected; no link takes them"),
        (b"\x16\x03\x01\x00\x05\x01\0\0\x01\0", r"TLS .*; tls://{place} would take that"),
        (b"GET / HTTP/1.1\r\n\r\n", "HTTP where Modbus TCP is expected"),
    ],
    ids=["RTU", "RTU of length 1", "RTU of protocol 5", "ASCII", "TLS", "HTTP"],
)
def test_other_protocols_on_a_tcp_link_are_named(
    serve: Callable[..., Server], script: Path, data: bytes, says: str
) -> None:
    server = serve(script)
    with Client(server.port) as client:
        client.send(data)
        assert client.is_closed()
    place = re.escape(f"127.0.0.1:{server.port}")
    says = says.format(place=place)
    server.wait_for_log(rf"WARNING client 127\.0\.0\.1 port \d+: {says}.*; connection closed$")
    with Client(server.port) as client:
        assert client.holding(0, 2) == [10, 20]


def test_rtu_frames_that_come_in_pieces_are_named(
    serve: Callable[..., Server], script: Path
) -> None:
    server = serve(script)
    with Client(server.port) as client:
        for byte in rtu(1, READ):
            client.send(bytes((byte,)))
        assert client.is_closed()
    server.wait_for_log("RTU frames where Modbus TCP is expected.*; connection closed$")


def test_modbus_tcp_on_an_rtu_link_is_named(serve: Callable[..., Server], script: Path) -> None:
    server = serve(script, listen="rtu+tcp://127.0.0.1:0")
    with Client(server.port) as client:
        client.send(frame(1, READ))
        server.wait_for_log(
            r"WARNING .* first error: Modbus TCP where RTU frames are expected; "
            rf"tcp://127\.0\.0\.1:{server.port} would take that \| "
        )
        client.send(rtu(1, READ))  # a line is never given up
        assert client.receive(9) == rtu(1, b"\x03\x04\x00\x0a\x00\x14")


def test_rtu_frames_in_datagrams_are_named(serve: Callable[..., Server], script: Path) -> None:
    server = serve(script, listen="udp://127.0.0.1:0")
    address = ("127.0.0.1", server.port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(DEADLINE)
        for request in (rtu(1, READ), rtu(1, read_pdu("holding", 0, 1))):
            client.sendto(request, address)
        server.wait_for_log("WARNING .* RTU frames where Modbus TCP is expected")
        client.sendto(frame(7, READ), address)
        assert client.recv(300) == frame(7, b"\x03\x04\x00\x0a\x00\x14")
    assert len(server.logged("RTU frames")) == 1


@pytest.mark.parametrize(
    ("scheme", "data", "says"),
    [
        ("rtu", ascii_frame(1, READ), "ASCII frames where RTU frames are expected; ascii:"),
        ("rtu", frame(1, READ), "Modbus TCP where RTU frames are expected; the converter"),
        ("ascii", rtu(1, READ), "RTU frames where ASCII frames are expected; rtu:"),
    ],
)
def test_other_protocols_on_a_serial_line_are_named(
    script: Path, scheme: str, data: bytes, says: str
) -> None:
    with Pty() as pty, Server(script, listen=f"{scheme}://{pty.device}?bytesize=8") as server:
        server.wait_for_log("listening on")
        pty.send(data)
        server.wait_for_log(f"WARNING .* first error: {says}")


def test_twenty_good_frames_and_a_bad_one_again_and_again(
    serve: Callable[..., Server], script: Path
) -> None:
    server = serve(script)
    good = b"".join(frame(i, read_pdu("holding", 90 + i, 1)) for i in range(20))
    bad = [b"\0\x01\0\0" + (length).to_bytes(2, "big") for length in range(300, 1300)]
    for each in bad:
        with Client(server.port) as client:
            client.send(good + each)
            client.receive(20 * 9)
            assert client.is_closed()
    server.stop()

    written = sum(len(line) + 1 for line in server.log)
    assert written < 100_000  # of the 20 MB that it would be
    counted = [int(n) for n in re.findall(r"(\d+) more warnings, not shown", "\n".join(server.log))]
    assert sum(counted) > 1000


def test_a_tls_client_that_left_at_once_has_left(
    serve: Callable[..., Server], script: Path, tmp_path: Path
) -> None:
    root = Authority(tmp_path)
    mine = root.issue("server")
    server = serve(script, listen=f"tls://127.0.0.1:0?cert={mine.cert}&key={mine.key}")
    Client(server.port).socket.close()
    server.wait_for_log(r"WARNING client 127\.0\.0\.1 is turned away: it left before the end of")

    with Client(server.port) as client:
        client.send(frame(1, READ))
        assert client.is_closed()
    server.wait_for_log(r"Modbus TCP where TLS is expected; tcp://127\.0\.0\.1:\d+ would take that")
    assert server.logged("no handshake within") == []

    with Client(server.port, ssl.create_default_context(cafile=root.cert)) as client:
        assert client.holding(0, 2) == [10, 20]
        assert client.ask(read_pdu("input", 40, 1)) == b"\x84\x02"
    server.wait_for_log("127.0.0.1: station 1 input 40 refused with 02")
