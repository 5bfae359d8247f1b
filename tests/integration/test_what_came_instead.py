"""What comes on a line and is no answer: echoes, noise, damaged frames, other stations."""

import itertools
import json
import threading
from collections.abc import Callable

import pytest

from support.commands import command, done, refused
from support.lines import Pty, ascii_frame, rtu
from support.serial_device import Sends, SerialDevice, good_answer, late, values
from support.server import Server, run_aoba
from support.waiting import eventually
from support.wire import Client, write_register_pdu

QUICK = ("--timeout", "300ms")
"""Where nothing comes in time, or what comes does so again and again."""
PATIENT = ("--timeout", "1s")
"""Where what comes is enough."""
ECHO = "the adapter gives back what is sent: echo=true"


def nobody(_: bytes) -> Sends:
    return []


@pytest.mark.parametrize("values", [("holding", 5, 77), ("coils", 5, "on")])
def test_an_echo_confirms_no_write(values: tuple[object, ...]) -> None:
    with SerialDevice(nobody, echo=True) as device:
        says = refused(1, "write", device.url, *values, *PATIENT)
    assert says == (
        f"{device.url}: only what was sent came back, which confirms nothing: "
        f"5 {values[0]} at station 1; {ECHO}"
    )


def test_neither_does_it_where_a_device_answers_behind_it() -> None:
    with SerialDevice(late(), echo=True) as device:
        assert ECHO in refused(1, "write", device.url, "holding", 5, 77, *PATIENT)


def test_with_echo_true_the_answer_behind_it_confirms() -> None:
    with SerialDevice(late(), echo=True) as device:
        url = f"{device.url}?echo=true"
        assert done("write", url, "holding", 5, 1005, "--verify") == (
            "wrote 1 value to 5 holding at station 1, and read the same\n"
        )
        assert [request[1] for request in device.requests] == [6, 3]


def test_with_echo_true_nobody_there_is_no_answer() -> None:
    with SerialDevice(nobody, echo=True) as device:
        url = f"{device.url}?echo=true"
        assert "no answer within 0.3 s" in refused(1, "write", url, "holding", 5, 77, *QUICK)
        assert "no answer within 0.3 s" in refused(1, "read", url, "holding", 5, *QUICK)


def test_a_line_that_gives_nothing_back_needs_no_echo_true(serve: Callable[..., Server]) -> None:
    with SerialDevice(late()) as device:
        options = "echo=true&holding=0-9&write=true&timeout=300ms&interval=50ms"
        server = serve(f"modbus:{device.url}?{options}")
        with Client(server.port) as client:
            assert client.ask(write_register_pdu(0, 77)) == b"\x86\x0b"
        server.wait_for_log("what is sent seems not to come back: leave out echo=true")


def test_a_quick_device_is_believed_after_one_read() -> None:
    with SerialDevice(late()) as device:
        said = done("write", device.url, "holding", 0, 7, 8, 9, "--single")
    assert said == "wrote 3 values to 0-2 holding at station 1\n"
    assert [request[1] for request in device.requests] == [6, 3, 6, 6]


def test_so_is_one_that_refuses_to_be_read() -> None:
    def answer(request: bytes) -> Sends:
        return [(0.0, request if request[1] == 6 else rtu(1, b"\x83\x01"))]

    with SerialDevice(answer) as device:
        assert done("write", device.url, "holding", 0, 7)


def test_and_one_that_is_silent_about_reads() -> None:
    """Nothing at all comes back then."""

    def answer(request: bytes) -> Sends:
        return [(0.0, request)] if request[1] == 6 else []

    with SerialDevice(answer) as device:
        assert done("write", device.url, "holding", 0, 7, "--timeout", "1s")


def test_who_has_heard_an_answer_before_need_not_find_out() -> None:
    with SerialDevice(late()) as device:
        assert done("write", device.url, "holding", 0, *range(1000, 1123), 7)
    assert [request[1] for request in device.requests] == [16, 16]
    with SerialDevice(late()) as device:
        assert done("write", device.url, "holding", 0, 1000, "--multiple", "--verify")
    assert [request[1] for request in device.requests] == [16, 3]


