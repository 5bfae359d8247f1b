"""Serial lines without hardware: pseudo-terminals, and clients of bytes on them."""

import os
import select
import tempfile
import threading
import time
import tty
from pathlib import Path
from typing import Self

from aoba.modbus.checksums import crc16
from support.waiting import DEADLINE


class Pty:
    """A device for a server to open, and our end of its line; use as a context manager.

    `device` is a name of its own. The system gives the number of a pseudo-terminal that has gone to
    whoever wants one next, and a server that waits for its device would open that of a stranger.
    """

    def __init__(self) -> None:
        self.ours, self._theirs = os.openpty()
        tty.setraw(self.ours)
        self._folder = tempfile.TemporaryDirectory()
        self.device = f"{self._folder.name}/tty"
        link(Path(self.device), os.ttyname(self._theirs))
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def unplug(self) -> None:
        if self._open:
            self._open = False
            self._folder.cleanup()
            os.close(self._theirs)
            os.close(self.ours)

    def send(self, data: bytes) -> None:
        os.write(self.ours, data)

    def receive(self, size: int, seconds: float = DEADLINE) -> bytes:
        """`size` bytes, or as many as come in time."""
        data = b""
        deadline = time.monotonic() + seconds
        while len(data) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.ours], [], [], left)[0]:
                break
            data += os.read(self.ours, size - len(data))
        return data

    def until(self, end: bytes, seconds: float = DEADLINE) -> bytes:
        """What comes up to `end`."""
        data = b""
        while not data.endswith(end) and (byte := self.receive(1, seconds)):
            data += byte
        return data


def link(path: Path, device: str) -> None:
    """Have `path` name another device, as udev does for one that is plugged in."""
    new = path.with_suffix(".new")
    new.symlink_to(device)
    new.replace(path)


def rtu(unit: int, pdu: bytes) -> bytes:
    frame = bytes((unit,)) + pdu
    return frame + crc16(frame).to_bytes(2, "little")


def ascii_frame(unit: int, pdu: bytes) -> bytes:
    frame = bytes((unit,)) + pdu
    return b":" + (frame + bytes((-sum(frame) & 0xFF,))).hex().upper().encode() + b"\r\n"


class Cable:
    """Two devices with a line between them; use as a context manager."""

    def __init__(self) -> None:
        self._ends = Pty(), Pty()
        self.devices = tuple(end.device for end in self._ends)
        self._stop = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._stop[1], b"!")
        self._thread.join(DEADLINE)
        for end in self._ends:
            end.unplug()
        for descriptor in self._stop:
            os.close(descriptor)

    def _carry(self) -> None:
        a, b = (end.ours for end in self._ends)
        while True:
            readable, _, _ = select.select([a, b, self._stop[0]], [], [])
            if self._stop[0] in readable:
                return
            for one in readable:
                os.write(b if one is a else a, os.read(one, 4096))
