"""Requests and responses, as PDUs: what about a response shows that it is one to something else."""

import pytest

from aoba.modbus.mismatch import may_be_its_own_answer, mismatch

READ_REGISTERS = "03 0010 0002"  # function, address, quantity
READ_COILS = "01 0300 0011"
WRITE_REGISTER = "06 0005 004D"
WRITE_REGISTERS = "10 0005 0001 02 004D"
MASK = "16 0004 00F2 0025"


@pytest.mark.parametrize(
    ("request_pdu", "response", "says"),
    [
        (READ_REGISTERS, "03 04 0001 0002", None),
        (READ_REGISTERS, "83 02", None),
        (READ_REGISTERS, "83 63", None),  # a code that the specification lacks
        (READ_REGISTERS, "83", "expected an exception code, got none"),
        (READ_REGISTERS, "84 02", "expected function 3, got 4"),
        (READ_REGISTERS, "04 04 0001 0002", "expected function 3, got 4"),
        (READ_REGISTERS, "03 02 0001", "expected registers 2, got 1"),
        (READ_REGISTERS, "03 06 0001 0002 0003", "expected registers 2, got 3"),
        (READ_REGISTERS, "03 04 0001", "expected as many bytes as it says, got 4"),
        (READ_REGISTERS, "03 03 0001 00", "expected an even number of bytes"),
        (READ_REGISTERS, "03", "expected as many bytes as it says, got 1"),
        ("04 0000 0001", "04 02 FFFF", None),
        (READ_COILS, "01 03 FF FF 01", None),
        (READ_COILS, "01 02 FF FF", "expected bits 24, got 16"),
        ("02 0000 0008", "02 01 FF", None),
        (WRITE_REGISTER, "06 0005 004D", None),
        (WRITE_REGISTER, "06 0005 0042", None),  # what the device has made of the value
        (WRITE_REGISTER, "06 0006 004D", "expected address 5, got 6"),
        (WRITE_REGISTER, "06 0005", "expected bytes 5, got 3"),
        ("05 0005 FF00", "05 0005 FF00", None),
        (WRITE_REGISTERS, "10 0005 0001", None),
        (WRITE_REGISTERS, WRITE_REGISTERS, "expected bytes 5, got 8"),
        ("0F 0005 0001 01 01", "0F 0004 0001", "expected address 5, got 4"),
        (MASK, MASK, None),
        (MASK, "16 0005 00F2 0025", "expected address 4, got 5"),
        ("2B 0E 02 00", "2B 0E 02 81 00 00 00", None),
        ("2B 0E 02 00", "AB 01", None),
        ("2B 0E 02 00", "2B 0E", "expected an identification of 7 bytes or more, got 2"),
        ("2B 0E 02 00", "2B 0D 02 81 00 00 00", "expected type 14, got 13"),
        ("2B 0D 02 00", "2B 0D", None),
    ],
)
def test_what_differs_is_told(request_pdu, response, says):
    assert mismatch(bytes.fromhex(request_pdu), bytes.fromhex(response)) == says


@pytest.mark.parametrize(
    ("pdu", "expected"),
    [
        (WRITE_REGISTER, True),
        ("05 0005 FF00", True),
        (MASK, True),
        (READ_COILS, True),  # for 17 coils from 768 on: 3 bytes, 00 00 11
        ("01 0300 0001", False),
        (READ_REGISTERS, False),
        ("03 0300 0001", False),
        (WRITE_REGISTERS, False),
        ("0F 0005 0001 01 01", False),
        ("2B 0E 02 00", False),
    ],
)
def test_which_requests_look_like_their_answers(pdu, expected):
    assert may_be_its_own_answer(bytes.fromhex(pdu)) is expected
