"""Serial lines without hardware: pseudo-terminals, and clients of bytes on them."""

import os
import select
import time
import tty
from pathlib import Path
from typing import Self

from aoba.modbus.checksums import crc16
from support.waiting import DEADLINE


class Pty:
    """A device for a server to open, and our end of its line; use as a context manager."""

    def __init__(self) -> None:
        self.ours, self._theirs = os.openpty()
        tty.setraw(self.ours)
        self.device = os.ttyname(self._theirs)
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def unplug(self) -> None:
        if self._open:
            self._open = False
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
