"""Texts that are no URLs, and the URLs that were meant."""

import pytest

from aoba.endpoints.meant_urls import meant_url
from aoba.endpoints.url import SCHEMES, parse_listen
from aoba.errors import UsageError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("/dev/ttyUSB0", "rtu:///dev/ttyUSB0"),
        ("/dev/serial/by-id/usb-A:1-port0?parity=E", "rtu:///dev/serial/by-id/usb-A:1-port0?parity=E"),
        ("ttyACM0", "rtu:///dev/ttyACM0"),
        ("/tmp/line", "rtu:///tmp/line"),
        ("127.0.0.1:5020", "tcp://127.0.0.1:5020"),
        ("127.0.0.1", "tcp://127.0.0.1"),
        ("[::1]:502", "tcp://[::1]:502"),
        ("localhost", "tcp://localhost"),
        ("plc:502", "tcp://plc:502"),
        ("plc.plant.local", "tcp://plc.plant.local"),
        ("5020", "tcp://127.0.0.1:5020"),
        (":5020", "tcp://127.0.0.1:5020"),
        ("tcpp://plc:502", "tcp://plc:502"),
        ("modbus://plc", "tcp://plc"),
        ("modbus:tcp://plc", "tcp://plc"),
        ("Serial:///dev/ttyS0", "rtu:///dev/ttyS0"),
        ("ssl://plc?ca=x", "tls://plc?ca=x"),
        ("http://plc", None),
        ("plc", None),
        ("", None),
        ("two words", None),
        ("tcp://plc", None),
        ("file:/tmp/x", None),
    ],
)  # fmt: skip
def test_what_was_meant(text, url):
    assert meant_url(text, SCHEMES) == url


def test_what_was_meant_is_what_is_wrong_with_it():
    with pytest.raises(UsageError) as refused:
        parse_listen("127.0.0.1:5020")

    assert str(refused.value).startswith("127.0.0.1:5020: not a URL; expected tcp://HOST:PORT, ")
    assert str(refused.value).endswith("; did you mean tcp://127.0.0.1:5020?")


@pytest.mark.parametrize("text", ["tcp:127.0.0.1:502", "tcp:/127.0.0.1:502"])
def test_slashes_that_are_missing(text):
    with pytest.raises(UsageError, match=r"the host is missing; .*mean tcp://127\.0\.0\.1:502\?"):
        parse_listen(text)
