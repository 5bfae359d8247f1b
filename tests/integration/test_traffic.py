"""Traffic in the log, and the summary at the end."""

import json
import re
import socket

import pytest

from support.documents import document, printing, station
from support.lines import Pty, rtu
from support.server import Server
from support.waiting import DEADLINE
from support.wire import Client, frame, read_pdu, write_register_pdu

READ = read_pdu("holding", 0, 2)
ASKED = "-> station 1 Read Holding Registers 0..1"
SAID = "<- station 1 2 registers 000A 0014"


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "plant.py"
    path.write_text(printing(document(station(1, holding=[10, 20]), interval=60_000)))
    return path


def test_requests_and_answers_with_link_and_client(script):
    with Server(script, options=["--trace", "frame"]) as server, Client(server.port) as client:
        name = f"tcp://127.0.0.1:{server.port} 127.0.0.1 port {client.socket.getsockname()[1]}"
        for transaction in (1, 2):  # the second one could be answered out of memory
            client.ask(READ)
            request = f"00 0{transaction} 00 00 00 06 01 03 00 00 00 02"
            server.wait_for_log(f"INFO +{re.escape(f'{name} {ASKED} | {request}')}$")
        answer = "00 02 00 00 00 07 01 03 04 00 0A 00 14"
        server.wait_for_log(re.escape(f"{name} {SAID} | {answer}") + "$")


def test_bytes_on_a_serial_line_with_another_device_and_noise(script):
    with (
        Pty() as pty,
        Server(script, listen=f"rtu://{pty.device}", options=["--trace", "bytes"]) as server,
    ):
        server.wait_for_log("listening on")
        pty.send(rtu(9, READ))
        pty.send(rtu(1, READ))
        server.wait_for_log(re.escape("-- station 9 Read Holding Registers 0000 0002 |"))
        server.wait_for_log(re.escape(f"{ASKED} |"))
        server.wait_for_log(re.escape(f"{SAID} |"))
        server.wait_for_log(r"-> \d+ bytes \| ")
        server.wait_for_log(r"<- 9 bytes \| ")
        pty.send(b"\x01\x03\xff")
        server.wait_for_log(r"WARNING .* -> first error, after these 3 frames: .* 01 03 FF$")
        server.stop()
        server.wait_for_log(r"served 1 request: 1 Read Holding Registers$")


def test_frames_before_the_first_error_and_nothing_else_when_off(script):
    with Server(script) as server:
        with Client(server.port) as client:
            for _ in range(5):  # one by the rules, then out of memory: the last one is kept
                client.ask(READ)
            client.ask(write_register_pdu(0, 7))
            client.ask(read_pdu("holding", 90, 1))
            server.wait_for_log("listening")
            assert not server.logged("station 1 Read")
            client.send(b"\x00\x09\x00\x00\x00\x01\x01")  # length 1
            assert client.is_closed()
        server.wait_for_log("connection closed")
        lines = [line.partition(" WARNING ")[2] for line in server.logged("WARNING")]
    told = [re.sub(r"^tcp://\S+ \S+ port \d+ ", "", line).split(" | ") for line in lines]
    assert told[0] == [
        "-> first error, after these 8 frames: MBAP length: expected 2..254, got 1",
        "00 09 00 00 00 01 01",
    ]
    assert [line[0] for line in told[1:-1]] == [
        ASKED,
        SAID,
        ASKED,
        SAID,
        "-> station 1 Write Single Register 0 = 0007",
        "<- station 1 done",
        "-> station 1 Read Holding Registers 90",
        "<- station 1 exception 02, illegal data address",
    ]


def test_a_summary_counts_answers_out_of_memory(script):
    options = ["--listen", "udp://127.0.0.1:0", "--log-format", "json"]
    with Server(script, options=options) as server:
        port = int(server.wait_for_log(r"listening on tcp://127.0.0.1:(\d+)")[1])
        for _ in range(2):
            with Client(port) as client:
                for _ in range(20):
                    client.ask(READ)
                client.ask(b"\x63")
                client.ask(READ, unit=9)
        server.stop()
        tcp, udp = (json.loads(line) for line in server.logged(" served "))

    assert udp["message"].endswith(" served no requests")
    assert tcp["message"] == (
        f"tcp://127.0.0.1:{port} served 44 requests: 42 Read Holding Registers, 2 function 63; "
        "4 exceptions: 2 illegal function, 2 gateway target device failed to respond; 2 clients"
    )
    assert tcp["requests"] == {"Read Holding Registers": 42, "function 63": 2}
    assert tcp["clients"] == 2


def test_over_udp_a_damaged_datagram_is_told_of_who_has_asked_before(script):
    with Server(script, listen="udp://127.0.0.1:0") as server:
        address = ("127.0.0.1", server.port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(DEADLINE)
            client.sendto(frame(1, READ), address)
            client.recv(300)
            client.sendto(b"\x00\x02", address)
            server.wait_for_log(r"-> first error, after these 2 frames: .* \| 00 02$")
        server.wait_for_log(re.escape(f"{SAID} | "))
