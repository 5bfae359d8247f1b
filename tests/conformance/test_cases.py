"""Every case on every link."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from aoba.modbus.functions import FUNCTIONS
from aoba.modbus.requests.diagnostics import SUB_FUNCTIONS
from conformance.cases import CASES
from conformance.links import LINKS, Link


@pytest.fixture(scope="module", params=LINKS, ids=lambda link: link.name)
def link(request, tmp_path_factory) -> Iterator[Link]:
    with ExitStack() as stack:
        yield stack.enter_context(request.param(tmp_path_factory.mktemp(request.param.name)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(link, case):
    link.run(case)


def test_every_function_and_every_way_to_refuse_it_has_cases():
    """A good answer, and exceptions 02 and 03 as far as it has them."""
    without_address = {7, 8, 11, 12, 17}
    answers = {(step.request[0], step.serial[:1]) for case in CASES for step in case.steps}
    codes = {tuple(step.serial) for case in CASES for step in case.steps}
    for function in FUNCTIONS:
        assert (function, bytes((function,))) in answers
        assert (function | 0x80, 3) in codes
        assert (function | 0x80, 2) in codes or function in without_address
    others = {step.request[0] for case in CASES for step in case.steps} - set(FUNCTIONS)
    assert len(others) > 10


def test_every_sub_function_has_a_case():
    asked = {step.request[1:3] for case in CASES for step in case.steps if step.request[0] == 8}

    assert {code.to_bytes(2, "big") for code in SUB_FUNCTIONS} <= asked


def test_there_are_as_many_cases_as_promised_and_each_is_told_apart():
    assert len(CASES) >= 220
    assert len({(str(case), case.unit, case.steps[0].request) for case in CASES}) == len(CASES)
