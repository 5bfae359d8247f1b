"""Why there is no connection: each kind of failure says what to do."""

import errno
import socket
import ssl
from pathlib import Path

import pytest

from aoba.endpoints.device import parse_target
from aoba.endpoints.reasons import BROKER, not_found, too_late, why, why_network

TCP = parse_target("tcp://plc")
TLS = parse_target("tls://plc")


def serial(device):
    return parse_target(f"rtu://{device}")


def verification(message):
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = message
    return error


def alert(reason):
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


NETWORK = {
    "refused": (TCP, OSError(errno.ECONNREFUSED, ""), "nobody listens there; check the port"),
    "no route": (TCP, OSError(errno.EHOSTUNREACH, ""), "no way to that host; check the address"),
    "no network": (TCP, OSError(errno.ENETUNREACH, ""), "no way to that network"),
    "no such host": (TCP, socket.gaierror(-2, "x"), "there is no such host; expected a name"),
    "reset": (TCP, ConnectionResetError(), "the device closed the connection"),
    "closed": (TCP, None, "the device closed the connection"),
    "reset by no TLS": (TLS, ConnectionResetError(), "; check whether it speaks TLS there"),
    "not trusted": (TLS, verification("self-signed certificate"), "ca=FILE says who signs it"),
    "another's": (TLS, verification("Hostname mismatch, x."), "x; name=NAME says whom to expect"),
    "wants ours": (TLS, alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "cert=FILE&key=FILE says who"),
    "no TLS": (TLS, alert("WRONG_VERSION_NUMBER"), "wrong version number; check the port"),
    "anything else": (TCP, OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
    "without a text": (TCP, RuntimeError(), "RuntimeError"),
}
LINES = {
    errno.ENOENT: "there is no such device; `aoba ports` lists those there are",
    errno.EBUSY: "another program has it open; `aoba ports` may know which",
    errno.ENOTTY: "it is no serial port",
    errno.EIO: "the device is gone",
    errno.EINVAL: "the port does not take these settings, 9600 8N1",
}


@pytest.mark.parametrize(("target", "error", "says"), NETWORK.values(), ids=NETWORK)
def test_of_a_network(target, error, says):
    assert says in why(target, error)


@pytest.mark.parametrize(("target", "error", "says"), NETWORK.values(), ids=NETWORK)
def test_brokers_are_no_different(target, error, says):
    if error:
        words = why_network(BROKER, error, tls=target is TLS)
        assert says.replace("device", "broker") in words


def test_who_does_not_listen_is_named():
    refused = OSError(errno.ECONNREFUSED, "")

    assert why(TCP, refused).endswith("and whether the device is on")
    assert why_network(BROKER, refused, tls=False).endswith("and whether the broker runs")


@pytest.mark.parametrize("error", [None, ConnectionResetError()])
def test_a_device_that_closes_an_open_connection_may_want_to_know_who_asks(error):
    closed = "the device closed the connection"

    assert why(TCP, error, was_open=True) == closed
    assert why(parse_target("tls://plc?cert=x"), error, was_open=True) == closed
    assert why(TLS, error, was_open=True) == (
        f"{closed}; it may ask who we are, which ?cert=FILE&key=FILE says"
    )


@pytest.mark.parametrize("number", LINES, ids=errno.errorcode.get)
def test_of_a_line(number):
    assert LINES[number] in why(serial("/dev/ttyUSB0"), OSError(number, ""))


def test_who_is_permitted_is_named(tmp_path):
    device = tmp_path / "ttyUSB0"
    device.touch()

    says = why(serial(device), OSError(errno.EACCES, ""))

    assert f"it takes a user of the group {Path(device).group()}, or root" in says
    assert "its group" in why(serial("/no/such/device"), OSError(errno.EACCES, ""))


def test_our_own_timeout_is_told_from_the_system_s():
    assert too_late(1.5).startswith("no connection within 1.5 s; check address")
    assert too_late(1.5, TimeoutError()) == too_late(1.5)
    assert too_late(9, TimeoutError(errno.ETIMEDOUT, "")).startswith("no connection; check address")


def test_name_servers_have_their_time_too():
    assert not_found(5).startswith("no name server says within 5 s where that is")
