"""A bounded run of `fuzz`, and that it would notice."""

import random
from collections import Counter
from itertools import islice

import pytest

from aoba.links import session as session_module
from aoba.modbus import functions
from aoba.modbus.counters import Counters
from aoba.modbus.functions import FUNCTIONS
from aoba.modbus.requests import files
from aoba.modbus.requests.tables import reading
from aoba.modbus.spec import MAX_READ_BITS, FunctionCode, Table
from conformance import oracle
from conformance.fuzz import SEEDS, STATION, DifferenceError, mutated, run, streams
from conformance.oracle import Device, answered
from conformance.targets import TARGETS, Line, Mbap

FRAMES = 200_000
SEED = 20_240_615


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_frame_ends_as_the_oracle_says(target):
    assert run(target(), SEED, frames=FRAMES // len(TARGETS)) >= FRAMES // len(TARGETS)


def test_a_seed_gives_the_same_streams_again():
    first, again = ([stream for _, stream, _ in islice(streams(Mbap(), 7), 50)] for _ in range(2))

    assert first == again
    assert first != [stream for _, stream, _ in islice(streams(Mbap(), 8), 50)]


def test_each_function_is_both_carried_out_and_refused():
    dice, device, line = random.Random(1), Device(STATION), oracle.Line(is_serial=False)
    seen = Counter()
    for _ in range(20_000):
        line.listens = False
        answer = answered(device, line, mutated(dice.choice(SEEDS), dice))
        seen[answer[:1]] += 1

    for function in set(FUNCTIONS) - {11, 12}:
        assert seen[bytes((function,))] > 5
        assert seen[bytes((function | 0x80,))] > 5
    assert seen[b""] > 5


def broken_quantity(monkeypatch):
    one_more = reading(FunctionCode.READ_COILS, "6.1", Table.COILS, MAX_READ_BITS + 1)
    monkeypatch.setitem(functions._CARRY_OUT, FunctionCode.READ_COILS, one_more.carry_out)


def broken_check_of_files(monkeypatch):
    monkeypatch.setattr(files.Group, "length", 0)


def broken_unit(monkeypatch):
    monkeypatch.setattr(session_module, "ANY_UNIT_IDS", frozenset())


def broken_log(monkeypatch):
    monkeypatch.setattr(Counters, "entered_listen_only", lambda _: None)


@pytest.mark.parametrize(
    ("target", "break_it"),
    [
        (Mbap(), broken_quantity),
        (Mbap(), broken_check_of_files),
        (Mbap(), broken_unit),
        (Line(), broken_log),
    ],
)
def test_what_is_broken_is_noticed(monkeypatch, target, break_it):
    break_it(monkeypatch)

    with pytest.raises(DifferenceError, match=f"{target.name}, seed 1, after"):
        run(target, 1, frames=20_000)
