"""URLs of devices: what they become, and what is wrong with others."""

from pathlib import Path

import pytest

from aoba.endpoints.device import (
    NetworkTarget,
    SerialTarget,
    TlsTarget,
    has_broadcast,
    parse_pushed,
    parse_target,
)
from aoba.endpoints.request_options import RequestOptions
from aoba.errors import UsageError

GOOD = {
    "tcp://plc": NetworkTarget("tcp", "plc", 502),
    "tcp://10.0.0.5:5020": NetworkTarget("tcp", "10.0.0.5", 5020),
    "udp://[::1]": NetworkTarget("udp", "::1", 502),
    "rtu+tcp://moxa:4001": NetworkTarget("rtu+tcp", "moxa", 4001),
    "tls://plc": TlsTarget("plc", 802),
    "tls://plc:803?ca=ca.pem&cert=me.pem&key=me.key&name=boiler": TlsTarget(
        "plc",
        803,
        ca=Path("ca.pem"),
        cert=Path("me.pem"),
        key=Path("me.key"),
        name="boiler",
    ),
    "rtu:///dev/ttyUSB0": SerialTarget("rtu", Path("/dev/ttyUSB0"), 9600, "N", 8, 1),
    "rtu:///dev/ttyS0?baudrate=19200&parity=E&stopbits=2": SerialTarget(
        "rtu", Path("/dev/ttyS0"), 19200, "E", 8, 2
    ),
    "ascii:///dev/ttyS0": SerialTarget("ascii", Path("/dev/ttyS0"), 9600, "E", 7, 1),
}
REQUESTS = {
    "tcp://plc?connect_delay=3s": RequestOptions(connect_delay=3.0),
    "udp://plc?delay=20ms": RequestOptions(delay=0.02),
    "tls://plc?keep_open=false&ca=a.pem": RequestOptions(keep_open=False),
    "rtu+tcp://moxa:4001?max_registers=50": RequestOptions(max_registers=50),
    "rtu:///dev/ttyS0?busy_retries=3&parity=E": RequestOptions(busy_retries=3),
    "ascii:///dev/ttyS0?single=true": RequestOptions(single=True),
    "tcp://plc:503?multiple=true&delay=0": RequestOptions(multiple=True),
}
BAD = {
    "tcp://plc?max_registers=126": "option 'max_registers': expected 1 to 125, got '126'",
    "tcp://plc?max_registers=0": "expected 1 to 125",
    "tcp://plc?busy_retries=-1": "option 'busy_retries': expected 0 to 100",
    "tcp://plc?busy_retries=101": "expected 100 at most",
    "tcp://plc?single=true&multiple=true": "single=true and multiple=true exclude each other",
    "tcp://plc?delay=fast": "option 'delay': expected seconds",
    "10.0.0.5:502": "not a URL; expected tcp://HOST",
    "plc": "not a URL; expected",
    "http://plc": "unknown link 'http'; expected",
    "tcp://": "the host is missing",
    "tcp://plc:0": "the port is 0; expected 1 to 65535",
    "tcp://plc:65536": "Port out of range",
    "tcp://plc?readonly=true": "unknown option 'readonly'",
    "tcp://plc/x": "unknown path 'x'",
    "rtu+tcp://moxa": "the port is missing",
    "tls://plc:0": "the port is 0",
    "tls://plc?key=me.key": "option 'key' goes with cert=FILE",
    "tls://plc?name=": "option 'name': expected a name",
    "tls://plc?allow=10.0.0.0/8": "unknown option 'allow'",
    "rtu://ttyUSB0": "the device needs its full path",
    "rtu:///dev/ttyUSB0?turnaround=1ms": "unknown option 'turnaround'",
    "rtu:///dev/ttyUSB0?parity=X": "option 'parity': expected N or E",
}


@pytest.mark.parametrize("text", GOOD)
def test_good_urls(text):
    assert parse_target(text) == GOOD[text]


@pytest.mark.parametrize("text", REQUESTS)
def test_how_requests_are_made(text):
    assert parse_target(text).requests == REQUESTS[text]


@pytest.mark.parametrize("text", BAD)
def test_bad_urls(text):
    with pytest.raises(UsageError) as refused:
        parse_target(text)

    assert str(refused.value).startswith(text)
    assert BAD[text] in str(refused.value)


def test_a_target_is_shown_without_its_options():
    assert str(parse_target("tls://plc?ca=ca.pem")) == "tls://plc:802"
    assert str(parse_target("tls://[::1]")) == "tls://[::1]:802"
    assert str(parse_target("rtu:///dev/ttyUSB0?baudrate=300")) == "rtu:///dev/ttyUSB0"


def test_a_serial_line_has_broadcasts_whatever_leads_there():
    texts = ("rtu:///dev/x", "ascii:///dev/x", "rtu+tcp://x:1", "tcp://x", "udp://x", "tls://x")

    assert [has_broadcast(parse_target(text)) for text in texts] == [True] * 3 + [False] * 3


@pytest.mark.parametrize("url", ["tcp://10.0.0.5:502-503", "tcp://10.0.0.0/24:502"])
def test_a_device_has_one_place(url):
    with pytest.raises(UsageError, match="a device has one address and one port"):
        parse_target(url)


def test_who_is_pushed_to_may_have_a_bus():
    assert parse_pushed("tcp://10.0.0.5") == (parse_target("tcp://10.0.0.5"), "main")
    assert parse_pushed("tcp://10.0.0.5?delay=20ms&bus=north") == (
        parse_target("tcp://10.0.0.5?delay=20ms"),
        "north",
    )


@pytest.mark.parametrize(
    ("query", "says"),
    [("bus=a&bus=b", "'bus' is given twice"), ("bus=", "'bus': expected the name of a bus")],
)
def test_one_that_has_none(query, says):
    with pytest.raises(UsageError, match=says):
        parse_pushed(f"tcp://10.0.0.5?{query}")
