"""Exceptions and silence in words."""

import pytest

from aoba.client.answers import Frame, Stray
from aoba.client.blocks import Block
from aoba.client.came import Came
from aoba.client.words import echo, refusal, silence
from aoba.endpoints.device import parse_target
from aoba.modbus.describe import exception_words
from aoba.modbus.spec import Table
from aoba.spans import Span

TCP, RTU = (parse_target(url) for url in ("tcp://a", "rtu:///dev/a"))
REQUEST = bytes((3, 0, 0, 0, 10))
NOTHING = Came(1, REQUEST, 0)
UNIT_ID = " (check the unit id; `aoba scan` finds those that answer)"
BLOCK = Block(1, Table.HOLDING, Span(0, 10))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "exception 01, illegal function"),
        (2, "exception 02, illegal data address"),
        (3, "exception 03, illegal data value"),
        (4, "exception 04, server device failure"),
        (5, "exception 05, acknowledge"),
        (6, "exception 06, server device busy"),
        (8, "exception 08, memory parity error"),
        (10, "exception 0A, gateway path unavailable"),
        (11, "exception 0B, gateway target device failed to respond"),
        (0x63, "exception 63, which the specification does not know"),
    ],
)
def test_each_exception_has_words(code, words):
    assert exception_words(code) == words
    hint = UNIT_ID if code in (10, 11) else ""
    assert refusal(BLOCK, code) == f"{words}{hint}: 0-9 holding at station 1"


@pytest.mark.parametrize(
    ("table", "start", "says"),
    [
        (Table.HOLDING, 40001, "40001 of a manual may be 0 here"),
        (Table.HOLDING, 49999, "49999 of a manual may be 9998 here"),
        (Table.INPUT, 30010, "30010 of a manual may be 9 here"),
        (Table.DISCRETE_INPUTS, 10001, "10001 of a manual may be 0 here"),
    ],
)
def test_numbers_of_manuals_are_explained(table, start, says):
    block = Block(1, table, Span(start, start + 1))

    assert refusal(block, 2).endswith(f" (addresses count from 0: {says})")


@pytest.mark.parametrize(
    ("table", "start", "code"),
    [
        (Table.HOLDING, 40000, 2),
        (Table.HOLDING, 50000, 2),
        (Table.HOLDING, 30001, 2),
        (Table.COILS, 40001, 2),
        (Table.HOLDING, 40001, 4),
    ],
)
def test_other_addresses_and_exceptions_are_not(table, start, code):
    assert "manual" not in refusal(Block(1, table, Span(start, start + 1)), code)


def test_silence_says_what_to_check():
    assert silence(BLOCK, 0.5, 1, TCP, NOTHING) == (
        "no answer within 0.5 s: 0-9 holding at station 1; "
        "check the unit id, or give it more --timeout"
    )
    assert silence(BLOCK, 2, 3, RTU, NOTHING) == (
        "no answer within 2 s, asked 3 times: 0-9 holding at station 1; "
        "check unit id, baudrate, parity and wiring, or give it more --timeout"
    )


def test_a_station_that_answers_late_needs_time():
    assert silence(BLOCK, 0.5, 2, RTU, Came(1, REQUEST, 0, is_late=True)) == (
        "no answer within 0.5 s, asked 2 times: 0-9 holding at station 1; "
        "it answers late: give it more --timeout"
    )


def test_an_echo_that_is_missing_is_told():
    words = silence(BLOCK, 0.5, 1, RTU, Came(1, REQUEST, 0, is_echo_missing=True))

    assert words.endswith("what is sent seems not to come back: leave out echo=true")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Came(1, REQUEST, 5, other_transaction=4), Came(1, REQUEST, 6, other_transaction=5), True),
        (Came(1, REQUEST, 5, stray=Stray(3)), Came(1, REQUEST, 5, stray=Stray(4)), True),
        (Came(1, REQUEST, 5, stray=Stray(3)), Came(1, REQUEST, 5, echo=True), False),
        (Came(1, REQUEST, 5, damaged="CRC"), Came(1, REQUEST, 5, other_unit=0), False),
    ],
)
def test_what_differs_in_details_only_is_of_one_kind(one, other, expected):
    assert (one.kind == other.kind) is expected


def came(*frames, **more):
    it = Came(1, REQUEST, 0, **more)
    for frame in frames:
        it.frame(frame)
    return it


@pytest.mark.parametrize(
    ("target", "came", "says"),
    [
        (
            RTU,
            came(damaged="CRC", stray=Stray(25, b"!")),
            "only an answer with a wrong CRC came within 2 s, asked 2 times: 0-9 holding at",
        ),
        (
            RTU,
            came(Frame(2, b"\3\2\0\0", b"")),
            "only an answer of station 2 came within 2 s, asked 2 times: 0-9 holding at station",
        ),
        (
            TCP,
            came(Frame(1, b"\3\2\0\0", b"", 0x7777)),
            "only an answer to another transaction (7777 instead of 0000) came within 2 s",
        ),
        (
            RTU,
            came(Frame(1, b"\3\2\0\0", b"")),
            "only an answer to another request (expected registers 10, got 1) came within 2 s",
        ),
        (
            RTU,
            came(echo=True),
            "0-9 holding at station 1; the adapter gives back what is sent: echo=",
        ),
        (TCP, came(echo=True), "only what was sent came within 2 s"),
        (RTU, came(stray=Stray(1, b"\xfe")), "only 1 byte that is no frame (FE) came within 2 s"),
        (
            TCP,
            came(stray=Stray(40, b"HTTP/1.1 400")),
            "only 40 bytes that are no frame (48 54 54 50 2F 31 2E 31 ...) came within 2 s",
        ),
        (
            RTU,
            came(Frame(2, b"\3\2\0\0", b""), stray=Stray(2, b"ab")),
            "only an answer of station 2 and 2 bytes that are no frame (61 62) came within 2 s",
        ),
    ],
)
def test_what_came_instead_is_told(target, came, says):
    words = silence(BLOCK, 2, 2, target, came)

    assert says in words
    assert "no answer" not in words


def test_a_request_that_came_back_confirms_nothing():
    assert echo(BLOCK) == (
        "only what was sent came back, which confirms nothing: 0-9 holding at station 1; "
        "the adapter gives back what is sent: echo=true"
    )
