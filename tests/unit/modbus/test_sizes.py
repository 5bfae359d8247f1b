import pytest

from aoba.modbus.sizes import UNKNOWN, request_size, response_head, response_size
from aoba.modbus.spec import FunctionCode

# function: requests and responses without CRC, as hex; the examples of the Application Protocol
EXAMPLES = {
    1: (["11 01 0013 0013"], ["11 01 03 cd6b05"]),
    2: (["11 02 00c4 0016"], ["11 02 03 acdb35"]),
    3: (["11 03 006b 0003"], ["11 03 06 022b 0000 0064"]),
    4: (["11 04 0008 0001"], ["11 04 02 000a"]),
    5: (["11 05 00ac ff00"], ["11 05 00ac ff00"]),
    6: (["11 06 0001 0003"], ["11 06 0001 0003"]),
    7: (["11 07"], ["11 07 6d"]),
    8: (["11 08 0000 a537"], ["11 08 0000 a537"]),
    11: (["11 0b"], ["11 0b ffff 0108"]),
    12: (["11 0c"], ["11 0c 08 0000 0108 0121 2000"]),
    15: (["11 0f 0013 000a 02 cd01"], ["11 0f 0013 000a"]),
    16: (["11 10 0001 0002 04 000a 0102"], ["11 10 0001 0002"]),
    17: (["11 11"], ["11 11 03 01ff41"]),
    20: (["11 14 0e 06 0004 0001 0002 06 0003 0009 0002"], ["11 14 0c 05060dfe0020050633cd0040"]),
    21: (["11 15 0d 06 0004 0007 0003 06af 04be 100d"], ["11 15 0d 06000400070003 06af04be100d"]),
    22: (["11 16 0004 00f2 0025"], ["11 16 0004 00f2 0025"]),
    23: (["11 17 0003 0006 000e 0003 06 00ff00ff00ff"], ["11 17 0c 00fe0acd00010003000d00ff"]),
    24: (["11 18 04de"], ["11 18 0006 0002 01b8 1284"]),
    43: (
        ["11 2b 0e 01 00"],
        [
            "11 2b 0e 01 01 00 00 00",
            "11 2b 0e 01 01 00 00 01 00 00",
            "11 2b 0e 01 01 00 00 03 00 02 4141 01 01 42 02 05 56322e3131",
        ],
    ),
}
CASES = [
    pytest.param(size, bytes.fromhex(text), id=f"{function} {size.__name__}")
    for function, examples in EXAMPLES.items()
    for size, texts in zip((request_size, response_size), examples, strict=True)
    for text in texts
]


def test_every_function_has_examples():
    assert set(EXAMPLES) == set(FunctionCode)


@pytest.mark.parametrize(("size", "frame"), CASES)
def test_the_size_of_a_frame_wherever_it_stands(size, frame):
    whole = frame + b"??"

    assert size(whole, 0) == len(whole)
    assert size(b"\x99" * 7 + whole + b"\x99" * 300, 7) == len(whole)


@pytest.mark.parametrize(("size", "frame"), CASES)
def test_more_is_needed_until_it_is_there(size, frame):
    whole = frame + b"??"
    for end in range(2, len(whole)):
        assert end < size(whole[:end], 0) <= len(whole) + 2


@pytest.mark.parametrize("function", [0, 9, 10, 13, 18, 25, 65, 100, 127, 0x83, 0xFF])
def test_nobody_knows_the_size_of_a_request_of_another_function(function):
    assert request_size(bytes((17, function, 0, 0, 0, 0)), 0) == UNKNOWN


def test_another_encapsulated_interface_has_no_known_size():
    canopen = bytes.fromhex("11 2b 0d 01 02 03")

    assert request_size(canopen, 0) == response_size(canopen, 0) == UNKNOWN


@pytest.mark.parametrize("function", [0x81, 0x83, 0xAB, 0xFF])
def test_an_exception(function):
    assert response_size(bytes((17, function, 2, 0, 0)), 0) == 5


@pytest.mark.parametrize(
    ("request_", "head"),
    [
        ("11 01 0013 0013", "11 01 03"),
        ("11 03 006b 0003", "11 03 06"),
        ("11 04 0000 007d", "11 04 fa"),
        ("11 17 0003 0006 000e 0003 06 00ff00ff00ff", "11 17 0c"),
        ("11 03 006b 0100", ""),  # more than a response can hold
        ("11 06 0001 0003", ""),
        ("11 11", ""),
    ],
)
def test_how_the_response_begins(request_, head):
    assert response_head(bytes.fromhex(request_) + b"??") == bytes.fromhex(head)
