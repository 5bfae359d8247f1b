"""One row for each function code: a request and its response, in words."""

import pytest

from aoba.modbus.describe import (
    exception_words,
    function_name,
    overheard_words,
    request_words,
    response_words,
)
from aoba.modbus.functions import FUNCTIONS

# Most of the bytes are the examples of the specification's sections.
ROWS = [
    ("01 0013 0013", "Read Coils 19..37", "01 03 CD6B05", "19 bits 1011001111010110101"),
    ("02 00C4 0003", "Read Discrete Inputs 196..198", "02 01 05", "3 bits 101"),
    (
        "03 006B 0003",
        "Read Holding Registers 107..109",
        "03 06 022B 0000 0064",
        "3 registers 022B 0000 0064",
    ),
    ("04 0008 0001", "Read Input Registers 8", "04 02 000A", "1 register 000A"),
    ("05 00AC FF00", "Write Single Coil 172 = 1", "05 00AC FF00", "done"),
    ("06 0001 0003", "Write Single Register 1 = 0003", "06 0001 0003", "done"),
    ("07", "Read Exception Status", "07 6D", "status 01101101"),
    (
        "08 0000 A537",
        "Diagnostics 0, Return Query Data: A537",
        "08 0000 A537",
        "data A537",
    ),
    ("0B", "Get Comm Event Counter", "0B FFFF 0108", "status FFFF, events 264"),
    (
        "0C",
        "Get Comm Event Log",
        "0C 08 0000 0108 0121 2000",
        "status 0000, events 264, messages 289, log 20 00",
    ),
    (
        "0F 0013 000A 02 CD01",
        "Write Multiple Coils 19..28 = 1011001110",
        "0F 0013 000A",
        "done",
    ),
    (
        "10 0001 0002 04 000A 0102",
        "Write Multiple Registers 1..2 = 000A 0102",
        "10 0001 0002",
        "done",
    ),
    ("11", "Report Server ID", "11 06 01 FF 41 6F 62 61", 'server id 01, running, "Aoba"'),
    (
        "14 0E 06 0004 0001 0002 06 0003 0009 0001",
        "Read File Record file 4 record 1..2, file 3 record 9",
        "14 0A 05 06 0DFE 0020 03 06 33CD",
        "records 0DFE 0020, 33CD",
    ),
    (
        "15 0B 06 0004 0007 0002 06AF 04BE",
        "Write File Record file 4 record 7..8 = 06AF 04BE",
        "15 0B 06 0004 0007 0002 06AF 04BE",
        "done",
    ),
    (
        "16 0004 00F2 0025",
        "Mask Write Register 4: AND 00F2, OR 0025",
        "16 0004 00F2 0025",
        "done",
    ),
    (
        "17 0003 0002 000E 0001 02 00FF",
        "Read/Write Multiple Registers reads 3..4, writes 14 = 00FF",
        "17 04 00FE 0ACD",
        "2 registers 00FE 0ACD",
    ),
    (
        "18 04DE",
        "Read FIFO Queue of pointer 1246",
        "18 0006 0002 01B8 1284",
        "2 registers 01B8 1284",
    ),
    (
        "2B 0E 01 00",
        "Read Device Identification basic, from object 00",
        "2B 0E 01 01 FF 02 02 00 02 4142 01 01 43",
        'objects 00 "AB", 01 "C", more from 02 on',
    ),
]


@pytest.mark.parametrize(("request_pdu", "asked", "response", "said"), ROWS)
def test_requests_and_responses(request_pdu, asked, response, said):
    pdu = bytes.fromhex(request_pdu)

    assert request_words(pdu) == asked
    assert response_words(pdu, bytes.fromhex(response)) == said


def test_there_is_a_row_for_each_function():
    assert [int(row[0][:2], 16) for row in ROWS] == sorted(FUNCTIONS)


@pytest.mark.parametrize("code", FUNCTIONS)
def test_an_answer_may_end_anywhere(code):
    (response,) = (row[2] for row in ROWS if int(row[0][:2], 16) == code)
    pdu = bytes.fromhex(response)
    for size in range(1, len(pdu)):
        assert response_words(bytes((code, 0, 0, 0, 9)), pdu[:size])
    assert response_words(bytes((code,)), bytes((code | 0x80,))) == (
        f"an answer that is too short: {code | 0x80:02X}"
    )


@pytest.mark.parametrize("code", FUNCTIONS)
def test_each_function_may_be_refused_or_cut_off(code):
    assert response_words(bytes((code,)), bytes((code | 0x80, 4))) == (
        "exception 04, server device failure"
    )
    assert request_words(bytes((code,))).startswith(function_name(code))


@pytest.mark.parametrize(
    ("pdu", "words"),
    [
        ("03 0000 0000", "Read Holding Registers: quantity: expected 1..125, got 0"),
        ("2B 0E 04 80", "Read Device Identification object 80"),
        ("63 00", "function 63: function code 99 is not supported"),
    ],
)
def test_other_requests(pdu, words):
    assert request_words(bytes.fromhex(pdu)) == words


@pytest.mark.parametrize(
    ("pdu", "words"),
    [
        ("03 0000 000A", "Read Holding Registers 0000 000A"),
        ("03 04 0001 0002", "Read Holding Registers 04 0001 0002"),
        ("07", "Read Exception Status"),
        ("83 02", "Read Holding Registers, exception 02, illegal data address"),
    ],
)
def test_what_others_say(pdu, words):
    assert overheard_words(bytes.fromhex(pdu)) == words


def test_an_empty_event_log_and_an_unknown_exception():
    assert response_words(b"\x0c", bytes.fromhex("0C 06 0000 0001 0002")).endswith("log empty")
    assert exception_words(0x63) == "exception 63, which the specification does not know"
