"""`aoba read` and `aoba write` against Aoba's own server and against that of pymodbus."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.commands import done, refused
from support.device import FAILING, STUCK, Device
from support.documents import printing
from support.server import Server
from support.terminal import Screen

RANGES = {
    "holding": [
        {"address_start": 0, "length": 300, "initial_values": list(range(300))},
        {"address_start": 1000, "data_type": "float32", "initial_values": [17.1, -0.5]},
    ],
    "input": [{"address_start": 0, "initial_values": [7]}],
    "coils": [{"address_start": 0, "length": 2500}],
}


@pytest.fixture(scope="module")
def device() -> Iterator[str]:
    with Device() as device:
        yield device.url


@pytest.fixture(scope="module")
def own(shared_serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("own") / "source.py"
    path.write_text(printing(json.dumps([{"id": 1, "mode": "slave", "map": RANGES}])))
    return f"tcp://127.0.0.1:{shared_serve(path).port}"


@pytest.fixture(params=["own", "device"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(request.param)


def values(*arguments: object) -> list[Any]:
    return json.loads(done("read", "--json", *arguments))["values"]


def test_registers_in_a_table(url: str) -> None:
    assert done("read", url, "--unit", "1", "holding", "190", "12") == (
        "holding  190..199  190 191 192 193 194 195 196 197 198 199\n         200..201  200 201\n"
    )


def test_one_value_where_no_count_is_given(url: str) -> None:
    assert done("read", url, "holding", 42) == "holding  42  42\n"


def test_more_than_one_request_can_hold(url: str) -> None:
    assert values(url, "holding", 1, 299) == list(range(1, 300))
    assert len(values(url, "coils", 0, 2500)) == 2500


def test_json_says_what_was_read(url: str) -> None:
    line = json.loads(done("read", url, "input", 0, "--json", "--type", "int16"))
    assert line.pop("time")
    assert line == {
        "url": url,
        "station": 1,
        "table": "input",
        "address_start": 0,
        "length": 1,
        "data_type": "int16",
        "values": line["values"],
    }
    assert line["values"] in ([7], [0])  # Aoba's, pymodbus'


def test_typed_values_are_read(own: str) -> None:
    assert values(own, "holding", 1000, 2, "--type", "float32") == [17.1, -0.5]
    assert done("read", own, "holding", 1000, 2, "--type", "float32") == (
        "holding  1000..1001  17.1\n         1002..1003  -0.5\n"
    )


def test_scaled_values_have_all_their_digits(own: str) -> None:
    milliseconds = ["--type", "uint64", "--scale", "0.001"]
    done("write", own, "holding", 20, *milliseconds, "1764403200.123", "0.3")
    assert done("read", own, "holding", 20, 2, *milliseconds) == (
        "holding  20..23  1764403200.123\n         24..27             0.3\n"
    )
    assert values(own, "holding", 20, 2, *milliseconds) == [1764403200.123, 0.3]
    assert values(own, "holding", 20, 2, "--type", "uint64") == [1764403200123, 300]
    with Screen("read", own, "holding", 20, *milliseconds, "--watch", "1h", terminal=True) as it:
        it.shows(" 1764403200.123")


def test_integers_have_all_their_digits(own: str) -> None:
    large = ["--type", "uint64", "--scale", "10"]
    done("write", own, "holding", 20, *large, "12345678901234567890", "--verify")
    assert done("read", own, "holding", 20, *large) == "holding  20..23  12345678901234567890\n"
    assert values(own, "holding", 20, *large) == [12345678901234567890]


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (["--type", "int16", "-5", "7"], [-5, 7]),
        (["--type", "float32", "--word-order", "little", "-1.5e3", "2.25"], [-1500.0, 2.25]),
        (["--type", "uint64", "--byte-order", "little", "0x102030405060708"], [0x102030405060708]),
        (["--type", "int16", "--scale", "0.1", "--offset", "20", "-3.5"], [-3.5]),
    ],
)
def test_what_is_written_is_read(url: str, arguments: list[str], written: list[Any]) -> None:
    options = arguments[: len(arguments) - len(written)]
    assert "and read the same" in done("write", url, "holding", 20, *arguments, "--verify")
    assert values(url, "holding", 20, len(written), *options) == written


def test_a_string_is_written_over_a_longer_one(url: str) -> None:
    text = ["--type", "string"]
    done("write", url, "holding", 30, "PUMP 17", *text)
    assert done("write", url, "holding", 30, "FAN", *text, "--length", 4, "--verify") == (
        "wrote a string to 30-33 holding at station 1, and read the same\n"
    )
    assert values(url, "holding", 30, 4, *text) == ["FAN"]


def test_more_than_one_request_can_write(url: str) -> None:
    assert done("write", url, "holding", 50, *range(1000, 1240), "--verify") == (
        "wrote 240 values to 50-289 holding at station 1, and read the same\n"
    )
    coils = ["on", "0", "true"] * 700
    done("write", url, "coils", 100, *coils, "--verify")
    assert values(url, "coils", 100, 2100) == [1, 0, 1] * 700


def test_single_writes(url: str) -> None:
    assert done("write", url, "holding", 40, 1, 2, 3, "--single") == (
        "wrote 3 values to 40-42 holding at station 1\n"
    )
    done("write", url, "coils", 1, "on", "--multiple", "--verify")
    assert values(url, "holding", 40, 3) == [1, 2, 3]


def test_an_address_that_is_not_there(url: str) -> None:
    assert refused(1, "read", url, "holding", 9000, 10) == (
        "exception 02, illegal data address: 9000-9009 holding at station 1"
    )


def test_a_station_that_is_not_there(url: str) -> None:
    assert refused(1, "read", url, "--unit", 99, "holding", 0) == (
        "exception 0B, gateway target device failed to respond "
        "(check the unit id; `aoba scan` finds those that answer): 0 holding at station 99"
    )


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6, 8, 10, 11])
def test_exceptions_of_a_device_are_shown_in_words(device: str, code: int) -> None:
    assert f"exception {code:02X}, " in refused(1, "read", device, "input", FAILING + code)


def test_what_was_written_before_a_refusal_is_named(own: str) -> None:
    assert refused(1, "write", own, "holding", 170, *range(1, 150)) == (
        "exception 02, illegal data address: 293-318 holding at station 1; "
        "170-292 holding at station 1 were written"
    )


def test_a_device_that_keeps_its_own_value_is_found_out(device: str) -> None:
    assert refused(1, "write", device, "holding", STUCK - 2, 1, 2, 30, 4, "--verify") == (
        f"{device}: {STUCK} holding at station 1: wrote 30, and reads {STUCK}"
    )


USAGE = {
    "a value that does not fit": (
        ["write", "tcp://127.0.0.1:1", "holding", "0", "1", "-5"],
        "value 2 of 2: expected 0..65535, got -5; --type has other limits",
    ),
    "an address beyond the table": (
        ["write", "tcp://127.0.0.1:1", "holding", "65535", "1", "2"],
        "2 addresses from 65535 on: expected the last to be at most 65535, got 65536",
    ),
    "a table that cannot be written": (
        ["write", "tcp://127.0.0.1:1", "input", "0", "1"],
        "'input' is not one of 'coils', 'holding'",
    ),
    "an unknown table": (["read", "tcp://127.0.0.1:1", "registers", "0"], "'holding', 'input'"),
    "a type of bits": (
        ["read", "tcp://127.0.0.1:1", "coils", "0", "--type", "int16"],
        "--type: coils are bits, which have no type",
    ),
    "two ways to write": (
        ["write", "tcp://127.0.0.1:1", "holding", "0", "1", "--single", "--multiple"],
        "--single and --multiple exclude each other",
    ),
    "no time": (
        ["read", "tcp://127.0.0.1:1", "coils", "0", "--timeout", "soon"],
        "--timeout: expected seconds",
    ),
    "a broadcast that is read": (
        ["read", "rtu:///dev/ttyUSB0", "coils", "0", "--unit", "0"],
        "--unit: 0 is all stations of a line, and none of them answers",
    ),
    "a broadcast that is verified": (
        ["write", "rtu+tcp://127.0.0.1:1", "coils", "0", "1", "--unit", "0", "--verify"],
        "--verify: unit id 0 is all stations of a line",
    ),
    "a URL that is none": (["read", "127.0.0.1", "coils", "0"], "not a URL; expected tcp://"),
}


@pytest.mark.parametrize(("arguments", "says"), USAGE.values(), ids=USAGE)
def test_wrong_usage(arguments: list[str], says: str) -> None:
    assert says in refused(2, *arguments)
