"""Clients on every kind of link, and devices on TCP and on a serial line, with a gateway between.

The devices are those of pymodbus; behind a second gateway, they are Aoba's own server. Each request
that writes comes back with what the device has said, whatever it was and whichever way it came.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.commands import done, refused
from support.device import COUNT, REFUSING, Device
from support.lines import Cable
from support.server import Server, run_aoba
from support.waiting import eventually

TCP, LINE, READ_ONLY, SAME_LINE = 1, 7, 9, 11
CODES = (1, 2, 3, 4, 5, 6, 8, 0x0A, 0x0B)
RANGES = f"coils=0-99&discrete_inputs=0-9&holding=0-99,{REFUSING}-{REFUSING + 20}&input=0-299"


class Gateway:
    """Stations 1 and 9 are on TCP, 7 and 11 on a line; 9 and 11 are not to be written."""

    def __init__(self, stack: ExitStack) -> None:
        over_tcp = stack.enter_context(Device())
        cable, bus, other = (stack.enter_context(Cable()) for _ in range(3))
        stack.enter_context(Device(f"rtu://{cable.devices[0]}"))
        self.server = stack.enter_context(
            Server(
                f"modbus:{over_tcp.url}?{RANGES}&interval=200ms&write=true",
                f"modbus:rtu://{cable.devices[1]}?unit=7&{RANGES}&write=true&parity=E",
                f"modbus:{over_tcp.url}?unit=7&as=9&holding=0-9",
                f"modbus:rtu://{cable.devices[1]}?unit=1&as=11&holding=0-9&parity=E",
                options=[
                    *("--listen", f"rtu://{bus.devices[0]}"),
                    *("--listen", f"rtu://{other.devices[0]}"),
                ],
            )
        )
        tcp = f"tcp://127.0.0.1:{self.server.port}"
        self.server.wait_for_log(rf"listening on rtu://{other.devices[0]}")
        for unit in (TCP, LINE, READ_ONLY, SAME_LINE):
            self.server.wait_for_log(rf"first document: station {unit}")
        second = stack.enter_context(
            Server(
                f"modbus:{tcp}?{RANGES}&interval=200ms&write=true",
                f"modbus:rtu://{other.devices[1]}?unit=7&{RANGES}&write=true",
                f"modbus:{tcp}?unit=9&holding=0-9&write=true",
            )
        )
        for unit in (TCP, LINE, READ_ONLY):
            second.wait_for_log(rf"first document: station {unit}")
        self.urls = {
            "tcp": tcp,
            "rtu": f"rtu://{bus.devices[1]}",
            "twice": f"tcp://127.0.0.1:{second.port}",
        }


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with ExitStack() as stack:
        yield Gateway(stack)


@pytest.fixture(params=["tcp", "rtu", "twice"])
def url(gateway: Gateway, request: pytest.FixtureRequest) -> str:
    return gateway.urls[request.param]


def values(url: str, unit: int, *what: object) -> list[str]:
    """The values of a line like `holding  0..2  5 6 7`."""
    return done("read", url, "--unit", unit, *what).split()[2:]


@pytest.mark.parametrize("unit", [TCP, LINE])
def test_registers_of_all_tables(url: str, unit: int) -> None:
    assert values(url, unit, "input", 290, 3) == ["290", "291", "292"]
    assert values(url, unit, "discrete_inputs", 2, 3) == ["0", "1", "0"]


@pytest.mark.parametrize("unit", [TCP, LINE])
def test_what_is_written_reaches_the_device_and_is_read_at_once(url: str, unit: int) -> None:
    start = len(url)  # of each one's own
    done("write", url, "--unit", unit, "holding", start, 4711, 4712, "--verify")
    done("write", url, "--unit", unit, "coils", start, "on", "off", "on", "--verify")
    done("write", url, "--unit", unit, "holding", start + 5, 1, "--single", "--verify")
    done("write", url, "--unit", unit, "coils", start + 5, "on", "--single", "--verify")


@pytest.mark.parametrize("unit", [TCP, LINE])
@pytest.mark.parametrize("code", CODES)
def test_the_exception_of_the_device_is_the_answer(url: str, unit: int, code: int) -> None:
    says = refused(1, "write", url, "--unit", unit, "holding", REFUSING + code, 7)
    assert says.startswith(f"exception {code:02X}, ")


def test_two_stations_on_one_line(gateway: Gateway) -> None:
    for unit in (LINE, SAME_LINE):
        assert values(gateway.urls["tcp"], unit, "holding", 8, 2) == ["8", "9"]


def test_a_station_under_another_id(gateway: Gateway, url: str) -> None:
    assert values(url, READ_ONLY, "holding", 3, 2) == ["3", "4"]
    assert "exception 02" in refused(1, "write", url, "--unit", READ_ONLY, "holding", 3, 9)
    says = "with write=true, writes are passed on to the device"
    gateway.server.wait_for_log(says)
    assert len(gateway.server.logged(says)) == 1


@pytest.mark.parametrize("unit", [TCP, LINE])
def test_what_is_not_polled_is_not_there(url: str, unit: int) -> None:
    assert "exception 02" in refused(1, "read", url, "--unit", unit, "holding", 200)


def test_check_shows_what_a_device_has() -> None:
    with Device() as device:
        shown = run_aoba("check", f"modbus:{device.url}?holding=0-4&coils=0-2&as=5")
    assert shown.returncode == 0
    assert "station 5" in shown.stdout.lower()
    assert "0 1 2 3 4" in " ".join(shown.stdout.split())


def test_a_block_that_the_device_does_not_have_is_named_and_left_out(
    serve: Callable[..., Server],
) -> None:
    with Device() as device:
        server = serve(
            f"modbus:{device.url}?holding=0-9,{COUNT}-{COUNT + 9}&interval=50ms&health=1:input:9000"
        )
        url = f"tcp://127.0.0.1:{server.port}"
        assert values(url, 1, "holding", 8, 2) == ["8", "9"]
        failures = eventually(lambda: [x for x in values(url, 1, "input", 9004, 2) if int(x)])
        assert failures
        refusals = server.logged(f"exception 02, illegal data address: {COUNT}-{COUNT + 9} holding")
        assert len(refusals) == 1


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("modbus:tcp://127.0.0.1", "nothing to read; expected ranges of coils,"),
        ("modbus:tcq://127.0.0.1?holding=0", "unknown link 'tcq'; expected tcp://HOST:PORT,"),
    ],
)
def test_wrong_usage(source: str, says: str) -> None:
    assert says in refused(2, "serve", source)


def test_one_line_is_spoken_to_in_one_way() -> None:
    line = "modbus:rtu:///dev/ttyS9?holding=0&unit="
    ended = run_aoba("serve", f"{line}1", f"{line}2&baudrate=19200")
    assert ended.returncode == 2
    assert "given as rtu 9600 8N1 and as rtu 19200 8N1" in ended.stderr
