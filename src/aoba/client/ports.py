"""The serial ports of this machine, and who has them open.

No port is opened to find that out: opening raises its DTR line, and some devices start afresh then.
Linux tells instead which files are locked, by anybody, and which are open, by processes that we may
look into. The programs of the field also leave lock files behind, with their process id.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from os.path import samestat
from pathlib import Path
from typing import Final, NamedTuple

from serialx import SerialPortInfo, list_serial_ports

from aoba.links.serial_port import is_pty

PROC: Final = Path("/proc")
LOCK_FOLDERS: Final = (Path("/run/lock"), Path("/var/lock"))


class Port(NamedTuple):
    device: str
    """Where it is for now, like `/dev/ttyUSB0`."""
    stable: str | None
    """A name that stays with the device, where there is one."""
    description: str | None
    usb: str | None
    """Vendor and product id, like `0403:6001`."""
    serial_number: str | None
    used_by: str | None
    """A program that has it open; None: none that we could see."""
    is_permitted: bool


def ports() -> list[Port]:
    """In the order of their names; of /dev/ttyS10 and /dev/ttyS9, the latter is first."""
    return sorted(map(_port, list_serial_ports()), key=lambda port: _natural(port.device))


def user_of(device: str) -> str | None:
    """A program that has `device` open, `minicom (4711)`; None: none that we could see."""
    path = Path(device)
    for pid in (*_lockers(path), *_openers(path), *_owners_of_lock_files(path)):
        if pid != os.getpid():
            return f"{_name(pid)} ({pid})"
    return None


def _port(info: SerialPortInfo) -> Port:
    texts = (info.manufacturer, info.product or info.interface_description)
    description = " ".join(text for text in texts if text)
    return Port(
        info.resolved_device,
        info.device if info.device != info.resolved_device else None,
        description or None,
        None if info.vid is None or info.pid is None else f"{info.vid:04x}:{info.pid:04x}",
        info.serial_number,
        user_of(info.resolved_device),
        os.access(info.resolved_device, os.R_OK | os.W_OK),
    )


def _lockers(path: Path) -> Iterator[int]:
    """Who holds a lock on it; the kernel tells that of all processes."""
    with contextlib.suppress(OSError):
        status = path.stat()
        place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for line in (PROC / "locks").read_text().splitlines():
            fields = line.split()
            if place in fields:
                yield int(fields[fields.index(place) - 1])


def _openers(path: Path) -> Iterator[int]:
    """A container may have it under another name, and something else under this one."""
    with contextlib.suppress(OSError):
        status = path.stat()
        # Each file system of pseudo-terminals counts its own from 0: their numbers say nothing.
        number = None if is_pty(path) else status.st_rdev or None
        for folder in PROC.glob("[0-9]*/fd"):
            with contextlib.suppress(OSError):
                if any(_is_of(it, status, number) for it in folder.iterdir()):
                    yield int(folder.parent.name)


def _is_of(descriptor: Path, status: os.stat_result, number: int | None) -> bool:
    try:
        # Nothing else is looked at: that takes for ever where a file system hangs.
        if not str(descriptor.readlink()).startswith("/dev/"):
            return False
        theirs = descriptor.stat()
    except OSError:
        return False  # closed in the meantime
    return samestat(status, theirs) or theirs.st_rdev == number


def _owners_of_lock_files(path: Path) -> Iterator[int]:
    for folder in LOCK_FOLDERS:
        with contextlib.suppress(OSError, ValueError):
            pid = int((folder / f"LCK..{path.name}").read_text().split()[0])
            if (PROC / str(pid)).exists():
                yield pid


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return "a process"


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