def test_what_is_read_is_found_behind_the_echo() -> None:
    with SerialDevice(late(), echo=True) as device:
        line = json.loads(done("read", device.url, "holding", 0, 125, "--json"))
    assert line["values"] == values(1, 0, 125)


def test_an_echo_is_told_where_nobody_answers() -> None:
    with SerialDevice(nobody, echo=True) as device:
        says = refused(1, "read", device.url, "holding", 0, *QUICK)
    assert says.startswith(f"{device.url}: only what was sent came within 0.3 s, asked 2 times: ")
    assert says.endswith(ECHO)


def test_a_gateway_confirms_nothing_by_an_echo(serve: Callable[..., Server]) -> None:
    def answer(request: bytes) -> Sends:
        return [(0.0, good_answer(request))] if request[1] == 3 else []

    with SerialDevice(answer, echo=True) as device:
        server = serve(f"modbus:{device.url}?holding=0-9&write=true&timeout=300ms&interval=50ms")
        with Client(server.port) as client:
            assert client.ask(write_register_pdu(0, 77)) == b"\x86\x0b"
            assert client.ask(bytes.fromhex("16 0000 00FF 0100")) == b"\x96\x0b"
            assert client.ask(write_register_pdu(1, 78)) == b"\x86\x0b"
            assert client.holding(0, 10) == values(1, 0, 10)
        server.wait_for_log("WARNING .* a client's write to 0 holding fails: only what was sent")
        written = server.logged("a client's write to 0 holding fails")
        assert len(written) == 1
        assert len(server.logged(f"unit 1: {ECHO}")) == 1


def test_noise_is_one_error_whatever_bytes_it_has(serve: Callable[..., Server]) -> None:
    count = itertools.count(1)

    def answer(_: bytes) -> Sends:
        return [(0.0, bytes(next(count) % 5) + b"\xff")]

    with SerialDevice(answer) as device:
        server = serve(f"modbus:{device.url}?holding=0-9&timeout=100ms&interval=20ms")
        eventually(lambda: len(device.requests) > 4)
    assert len(server.logged("ERROR .* no frame")) == 1


def test_a_gateway_with_echo_true(serve: Callable[..., Server]) -> None:
    with SerialDevice(late(), echo=True) as device:
        server = serve(f"modbus:{device.url}?echo=true&holding=0-9&write=true&interval=10s")
        with Client(server.port) as client:
            assert client.ask(write_register_pdu(0, 77)) == write_register_pdu(0, 77)
            eventually(lambda: client.holding(0, 2) == [77, 1001])


def spoilt(request: bytes) -> bytes:
    return good_answer(request)[:-1] + b"\0"


CAME: dict[str, tuple[Callable[[bytes], Sends], str]] = {
    "a wrong CRC": (
        lambda request: [(0.0, spoilt(request))],
        "only an answer with a wrong CRC came within 0.3 s, asked 2 times: 0-1 holding",
    ),
    "another station": (
        lambda request: [(0.0, rtu(9, good_answer(request)[1:-2]))],
        "only an answer of station 9 came within 0.3 s, asked 2 times: 0-1 holding at station 1",
    ),
    "another size": (
        lambda _: [(0.0, rtu(1, b"\x03\x02\0\1"))],
        "the answer is not the one to what was asked, 0-1 holding at station 1: expected",
    ),
    "noise": (
        lambda _: [(0.0, b"\xff\x00\xfe")],
        "only 6 bytes that are no frame (FF 00 FE FF 00 FE) came within 0.3 s, asked 2 times: 0-1",
    ),
}


@pytest.mark.parametrize(("answer", "says"), CAME.values(), ids=CAME)
def test_what_came_is_told(answer: Callable[[bytes], Sends], says: str) -> None:
    with SerialDevice(answer) as device:
        line = refused(1, "read", device.url, "holding", 0, 2, *QUICK)
    assert line.startswith(f"{device.url}: {says}")


@pytest.mark.parametrize("noise", [b"\xff", b"\x00\x03", b"\x22\x03\x33", b"\x01\x03\x04\x00"])
def test_a_good_answer_is_found_behind_stray_bytes(noise: bytes) -> None:
    def answer(request: bytes) -> Sends:
        return [(0.0, noise + good_answer(request))]

    with SerialDevice(answer) as device:
        said = done("read", device.url, "holding", 0, 2, "--retries", 0)
    assert said == "holding  0..1  1000 1001\n"


