import random

import pytest

from aoba.modbus.checksums import crc16, lrc


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"", 0xFFFF),
        (b"\x02\x07", 0x1241),  # the example of Serial Line 6.2.2
        (b"123456789", 0x4B37),  # the check value of CRC-16/MODBUS
        (b"\x01\x03\x00\x00\x00\x0a", 0xCDC5),
    ],
)
def test_crc(data, crc):
    assert crc16(data) == crc
    assert crc16(data + crc.to_bytes(2, "little")) == 0


def naive_crc(data):
    """Bit by bit, as Serial Line 6.2.2 describes it."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc, low = crc >> 1, crc & 1
            crc ^= 0xA001 * low
    return crc


def test_crc_by_table_is_crc_bit_by_bit():
    for size in range(64):
        data = random.Random(size).randbytes(size)
        assert crc16(data) == naive_crc(data)


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (b"", 0),
        (b"\x02\x07", 0xF7),
        (b"\x11\x03\x00\x6b\x00\x03", 0x7E),
        (b"\xff\xff", 2),
        (b"\x80\x80", 0),
    ],
)
def test_lrc(data, check):
    assert lrc(data) == check
    assert lrc(data + bytes((check,))) == 0
