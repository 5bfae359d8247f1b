"""`aoba read` and `aoba write` of bits of registers, ranges and hexadecimal addresses."""

import json
import struct
from collections.abc import Callable, Iterator

import pytest

from support.commands import done, refused
from support.documents import document, printing, station
from support.misbehaving import Misbehaving, frame
from support.server import Server

VALUES = [0, 1, 2, 0x8000, 0x0001, 0x0028]


@pytest.fixture(scope="module")
def own(shared_serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("own") / "source.py"
    path.write_text(printing(document(station(1, "slave", holding=VALUES, input=VALUES))))
    return f"tcp://127.0.0.1:{shared_serve(path).port}"


class Register(Misbehaving):
    """A device with one holding register, 5.

    `refuses` are functions that it answers with the exception `code`; where it `is_stuck`, it keeps
    its value.
    """

    def __init__(self, value: int, *refuses: int, code: int = 1, is_stuck: bool = False) -> None:
        super().__init__(self._answer_to)
        self.value, self._refuses, self._code = value, refuses, code
        self._is_stuck = is_stuck
        self.functions: list[int] = []

    def _answer_to(self, request: bytes) -> bytes:
        function, address, *data = struct.unpack(">BHH", request[7:12])
        self.functions.append(function)
        if function in self._refuses:
            return frame(request, bytes((0x80 | function, self._code)))
        assert address == 5
        if function == 3:
            return frame(request, struct.pack(">BBH", 3, 2, self.value))
        if self._is_stuck:
            return frame(request, request[7:])
        if function == 6:
            (self.value,) = data
        if function == 16:
            self.value = int.from_bytes(request[13:15], "big")
            return frame(request, request[7:12])
        if function == 22:  # section 6.16: (current AND and_mask) OR (or_mask AND NOT and_mask)
            and_mask, or_mask = struct.unpack(">HH", request[10:14])
            self.value = self.value & and_mask | or_mask & ~and_mask
        return frame(request, request[7:])


@pytest.fixture
def register() -> Iterator[Callable[..., Register]]:
    devices = []

    def make(*arguments: int, **options: int) -> Register:
        devices.append(Register(*arguments, **options).__enter__())
        return devices[-1]

    yield make
    for device in devices:
        device.__exit__()


def test_a_bit_is_read(own: str) -> None:
    assert done("read", own, "holding", "5.3") == "holding  5.3  1\n"
    assert done("read", own, "input", "5.4") == "input  5.4  0\n"


def test_bits_are_read_into_the_next_register(own: str) -> None:
    assert done("read", own, "holding", "3.14", 4) == "holding  3.14..4.1  0 1 1 0\n"
    line = json.loads(done("read", own, "holding", "3.15", 2, "--json"))
    assert line | {"time": ""} == {
        "time": "",
        "url": own,
        "station": 1,
        "table": "holding",
        "address_start": 3,
        "length": 2,
        "bit": 15,
        "data_type": None,
        "values": [1, 1],
    }


@pytest.mark.parametrize(
    ("before", "bit", "value", "after"),
    [(0x0028, 4, "on", 0x0038), (0x0028, 3, "off", 0x0020), (0x8001, 15, "0", 0x0001)],
)
def test_a_bit_is_written_by_function_22(
    register: Callable[..., Register], before: int, bit: int, value: str, after: int
) -> None:
    device = register(before)

    says = done("write", device.url, "holding", f"5.{bit}", value)

    assert says == f"wrote 1 bit to 5.{bit} holding at station 1\n"
    assert (device.value, device.functions) == (after, [22])


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_a_bit_is_read_and_written_where_function_22_is_refused(
    register: Callable[..., Register], code: int
) -> None:
    device = register(0x0028, 22, code=code)

    says = done("write", device.url, "holding", "5.1", "on", "off", "off", "--verify")

    assert says == (
        "wrote 3 bits to 5.1-5.3 holding at station 1, and read the same; "
        "function 22 is refused, so the register was read and written\n"
    )
    assert (device.value, device.functions) == (0x0022, [22, 3, 6, 3])


@pytest.mark.parametrize(("option", "functions"), [("--single", [3, 6]), ("--multiple", [3, 16])])
def test_the_way_to_write_may_be_chosen(
    register: Callable[..., Register], option: str, functions: list[int]
) -> None:
    device = register(0x0028)

    says = done("write", device.url, "holding", "5.3", "off", option)

    assert says == "wrote 1 bit to 5.3 holding at station 1\n"
    assert (device.value, device.functions) == (0x0020, functions)


@pytest.mark.parametrize(("option", "function"), [("single", 6), ("multiple", 16)])
def test_or_by_the_url(register: Callable[..., Register], option: str, function: int) -> None:
    device = register(0x0028)

    done("write", f"{device.url}?{option}=true", "holding", "5.3", "off")

    assert (device.value, device.functions) == (0x0020, [3, function])


@pytest.mark.parametrize("code", [5, 6, 10, 11])
def test_a_device_that_is_busy_or_away_has_refused_nothing(
    register: Callable[..., Register], code: int
) -> None:
    device = register(0x0028, 22, code=code)

    says = refused(1, "write", device.url, "holding", "5.1", "on")

    assert says.startswith(f"exception {code:02X}, ")
    assert device.functions == [22]


def test_a_bit_that_does_not_stay_is_found_out(register: Callable[..., Register]) -> None:
    device = register(0x0028, is_stuck=True)

    says = refused(1, "write", device.url, "holding", "5.1", "on", "--verify")

    assert says == f"{device.url}: 5.1 holding at station 1: wrote 1, and reads 0"


def test_bits_of_several_registers_and_how_many_were_written(own: str) -> None:
    assert done("write", own, "holding", "0.15", "on", "off", "--verify") == (
        "wrote 2 bits to 0.15-1.0 holding at station 1, and read the same\n"
    )
    assert refused(1, "write", own, "holding", "5.15", "on", "on") == (
        "exception 02, illegal data address: 6 holding at station 1; 1 bit before that were written"
    )
    assert (
        done("read", own, "holding", "0-5")
        == "holding  0..5  32768     0     2 32768     1 32808\n"
    )


def test_ranges_and_hexadecimal_numbers(own: str) -> None:
    assert done("read", own, "input", "0x2-0x4") == "input  2..4      2 32768     1\n"
    assert done("read", own, "input", "0-3", "--type", "uint32") == (
        "input  0..1       1\n       2..3  163840\n"
    )
    assert done("write", own, "holding", "0x2-3", 7, 8) == (
        "wrote 2 values to 2-3 holding at station 1\n"
    )
    assert done("write", own, "holding", "2-3", "x", "--type", "string", "--verify") == (
        "wrote a string to 2-3 holding at station 1, and read the same\n"
    )


URL = "tcp://127.0.0.1:1"
USAGE = {
    "no address": (["read", URL, "holding", "abc"], "ADDRESS: expected 0..65535, or first and"),
    "one beyond the last": (["read", URL, "holding", "65536"], "expected 0..65535, got 65536"),
    "one of a manual": (
        ["read", URL, "holding", "400011"],
        "got 400011; addresses count from 0: 400011 of a manual is holding 10 here",
    ),
    "a range of a manual": (["read", URL, "input", "300001-300004"], "is input 0 here"),
    "a range that ends before it begins": (
        ["read", URL, "holding", "9-5"],
        "ADDRESS: expected the first one before the last, got 9-5",
    ),
    "a range and a count": (["read", URL, "holding", "0-9", "3"], "COUNT: expected none"),
    "a range of half values": (
        ["read", URL, "holding", "0-8", "--type", "float32"],
        "ADDRESS: expected a multiple of 2 registers, for float32, got 9",
    ),
    "a range of other values": (
        ["write", URL, "holding", "0-3", "1", "2"],
        "expected values for 4 addresses, got 2",
    ),
    "a bit of a bit": (["read", URL, "coils", "5.1"], "ADDRESS: coils are bits"),
    "no such bit": (["read", URL, "holding", "5.16"], "expected a bit from 0, the lowest, to 15"),
    "a bit beyond the last": (["read", URL, "holding", "65535.15", "2"], "got 65536"),
    "a type of a bit": (
        ["read", URL, "holding", "5.1", "--type", "int16"],
        "--type: a bit of a register has no type",
    ),
    "no bit": (["write", URL, "holding", "5.1", "2"], "expected 0, 1, on, off, true or false"),
    "a bit of an input": (["write", URL, "input", "5.1", "1"], "'input' is not one of"),
    "a length of bits": (["write", URL, "holding", "5.1", "1", "--length", "2"], "--length goes"),
    "a bit of all stations": (
        ["write", "rtu+tcp://127.0.0.1:1", "holding", "5.1", "1", "--unit", "0"],
        "--unit: 0 is all stations of a line",
    ),
}


@pytest.mark.parametrize(("arguments", "says"), USAGE.values(), ids=USAGE)
def test_wrong_usage(arguments: list[str], says: str) -> None:
    assert says in refused(2, *arguments)
