"""The example scripts and documents of the data source's description work as printed there.

The files in `seed` are copies, character by character. In example 4 the path of the database is
replaced by one that exists.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient

from support.documents import printing, until_exists
from support.server import Server
from support.waiting import eventually

SEED = Path(__file__).parent / "seed"
ILLEGAL_DATA_ADDRESS = 2
NO_SUCH_STATION = 0x0B


class Reader:
    """pymodbus, function by function."""

    def __init__(self, client: ModbusTcpClient) -> None:
        self._client = client
        self.functions = {
            "coils": client.read_coils,
            "discrete_inputs": client.read_discrete_inputs,
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
        }

    def values(self, table: str, address: int, count: int, unit: int = 1) -> list[int]:
        answer = self.functions[table](address, count=count, device_id=unit)
        assert not answer.isError(), answer
        return answer.bits[:count] if "bits" in vars(answer) and answer.bits else answer.registers

    def exception(self, table: str, address: int, unit: int = 1) -> int:
        answer = self.functions[table](address, count=1, device_id=unit)
        assert answer.isError(), answer
        return answer.exception_code

    def has_only(self, table: str, unit: int = 1) -> None:
        """Every function but the one for `table` finds no address there."""
        for other in self.functions:
            if other != table:
                assert self.exception(other, 0, unit) == ILLEGAL_DATA_ADDRESS, other


@contextmanager
def reader(server: Server) -> Iterator[Reader]:
    with ModbusTcpClient("127.0.0.1", port=server.port) as client:
        yield Reader(client)


def test_example_1_serves_ten_static_values(serve: Callable[..., Server]) -> None:
    with reader(serve(f"python:external:{SEED / 'example1_static.py'}")) as read:
        assert read.values("holding", 0, 10) == list(range(100, 1001, 100))
        assert read.exception("holding", 10) == ILLEGAL_DATA_ADDRESS
        assert read.exception("holding", 0, unit=2) == NO_SUCH_STATION
        read.has_only("holding")


def test_example_2_serves_values_in_the_ranges_of_its_sensors(serve: Callable[..., Server]) -> None:
    with reader(serve(SEED / "example2_sensors.py")) as read:
        temperature, humidity, pressure = read.values("holding", 0, 3)
        assert 20 <= temperature <= 30
        assert 40 <= humidity <= 60
        assert 1000 <= pressure <= 1020
        assert read.exception("holding", 3) == ILLEGAL_DATA_ADDRESS
        read.has_only("holding")


def test_example_3_serves_two_stations(serve: Callable[..., Server]) -> None:
    with reader(serve(SEED / "example3_stations.py")) as read:
        assert read.values("holding", 0, 5, unit=1) == [1, 2, 3, 4, 5]
        read.has_only("holding", unit=1)
        assert read.values("coils", 0, 8, unit=2) == [True, False] * 4
        assert read.exception("coils", 8, unit=2) == ILLEGAL_DATA_ADDRESS
        read.has_only("coils", unit=2)


def test_example_4_serves_readings_from_a_database(
    serve: Callable[..., Server], script: Callable[..., Path], tmp_path: Path
) -> None:
    database = tmp_path / "sensors.db"
    _fill(database, [(1, 10, 111), (1, 12, 333), (2, 0, 65535)])
    source = (SEED / "example4_database.py").read_text()
    assert source.count("/path/to/sensors.db") == 1
    path = script(source.replace("/path/to/sensors.db", str(database)))
    with reader(serve(path)) as read:
        assert read.values("holding", 10, 3, unit=1) == [111, 0, 333]
        assert read.exception("holding", 9, unit=1) == ILLEGAL_DATA_ADDRESS
        assert read.values("holding", 0, 1, unit=2) == [65535]


def test_example_4_without_its_database_says_so_in_the_log(serve: Callable[..., Server]) -> None:
    server = serve(SEED / "example4_database.py")
    server.wait_for_log(r"WARNING .*example4_database\.py run 1: Error reading from database: ")
    server.wait_for_log(r"ERROR .*example4_database\.py run 1: run failed: exit status 1")


def test_format_1_pretty_printed_over_many_lines(
    serve: Callable[..., Server], script: Callable[..., Path]
) -> None:
    text = (SEED / "format1_document.json").read_text()
    assert text.count("\n") > 10
    with reader(serve(script(printing(text)))) as read:
        assert read.values("holding", 0, 10) == list(range(100, 1001, 100))
        read.has_only("holding")


def test_format_2_json_lines_take_effect_one_after_the_other(
    serve: Callable[..., Server], script: Callable[..., Path], tmp_path: Path
) -> None:
    first, second = (SEED / "format2_lines.jsonl").read_text().splitlines()
    gate = tmp_path / "gate"
    with reader(serve(script(printing(first), until_exists(gate), printing(second)))) as read:
        assert read.values("holding", 0, 5) == [1, 2, 3, 4, 5]
        gate.touch()
        eventually(lambda: read.values("holding", 0, 5) == [6, 7, 8, 9, 10])
        read.has_only("holding")


@pytest.mark.parametrize("mode", ["python:external:", "python:", ""])
def test_every_way_to_name_a_script(serve: Callable[..., Server], mode: str) -> None:
    server = serve(options=["--data-source", f"{mode}{SEED / 'example1_static.py'}"])
    with reader(server) as read:
        assert read.values("holding", 9, 1) == [1000]


def _fill(database: Path, rows: list[tuple[int, int, int]]) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "CREATE TABLE sensor_readings"
            " (station_id INTEGER, register_address INTEGER, value INTEGER, timestamp TEXT)"
        )
        connection.executemany(
            "INSERT INTO sensor_readings VALUES (?, ?, ?, datetime('now'))", rows
        )
