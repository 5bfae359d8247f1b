"""Opens the device of a serial line, for whoever answers there and for whoever asks."""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Final

from serialx import Parity, StopBits, create_serial_connection

from aoba.endpoints.url import SerialUrl

_MAJORS: Final = range(136, 144)
"""Of devices that are the far end of a pseudo-terminal on Linux, whatever they are called."""

_NAME: Final = re.compile(r"/dev/ttys\d+")
"""What macOS calls them."""


async def open_serial(url: SerialUrl, protocol: asyncio.Protocol) -> None:
    """Raises OSError and SerialException.

    A pseudo-terminal carries bytes, not characters, and takes no other settings than 8 bits without
    parity: asked for them it says yes once, keeps what it had, and says no from then on.
    """
    pty = is_pty(url.device)
    await create_serial_connection(
        asyncio.get_running_loop(),
        lambda: protocol,
        str(url.device),
        url.baudrate,
        parity=Parity.NONE if pty else Parity(url.parity),
        stopbits=StopBits(url.stopbits),
        xonxoff=url.xonxoff,
        rtscts=url.rtscts,
        byte_size=8 if pty else url.bytesize,
    )


def is_pty(device: Path) -> bool:
    try:
        status = device.stat()
    except OSError:
        return False  # to open it says why
    is_ours = sys.platform == "linux" and os.major(status.st_rdev) in _MAJORS
    return is_ours or bool(_NAME.fullmatch(os.path.realpath(device)))
