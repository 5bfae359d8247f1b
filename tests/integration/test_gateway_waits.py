"""Answers that wait for a device: their order, who else waits, who goes, what is then served."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from support.device import Device
from support.holding import Holding
from support.lines import Pty, rtu
from support.server import Server
from support.waiting import DEADLINE, eventually
from support.wire import Answer, Client, frame, read_pdu, write_register_pdu

READ = read_pdu("holding", 0, 1)
WRITE = write_register_pdu(0, 4711)
NEW = b"\x03\x02" + (4711).to_bytes(2, "big")
OLD = b"\x03\x02\0\0"
SLOW = "&timeout=20s&interval=20ms&write=true"


@pytest.fixture(scope="module")
def holding() -> Iterator[Holding]:
    with Holding() as device:
        yield device


@pytest.fixture
def device(holding: Holding) -> Iterator[Holding]:
    holding.start_over()
    yield holding
    holding.gate.set()


@pytest.fixture(scope="module")
def port(holding: Holding, shared_serve: Callable[..., Server]) -> int:
    return shared_serve(f"modbus:{holding.url}?holding=0-9{SLOW}").port


@pytest.fixture
def client(device: Holding, port: int) -> Iterator[Client]:
    """Of a gateway to `device`, which is as new."""
    with Client(port) as client:
        eventually(lambda: client.holding(0, 10) == device.registers[:10])
        yield client


@pytest.fixture
def gateway(device: Holding, serve: Callable[..., Server]) -> Callable[..., Server]:
    """Another one, for those that need it their way."""

    def start(options: str = SLOW, **more: Any) -> Server:
        return serve(f"modbus:{device.url}?holding=0-9{options}", **more)

    return start


def test_pipelined_requests_are_answered_in_order(device: Holding, client: Client) -> None:
    device.gate.clear()
    client.send(frame(1, READ) + frame(2, WRITE) + frame(3, READ) + frame(4, READ, unit=9))
    assert client.answer() == Answer(1, 1, OLD)
    device.comes(1)
    client.send(frame(5, READ))
    client.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.answer()
    client.socket.settimeout(DEADLINE)
    device.gate.set()
    assert [client.answer() for _ in range(4)] == [
        Answer(2, 1, WRITE),
        Answer(3, 1, NEW),
        Answer(4, 9, b"\x83\x0b"),
        Answer(5, 1, NEW),
    ]


def test_others_wait_for_nobody(device: Holding, client: Client, port: int) -> None:
    with Client(port) as one, client as other:
        device.gate.clear()
        one.send(frame(1, WRITE))
        device.comes(1)
        for _ in range(100):
            assert other.ask(READ) == OLD
        other.send(frame(9, write_register_pdu(1, 1)) + frame(10, READ))
        device.gate.set()
        assert one.answer() == Answer(1, 1, WRITE)
        assert other.answer().transaction == 9
        assert other.answer() == Answer(10, 1, NEW)


def test_what_was_written_is_never_seen_to_be_old_again(device: Holding, client: Client) -> None:
    """While polls go on as fast as they can."""
    for value in range(1, 200):
        assert client.ask(write_register_pdu(0, value)) == write_register_pdu(0, value)
        for _ in range(3):
            assert client.holding(0) == [value]
    assert device.written == [(0, value) for value in range(1, 200)]


def test_who_has_gone_has_written_all_the_same(device: Holding, client: Client, port: int) -> None:
    device.gate.clear()
    with Client(port) as one:
        one.send(frame(1, WRITE))
        device.comes(1)
    assert client.holding(0) == [0]
    device.gate.set()
    eventually(lambda: client.holding(0) == [4711])


def test_silence_is_exception_0b(device: Holding, gateway: Callable[..., Server]) -> None:
    with Client(gateway("&timeout=200ms&write=true").port) as client:
        device.gate.clear()
        assert client.ask(WRITE) == b"\x86\x0b"
        device.gate.set()  # now its answer comes, too late, and is taken for no other
        eventually(lambda: client.ask(write_register_pdu(1, 5)) == write_register_pdu(1, 5))
        assert client.holding(1) == [5]
        eventually(lambda: client.holding(0, 2) == [4711, 5])


def test_before_it_has_answered_nobody_is_there(serve: Callable[..., Server]) -> None:
    with Holding() as device:
        device.silent = {1}
        server = serve(f"modbus:{device.url}?holding=0-9&timeout=200ms&interval=50ms&write=true")
        server.wait_for_log("no answer within 0.2 s: 0-9 holding at station 1")
        port = int(server.wait_for_log(r"listening on tcp://127\.0\.0\.1:(\d+)")[1])
        with Client(port) as client:
            assert client.ask(READ) == b"\x83\x0b"
            assert client.ask(WRITE) == b"\x86\x0b"
            device.silent = set()
            eventually(lambda: client.ask(READ) == OLD)


def test_too_many_writes_at_once_are_answered_busy(device: Holding, port: int) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(port)) for _ in range(70)]
        device.gate.clear()
        clients[0].send(frame(1, WRITE))
        device.comes(1)
        for client in clients[1:]:
            client.send(frame(1, WRITE))
        # One is with the device, and 64 may wait.
        busy = eventually(lambda: [c for c in clients if _has_answered(c)])
        device.gate.set()
        answers = [client.answer().pdu for client in clients]
    assert busy
    assert sorted(answers) == sorted([WRITE] * 65 + [b"\x86\x06"] * 5)


def _has_answered(client: Client) -> bool:
    client.socket.setblocking(False)
    try:
        return bool(client.socket.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        client.socket.settimeout(DEADLINE)


def test_a_station_that_is_silent_leaves_the_others_their_time(
    serve: Callable[..., Server],
) -> None:
    with Holding() as device:
        device.silent = {9}
        options = "holding=0-9&interval=20ms&timeout=200ms"
        server = serve(
            *(f"modbus:{device.url}?unit={unit}&{options}" for unit in (9, 1, 2)),
        )
        with Client(server.port) as client:
            for value in range(1, 6):
                device.registers[0] = value
                for unit in (1, 2):
                    eventually(lambda: client.holding(0, unit=unit) == [value])  # noqa: B023
        eventually(lambda: device.asked.count(9) >= 3)
        asked = device.asked[:]
    # It takes 0.2 s each time, and rests for as long, and then for twice as long.
    assert asked.count(1) > 3 * asked.count(9)
    assert device.connections < 3  # one for all, and one more where this machine was too slow
    assert len(server.logged("unit 9: no answer within 0.2 s")) == 1


def test_a_device_that_goes_and_comes_back(serve: Callable[..., Server]) -> None:
    with Device() as device:
        server = serve(
            f"modbus:{device.url}?holding=0-9&interval=100ms&write=true"
            "&stale_after=500ms&on_stale=exception"
        )
        with Client(server.port) as client:
            assert client.holding(5) == [5]
            device.stop()
            eventually(lambda: client.ask(READ) == b"\x83\x04", "staleness")
            assert client.ask(WRITE) == b"\x86\x0b"
            device.start()
            eventually(lambda: client.ask(READ) == OLD, "its return")
            assert client.ask(WRITE) == WRITE
        server.wait_for_log(r"unit 1: answers again, after \d+\.\d s")
        assert len(server.logged("ERROR .* unit 1: (?!same error)")) <= 2


def test_a_device_that_is_slower_than_its_interval(
    device: Holding, serve: Callable[..., Server]
) -> None:
    device.delay = 0.05
    server = serve(f"modbus:{device.url}?holding=0-9&interval=20ms")
    server.wait_for_log("WARNING .* unit 1: a poll takes longer than 20 ms, slots are skipped")
    before = len(device.asked)
    eventually(lambda: len(device.asked) > before + 5)
    assert len(server.logged("takes longer")) == 1


def test_the_end_waits_for_no_device(device: Holding, gateway: Callable[..., Server]) -> None:
    server = gateway()
    with Client(server.port) as client:
        device.gate.clear()
        client.send(frame(1, WRITE))
        device.comes(1)
        code, seconds = server.stop()
    assert code == 0
    assert seconds < 5
    assert not server.logged("Traceback|never retrieved|was destroyed")


def test_a_master_that_has_given_up_gets_no_late_answer(
    device: Holding, gateway: Callable[..., Server]
) -> None:
    with Pty() as pty:
        server = gateway(listen=f"rtu://{pty.device}")
        server.wait_for_log("first document")
        server.wait_for_log("listening on")
        device.gate.clear()
        pty.send(rtu(1, WRITE))
        device.comes(1)
        pty.send(rtu(1, READ))
        assert pty.receive(7) == rtu(1, OLD)
        device.gate.set()
        eventually(lambda: device.registers[0] == 4711)
        # A broadcast is passed on, and unanswered.
        pty.send(rtu(0, write_register_pdu(1, 5)))
        device.comes(2)
        pty.send(rtu(1, write_register_pdu(2, 6)))
        assert pty.receive(8) == rtu(1, write_register_pdu(2, 6))
        pty.send(rtu(1, read_pdu("holding", 0, 3)))
        assert pty.receive(11) == rtu(1, b"\x03\x06" + bytes.fromhex("1267 0005 0006"))


def test_neither_over_tcp(device: Holding, gateway: Callable[..., Server]) -> None:
    with Client(gateway(listen="rtu+tcp://127.0.0.1:0").port) as client:
        device.gate.clear()
        client.send(rtu(1, WRITE))
        device.comes(1)
        client.send(rtu(1, READ))
        assert client.receive(7) == rtu(1, OLD)
        device.gate.set()
        client.send(rtu(1, write_register_pdu(2, 6)))
        assert client.receive(8) == rtu(1, write_register_pdu(2, 6))
        client.send(rtu(1, READ))
        assert client.receive(7) == rtu(1, NEW)


def test_datagrams_wait_too(device: Holding, gateway: Callable[..., Server]) -> None:
    server = gateway(listen="udp://127.0.0.1:0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(DEADLINE)
        peer.connect(("127.0.0.1", server.port))
        device.gate.clear()
        for number, pdu in enumerate((READ, WRITE, READ, WRITE, READ), 1):
            peer.send(frame(number, pdu))
        assert peer.recv(300) == frame(1, OLD)
        device.comes(1)
        device.gate.set()
        answers = [frame(2, WRITE), frame(3, NEW), frame(4, WRITE), frame(5, NEW)]
        assert [peer.recv(300) for _ in answers] == answers
