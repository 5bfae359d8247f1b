"""Words for whatever is asked and answered: telling of traffic never fails, whatever comes."""

import random

from aoba.modbus.describe import overheard_words, request_words, response_words
from conformance import oracle
from conformance.fuzz import SEEDS, STATION, mutated
from conformance.oracle import Device, answered

FRAMES = 20_000


def test_mutated_requests_and_their_answers():
    dice, device, line = random.Random(3), Device(STATION), oracle.Line(is_serial=True)
    exceptions = 0
    for _ in range(FRAMES):
        line.listens = False
        pdu = mutated(dice.choice(SEEDS), dice)
        if not pdu:
            continue
        answer = answered(device, line, pdu)
        assert request_words(pdu)
        for each in filter(None, (pdu, answer)):
            assert overheard_words(each)
        if answer:
            words = response_words(pdu, answer)
            assert words.startswith("exception ") == bool(answer[0] & 0x80)
            exceptions += words.startswith("exception ")
    assert FRAMES // 10 < exceptions < FRAMES
