"""Devices that are silent, hang up, or answer what was not asked: what is said of them."""

import struct
from collections.abc import Callable

import pytest

from support.commands import command, done, refused
from support.misbehaving import SILENCE, Misbehaving, frame


def registers(request: bytes, *values: int) -> bytes:
    pdu = struct.pack(f">BB{len(values)}H", request[7], 2 * len(values), *values)
    return frame(request, pdu)


ANSWERS: dict[str, tuple[Callable[[bytes], bytes | None], str]] = {
    "silence": (
        lambda _: SILENCE,
        "{url}: no answer within 0.4 s, asked 2 times: 0-1 holding at station 1; check the unit id",
    ),
    "the end of the connection": (lambda _: None, "{url}: the device closed the connection"),
    "fewer registers": (
        lambda request: registers(request, 5),
        "what was asked, 0-1 holding at station 1: expected registers 2, got 1",
    ),
    "more registers": (lambda request: registers(request, 5, 6, 7), "expected registers 2, got 3"),
    "another function": (
        lambda request: frame(request, b"\x01\x01\x05"),
        "what was asked, 0-1 holding at station 1: expected function 3, got 1",
    ),
    "a late answer to a write": (
        lambda request: frame(request, b"\x10\0\0\0\2"),
        "what was asked, 0-1 holding at station 1: expected function 3, got 16",
    ),
    "an unknown function": (
        lambda request: frame(request, b"\x63\x01\x05"),
        "{url}: what comes back is no Modbus",
    ),
    "too few bytes": (
        lambda request: frame(request, b"\x03\x04\x00"),
        "{url}: what comes back is no Modbus",
    ),
    "another protocol": (
        lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "{url}: only 56 bytes that are no frame (48 54 54 50 2F 31 2E 31 ...) came within 0.4 s",
    ),
    "another's transaction": (
        lambda request: registers(b"\x77\x77" + request[2:], 1, 2),
        "{url}: only an answer to another transaction (7777 instead of 0001) came within 0.4 s, ",
    ),
    "an exception of its own": (
        lambda request: frame(request, b"\x83\x63"),
        "exception 63, which the specification does not know: 0-1 holding at station 1",
    ),
}


@pytest.mark.parametrize(("answer", "says"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_said_of_an_answer(answer: Callable[[bytes], bytes | None], says: str) -> None:
    with Misbehaving(answer) as device:
        line = refused(1, "read", device.url, "holding", 0, 2, "--timeout", "400ms")

    assert line.startswith(says.format(url=device.url)) or says in line


def test_a_write_that_is_answered_for_another_address() -> None:
    with Misbehaving(lambda request: frame(request, request[7:8] + b"\0\x63\0\x01")) as device:
        line = refused(1, "write", device.url, "holding", 0, 1)

    assert line.endswith("0 holding at station 1: expected address 0, got 99")


def test_what_is_not_answered_is_asked_again() -> None:
    requests: list[bytes] = []

    def answer(request: bytes) -> bytes:
        requests.append(request)
        return SILENCE if len(requests) == 1 else registers(request, 1, 2)

    with Misbehaving(answer) as device:
        assert done("read", device.url, "holding", 0, 2, "--timeout", "1s") == (
            "holding  0..1  1 2\n"
        )
    assert len(requests) == 2


def test_late_answers_may_come_together_with_the_one_that_counts() -> None:
    def answer(request: bytes) -> bytes:
        values = registers(request, *range(125))
        return b"\x77\x77" + values[2:] + values

    with Misbehaving(answer) as device:
        assert done("read", device.url, "holding", 0, 125, "--retries", 0)


def test_without_retries_a_device_is_asked_once() -> None:
    requests: list[bytes] = []
    with Misbehaving(lambda request: requests.append(request) or SILENCE) as device:
        command("read", device.url, "holding", 0, "--timeout", "500ms", "--retries", 0)

    assert len(requests) == 1


def test_a_scan_takes_no_gateway_for_a_station() -> None:
    def answer(request: bytes) -> bytes | None:
        unit, function = request[6], request[7]
        return {
            2: frame(request, bytes([0x80 | function, 0x0B])),
            3: frame(request, bytes([0x80 | function, 0x0A])),
            4: frame(request, bytes([0x80 | function, 0x01])),
            5: None,
            6: SILENCE,
            7: registers(request, 1) if function == 3 else None,
            8: registers(request, 1, 2),
        }[unit]

    with Misbehaving(answer) as device:
        ended = command("scan", device.url, "--units", "2-8", "--timeout", "1s")

    assert (ended.code, ended.stdout.splitlines()) == (
        0,
        [
            "station 4  answers with exception 01, illegal function",
            "station 7",
            "station 8",
            f"3 of 7 unit ids answer at {device.url}",
        ],
    )


def test_a_scan_that_finds_nobody_says_so_and_fails() -> None:
    with Misbehaving(lambda _: SILENCE) as device:
        ended = command("scan", device.url, "--units", "1-3", "--timeout", "50ms")

    assert ended == (1, f"none of 3 unit ids answers at {device.url}\n", "")


def test_after_an_answer_that_is_no_modbus_a_scan_asks_the_others_all_the_same() -> None:
    asked: list[int] = []

    def answer(request: bytes) -> bytes:
        asked.append(request[6])
        return frame(request, b"\x03") if request[6] == 2 else SILENCE

    with Misbehaving(answer) as device:
        ended = command("scan", device.url, "--units", "1-4", "--timeout", "200ms")

    assert ended.stdout == f"station 2\n1 of 4 unit ids answers at {device.url}\n"
    assert list(dict.fromkeys(asked)) == [1, 2, 3, 4]


def test_a_scan_takes_no_flood_for_a_station() -> None:
    with Misbehaving(lambda _: bytes(70_000)) as device:
        ended = command("scan", device.url, "--units", "1-3", "--timeout", "1s")

    assert ended.stdout == (
        f"none of 3 unit ids answers at {device.url}\n"
        "but something comes: more than 64 KiB came unasked\n"
    )
    assert ended.code == 1


def test_a_scan_over_several_connections() -> None:
    def answer(request: bytes) -> bytes:
        return registers(request, 1) if request[6] % 10 == 0 else SILENCE

    with Misbehaving(answer) as it:
        ended = command("scan", it.url, "--units", "1-20", "--timeout", "1s", "--parallel", 10)
        connections = it.connections

    assert ended.stdout == f"station 10\nstation 20\n2 of 20 unit ids answer at {it.url}\n"
    assert connections == 10


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tcp://127.0.0.1:1", "--units", "5-2"], "--units: expected ids of 0..255 in order"),
        (["tcp://127.0.0.1:1", "--units", "1,,2"], "--units: expected ids and ranges, as in"),
        (["tcp://127.0.0.1:1", "--units", "1-"], "--units: expected ids and ranges, as in"),
        (["tcp://127.0.0.1:1", "--units", "256"], "--units: expected ids of 0..255 in order"),
        (["rtu:///dev/ttyS0", "--parallel", "2"], "--parallel: a serial line has one connection"),
        (["rtu:///dev/ttyS0", "--units", "0-9"], "--units: 0 is all stations of a line"),
    ],
)
def test_wrong_usage_of_scan(arguments: list[str], says: str) -> None:
    assert refused(2, "scan", *arguments).startswith(says)


def test_a_scan_of_nothing_is_told_that_nobody_listens() -> None:
    assert refused(1, "scan", "tcp://127.0.0.1:1") == (
        "tcp://127.0.0.1:1: nobody listens there; check the port, and whether the device is on"
    )