def test_a_damaged_answer_is_asked_for_again_at_once() -> None:
    answers = iter((spoilt, good_answer, good_answer))

    with SerialDevice(lambda request: [(0.0, next(answers)(request))]) as device:
        line = json.loads(done("read", device.url, "holding", 0, 250, "--timeout", "20s", "--json"))
    assert line["values"] == values(1, 0, 250)


def test_a_wrong_lrc() -> None:
    with Pty() as pty:
        url = f"ascii://{pty.device}?bytesize=8&parity=N"

        def answer() -> None:
            pty.until(b"\n")
            pty.send(ascii_frame(1, b"\x03\x02\0\1")[:-4] + b"00\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        says = refused(1, "read", url, "holding", 0, "--timeout", "300ms", "--retries", 0)
        thread.join()
    assert says.startswith(f"{url.partition('?')[0]}: only an answer with a wrong LRC came within")


def test_what_is_asked_can_be_traced() -> None:
    def answer(request: bytes) -> Sends:
        return [(0.0, b"\xff" + good_answer(request))]

    with SerialDevice(answer) as device:
        ended = run_aoba("read", device.url, "holding", 0, 2, "--trace", "frame")
    assert ended.returncode == 0
    lines = [line.partition(f"{device.url} ")[2] for line in ended.stderr.splitlines()]
    assert lines == [
        "<- station 1 Read Holding Registers 0..1 | 01 03 00 00 00 02 C4 0B",
        f"-> station 1 2 registers 03E8 03E9 | {good_answer(device.requests[0]).hex(' ').upper()}",
        "-> 1 byte that is no frame | FF",
    ]


def test_bytes_can_be_traced_as_they_come() -> None:
    with SerialDevice(late()) as device:
        ended = run_aoba("write", device.url, "holding", 0, 7, 8, "--trace", "bytes")
    lines = [line.partition(f"{device.url} ")[2] for line in ended.stderr.splitlines()]
    assert "<- 13 bytes | 01 10 00 00 00 02 04 00 07 00 08 43 A8" in lines
    assert "-> 8 bytes | 01 10 00 00 00 02 41 C8" in lines


@pytest.mark.parametrize("arguments", [("scan", "--units", "1,2"), ("read", "holding", 0)])
def test_without_a_trace_nothing_is_shown(arguments: tuple[object, ...]) -> None:
    name, *rest = arguments
    with SerialDevice(late()) as device:
        assert command(name, device.url, *rest, "--timeout", "200ms").stderr == ""


def test_a_scan_says_what_comes_where_nobody_answers() -> None:
    with SerialDevice(nobody, echo=True) as device:
        ended = command("scan", device.url, "--units", "1,2", "--timeout", "100ms")
    came = f"only what was sent came within 0.8 s: 0 holding at station 2; {ECHO}"
    assert ended.stdout.splitlines() == [
        f"none of 2 unit ids answers at {device.url}",
        f"but something comes: {came}",
    ]


def test_a_scan_asks_for_identifications_where_the_adapter_gives_back_what_is_sent() -> None:
    with SerialDevice(late(), echo=True) as device:
        done("scan", device.url, "--units", "1", "--timeout", "1s")
        assert [request[1] for request in device.requests] == [3, 0x2B]


def test_a_scan_can_be_traced() -> None:
    def answer(request: bytes) -> Sends:
        return [(0.0, good_answer(request))] if request[0] == 1 else []

    with SerialDevice(answer) as device:
        ended = run_aoba(
            "scan", device.url, "--units", "1,2", "--timeout", "200ms", "--trace", "app"
        )
    assert f"{device.url} <- station 2 Read Holding Registers 0" in ended.stderr
    assert f"{device.url} -> station 1 exception 01, illegal function" in ended.stderr


def test_a_gateway_traces_its_devices(serve: Callable[..., Server]) -> None:
    with SerialDevice(late()) as device:
        server = serve(f"modbus:{device.url}?holding=0-1&interval=50ms", options=("--trace", "app"))
        server.wait_for_log(f"{device.url} <- station 1 Read Holding Registers 0..1")
        server.wait_for_log(f"{device.url} -> station 1 2 registers 03E8 03E9")
