"""Checksums of frames on serial lines.

Both are 0 over a good frame with its own checksum behind it, which is how frames are checked.
"""

from typing import Final

_POLYNOMIAL: Final = 0xA001  # x^16 + x^15 + x^2 + 1, lowest bit first


def crc16(data: bytes) -> int:
    """CRC of an RTU frame, whose low byte is sent first (Serial Line 2.5.1.2 and 6.2.2)."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def lrc(data: bytes) -> int:
    """LRC of an ASCII frame, over its bytes before they become digits (Serial Line 2.5.2.2)."""
    return -sum(data) & 0xFF


def _entry(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ _POLYNOMIAL if crc & 1 else crc >> 1
    return crc


_TABLE: Final = tuple(map(_entry, range(256)))
