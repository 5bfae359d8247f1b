"""Why there is no connection, or no longer one, and what to do about it, in one line.

`why_network` is for whatever is reached over a network, and `why` for devices, on serial lines,
too. What brokers say in MQTT's own words is in `aoba.mqtt.reasons`.
"""

import errno
import os
import socket
import ssl
from pathlib import Path
from typing import Final, NamedTuple

from aoba.endpoints.device import SerialUrl, Target, TlsTarget
from aoba.endpoints.tls import why_tls_failed

PORTS: Final = "`aoba ports` lists those there are"

_SERIAL: Final = {
    errno.ENOENT: f"there is no such device; {PORTS}",
    errno.ENXIO: f"there is no device behind it; {PORTS}",
    errno.ENOTTY: f"it is no serial port; {PORTS}",
    errno.EBUSY: "another program has it open; `aoba ports` may know which",
    errno.EIO: "the device is gone, or does not work",
}
_NETWORK: Final = {
    errno.ECONNREFUSED: "nobody listens there; check the port, and whether the {} {}",
    errno.EHOSTUNREACH: "there is no way to that host; check the address, cables and routes",
    errno.ENETUNREACH: "there is no way to that network; check the address and routes",
}


class Other(NamedTuple):
    """The other side of a connection."""

    name: str
    lives: str
    """What it does where all is well."""

    @property
    def closed(self) -> str:
        return f"the {self.name} closed the connection"


DEVICE: Final = Other("device", "is on")
BROKER: Final = Other("broker", "runs")


def too_late(timeout: float, error: TimeoutError | None = None) -> str:
    """Of an attempt that had `timeout` seconds; the system may have given it up before."""
    within = f" within {timeout:g} s" if error is None or error.errno is None else ""
    return f"no connection{within}; check address, cables and firewalls"


def not_found(timeout: float) -> str:
    """Of a name that was looked up for `timeout` seconds."""
    return f"no name server says within {timeout:g} s where that is; check the name and the DNS"


def why_network(other: Other, error: Exception, *, tls: bool) -> str:
    """Of a connection to `other` that could not be made; `error` is what the transport says."""
    if isinstance(error, ssl.SSLError):
        return why_tls_failed(error)
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return other.closed + ("; check whether it speaks TLS there" if tls else "")
    if isinstance(error, socket.gaierror):
        return "there is no such host; expected a name that resolves, or an IP address"
    words = _NETWORK.get(error.errno or 0, "") if isinstance(error, OSError) else ""
    return words.format(*other) or _as_it_says(error)


def why(target: Target, error: Exception | None, *, was_open: bool = False) -> str:
    """`error` is what the transport says; None of a connection closed in good order."""
    error = error or ConnectionResetError()
    if was_open and isinstance(error, ConnectionResetError | BrokenPipeError):
        asks = isinstance(target, TlsTarget) and not target.cert
        who = "; it may ask who we are, which ?cert=FILE&key=FILE says" if asks else ""
        return DEVICE.closed + who
    words = _of_line(target, error) if isinstance(target, SerialUrl) else None
    return words or why_network(DEVICE, error, tls=isinstance(target, TlsTarget))


def _of_line(target: SerialUrl, error: Exception) -> str | None:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EACCES, errno.EPERM):
        return _not_permitted(target.device)
    if number == errno.EINVAL:
        return f"the port does not take these settings, {target.character}"
    return _SERIAL.get(number or 0)


def _not_permitted(device: Path) -> str:
    try:
        group = device.group()
    except (OSError, KeyError):
        group = "its group"
    return f"not permitted; it takes a user of the group {group}, or root (you are {_who()})"


def _who() -> str:
    try:
        return os.getlogin()
    except OSError:
        return f"user {os.getuid()}"


def _as_it_says(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__
