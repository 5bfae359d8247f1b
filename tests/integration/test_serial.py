"""Serial lines as a master and the other devices of a bus see them, on pseudo-terminals."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aoba.modbus.rtu import silence
from support.documents import document, printing, station
from support.lines import Pty, ascii_frame, link, rtu
from support.server import Server, run_aoba
from support.wire import read_pdu, write_register_pdu

READ = read_pdu("holding", 0, 2)
ANSWER = b"\x03\x04\x00\x0a\x00\x14"
OTHER = 9
DOCUMENT = document(station(1, holding=[10, 20]), station(2, holding=[30]), interval=60_000)


class Line:
    """A server on a pty, and what a master does there."""

    def __init__(self, pty: Pty, server: Server, frame: Callable[[int, bytes], bytes]) -> None:
        self.pty = pty
        self.server = server
        self.frame = frame
        server.wait_for_log("listening on")

    def answers(self, *parts: bytes) -> None:
        """Send `parts`, which end with a good request or with its rest; it is answered."""
        for part in parts:
            self.pty.send(part)
        wanted = self.frame(1, ANSWER)
        assert self.pty.receive(len(wanted)) == wanted

    def probe(self) -> None:
        """A good request is answered, and nothing else was."""
        self.answers(self.frame(1, READ))


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bus") / "bus.py"
    path.write_text(printing(DOCUMENT))
    return path


def serving(script: Path, scheme: str, options: str = "") -> Iterator[Line]:
    frame = ascii_frame if scheme == "ascii" else rtu
    with Pty() as pty, Server(script, listen=f"{scheme}://{pty.device}{options}") as server:
        yield Line(pty, server, frame)


@pytest.fixture(scope="module")
def rtu_line(script: Path) -> Iterator[Line]:
    yield from serving(script, "rtu")


@pytest.fixture(scope="module")
def ascii_line(script: Path) -> Iterator[Line]:
    yield from serving(script, "ascii")


@pytest.fixture(params=["rtu_line", "ascii_line"])
def line(request: pytest.FixtureRequest) -> Line:
    return request.getfixturevalue(request.param)


def test_says_where_it_listens_and_how(rtu_line: Line) -> None:
    assert rtu_line.server.logged(rf"INFO +listening on rtu://{rtu_line.pty.device} \(9600 8N1\)$")


def test_a_request_whole_in_single_bytes_and_behind_another(line: Line) -> None:
    request = line.frame(1, READ)
    line.answers(request)
    line.answers(*(bytes((byte,)) for byte in request))
    line.pty.send(request + request)
    wanted = 2 * line.frame(1, ANSWER)
    assert line.pty.receive(len(wanted)) == wanted


def test_strangers_on_the_bus(line: Line) -> None:
    """None of them is answered, and right behind them a request to us is."""
    hidden = line.frame(1, write_register_pdu(0, 666))
    response = line.frame(OTHER, bytes((3, len(hidden))) + hidden)
    bus = (
        line.frame(OTHER, READ)
        + line.frame(OTHER, ANSWER)
        + line.frame(OTHER, READ)
        + line.frame(OTHER, b"\x83\x02")
        + line.frame(OTHER, READ)  # nobody answers
        + line.frame(3, READ)
        + line.frame(OTHER, read_pdu("holding", 0, len(hidden) // 2))
    )
    whole = response if len(hidden) % 2 == 0 else b""  # registers hold an even number of bytes
    line.answers(bus + whole + line.frame(1, READ))


def test_broadcast(line: Line) -> None:
    line.pty.send(line.frame(0, write_register_pdu(0, 10)) + line.frame(0, READ))
    line.pty.send(line.frame(2, read_pdu("holding", 0, 1)))
    wanted = line.frame(2, b"\x03\x02\x00\x0a")
    assert line.pty.receive(len(wanted)) == wanted


@pytest.mark.parametrize("garbage", ["damaged", "half", "noise"])
def test_garbage_and_then_a_request(line: Line, garbage: str) -> None:
    request = line.frame(1, READ)
    data = {
        "damaged": request[:-3] + b"?" + request[-2:],
        "half": request[:6],
        "noise": bytes(range(256)),
    }
    line.answers(data[garbage] + request)
    line.probe()


def test_after_half_a_request_and_a_gap_the_next_one_is_answered(rtu_line: Line) -> None:
    clear = rtu(1, b"\x08\x00\x0a\x00\x00")
    rtu_line.pty.send(clear)
    assert rtu_line.pty.receive(len(clear)) == clear
    rtu_line.pty.send(rtu(1, READ)[:5])
    # The next one comes at any time: within the gap or after it, it is found.
    rtu_line.probe()
    counter = rtu(1, b"\x08\x00\x0c\x00\x00")
    rtu_line.pty.send(counter)
    assert rtu_line.pty.receive(len(counter)) == rtu(1, b"\x08\x00\x0c\x00\x01")


def test_a_function_that_nobody_knows(rtu_line: Line) -> None:
    rtu_line.pty.send(rtu(1, b"\x41\x01\x02\x03"))
    assert rtu_line.pty.receive(5) == rtu(1, b"\xc1\x01")


def test_a_line_may_be_read_only(script: Path) -> None:
    with Pty() as pty, Server(script, listen=f"rtu://{pty.device}?readonly=true") as server:
        line = Line(pty, server, rtu)
        pty.send(rtu(1, write_register_pdu(0, 1)))
        assert pty.receive(5) == rtu(1, b"\x86\x01")
        line.probe()


def test_the_turnaround_is_kept(script: Path) -> None:
    """As on a real line; a pty has none unless asked for."""
    pause = round(40 * silence(9600), 3)
    with Pty() as pty:
        listen = f"rtu://{pty.device}?turnaround={1000 * pause:.0f}ms"
        with Server(script, listen=listen) as server:
            line = Line(pty, server, rtu)
            for _ in range(3):
                asked = time.monotonic()
                line.probe()
                assert time.monotonic() - asked >= pause


def test_all_settings_are_taken(script: Path) -> None:
    options = "baudrate=12345&parity=E&stopbits=2&bytesize=7&rtscts=true&xonxoff=true"
    with Pty() as pty, Server(script, listen=f"ascii://{pty.device}?{options}") as server:
        Line(pty, server, ascii_frame).probe()
        assert server.logged(r"listening on ascii://\S+ \(12345 7E2\)")


def test_a_line_that_goes_and_comes_back(script: Path, tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    pty = Pty()
    link(device, pty.device)
    with Server(script, listen=f"rtu://{device}") as server:
        Line(pty, server, rtu).probe()
        for times in (1, 2):
            pty.send(rtu(1, READ)[:3])  # which must not be the begin of the next request
            pty.unplug()
            device.unlink()
            server.wait_for_log(rf"WARNING rtu://{device} is gone: the device is unplugged")
            pty = Pty()
            link(device, pty.device)
            while len(server.logged("is back")) < times:
                server.wait_for_log(rf"INFO +rtu://{device} is back")
                time.sleep(0.01)
            assert len(server.logged("is gone")) == times
            Line(pty, server, rtu).probe()
        pty.unplug()
        assert server.stop()[0] == 0


def test_other_links_do_not_notice(script: Path) -> None:
    with Pty() as pty:
        server = Server(script, options=("--listen", f"rtu://{pty.device}"))
        with server:
            server.wait_for_log("listening on rtu://")
            pty.unplug()
            server.wait_for_log("is gone")
            code, seconds = server.stop()
    assert code == 0
    assert seconds < 3


def test_a_master_that_never_reads(script: Path) -> None:
    for line in serving(script, "rtu"):
        os.set_blocking(line.pty.ours, False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(2000):
                line.pty.send(rtu(1, READ) * 50)
        assert line.server.stop()[1] < 3


DEVICES = {
    "a device that is not there": ("{script}.tty", "there is no such device; is it plugged in"),
    "a file": ("{script}", "it is not a serial line"),
    "no device": ("/dev/null", "it is not a serial line"),
    "a folder": ("/dev", "Is a directory"),
}


@pytest.mark.parametrize(("device", "says"), DEVICES.values(), ids=DEVICES)
def test_a_device_that_cannot_be_opened(script: Path, device: str, says: str) -> None:
    url = f"rtu://{device.format(script=script)}"
    done = run_aoba("serve", script, "--listen", url)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"aoba: cannot open {url}: {says}")


def test_a_device_that_another_one_uses(rtu_line: Line, script: Path) -> None:
    done = run_aoba("serve", script, "--listen", f"rtu://{rtu_line.pty.device}")
    assert done.returncode == 1
    assert done.stderr.endswith(": another program is using it\n")
    rtu_line.probe()
