"""Why there is no connection, or no longer one, and what to do about it, in one line."""

import errno
import os
import socket
import ssl
from pathlib import Path
from typing import Final

from aoba.client.target import SerialUrl, Target, TlsTarget
from aoba.tls import why_tls_failed

PORTS: Final = "`aoba ports` lists those there are"

_SERIAL: Final = {
    errno.ENOENT: f"there is no such device; {PORTS}",
    errno.ENXIO: f"there is no device behind it; {PORTS}",
    errno.ENOTTY: f"it is no serial port; {PORTS}",
    errno.EBUSY: "another program has it open; `aoba ports` may know which",
    errno.EIO: "the device is gone, or does not work",
}
_NETWORK: Final = {
    errno.ECONNREFUSED: "nobody listens there; check the port, and whether the device is on",
    errno.EHOSTUNREACH: "there is no way to that host; check the address, cables and routes",
    errno.ENETUNREACH: "there is no way to that network; check the address and routes",
}
_CLOSED: Final = "the device closed the connection"


def too_late(error: TimeoutError, timeout: float) -> str:
    """Of an attempt that had `timeout` seconds, or was given up by the system before."""
    after = f"no connection within {timeout:g} s" if error.errno is None else "no connection"
    return f"{after}; check address, cables and firewalls, or give it more --timeout"


def why(target: Target, error: Exception | None, *, was_open: bool = False) -> str:
    """`error` is what the transport says; None of a connection closed in good order."""
    if isinstance(error, ssl.SSLError):
        return why_tls_failed(error)
    if error is None or isinstance(error, ConnectionResetError | BrokenPipeError):
        return _closed(target, was_open=was_open)
    if isinstance(error, socket.gaierror):
        return "there is no such host; expected a name that resolves, or an IP address"
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(target, SerialUrl):
        if number in (errno.EACCES, errno.EPERM):
            return _not_permitted(target.device)
        if number == errno.EINVAL:
            return f"the port does not take these settings, {target.character}"
        words = _SERIAL.get(number or 0)
    else:
        words = _NETWORK.get(number or 0)
    return words or _as_it_says(error)


def _closed(target: Target, *, was_open: bool) -> str:
    if isinstance(target, TlsTarget) and not was_open:
        return f"{_CLOSED}; check whether it speaks TLS there"
    if isinstance(target, TlsTarget) and not target.cert:
        return f"{_CLOSED}; it may ask who we are, which ?cert=FILE&key=FILE says"
    return _CLOSED


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
