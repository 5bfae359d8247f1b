import pytest

from aoba.errors import IllegalFunction, RequestError
from aoba.modbus.functions import FUNCTIONS, decode
from aoba.modbus.pdu import exception
from aoba.modbus.peer import ALL_FUNCTIONS, NETWORK_FUNCTIONS, READING_FUNCTIONS
from aoba.modbus.spec import ExceptionCode, FunctionCode


def test_every_function_code_has_one_row_with_a_section_of_its_own():
    assert set(FUNCTIONS) == set(FunctionCode) == ALL_FUNCTIONS
    assert all(code == row.code for code, row in FUNCTIONS.items())
    assert len({row.section for row in FUNCTIONS.values()}) == len(FUNCTIONS) == 19


@pytest.mark.parametrize("function", sorted(set(range(256)) - set(FUNCTIONS)))
def test_other_functions_are_illegal_whatever_follows(function):
    for rest in (b"", b"\x00\x00\x00\x01", b"\xff" * 252):
        with pytest.raises(IllegalFunction, match=f"function code {function} is"):
            decode(bytes((function,)) + rest)


def test_a_function_that_is_not_allowed_is_illegal():
    with pytest.raises(IllegalFunction, match="function code 11 is not supported"):
        decode(b"\x0b", NETWORK_FUNCTIONS)
    with pytest.raises(IllegalFunction):
        decode(b"\x06\x00\x00\x00\x01", READING_FUNCTIONS)
    with pytest.raises(IllegalFunction):
        decode(b"\x03\x00\x00\x00\x01", frozenset())


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_no_request_is_empty_behind_a_function_code_that_wants_more(function):
    """Lengths that no function has: each of them is refused, or the request is one byte."""
    alone = function in (7, 11, 12, 17)
    for size in (0, 252):
        pdu = bytes((function,)) + b"\xee" * size
        if alone and size == 0:
            assert decode(pdu) == ()
        else:
            with pytest.raises(RequestError) as caught:
                decode(pdu)
            assert caught.value.code in (1, 2, 3)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
@pytest.mark.parametrize("code", ExceptionCode)
def test_an_exception_has_the_high_bit_set(function, code):
    assert exception(function, code) == bytes((function + 128, code))
