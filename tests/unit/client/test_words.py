"""Exceptions and silence in words."""

import pytest

from aoba.client.blocks import Block
from aoba.client.words import refusal, silence
from aoba.modbus.spec import Table
from aoba.modbus.words import exception_words
from aoba.spans import Span

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
    assert refusal(BLOCK, code) == f"{words}: 0-9 holding at station 1"


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
    assert silence(BLOCK, 0.5, 1, is_line=False) == (
        "no answer within 0.5 s: 0-9 holding at station 1; "
        "check the unit id, or give it more --timeout"
    )
    assert silence(BLOCK, 2, 3, is_line=True) == (
        "no answer within 2 s, asked 3 times: 0-9 holding at station 1; "
        "check unit id, baudrate, parity and wiring, or give it more --timeout"
    )
