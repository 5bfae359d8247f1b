"""A document with every address of all four tables, at once and value by value."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.server import Server, run_aoba
from support.wire import Client, read_pdu

SIZE = 65_536
SCRIPT = f"""
import json
whole = {{"address_start": 0, "length": {SIZE}}}
tables = {{
    "coils": [i % 3 == 0 for i in range({SIZE})],
    "discrete_inputs": [i % 5 for i in range({SIZE})],
    "holding": list(range({SIZE})),
    "input": [{SIZE} - 1 - i for i in range({SIZE})],
}}
ranges = {{name: [dict(whole, initial_values=values)] for name, values in tables.items()}}
stations = [{{"id": unit, "mode": "master", "map": ranges}} for unit in (1, 247)]
print(json.dumps({{"stations": stations, "reboot_interval": 60000}}))
"""
VALUES = {
    "coils": [int(i % 3 == 0) for i in range(SIZE)],
    "discrete_inputs": [int(i % 5 != 0) for i in range(SIZE)],
    "holding": list(range(SIZE)),
    "input": [SIZE - 1 - i for i in range(SIZE)],
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("full") / "full.py"
    path.write_text(SCRIPT)
    return path


@pytest.fixture(scope="module")
def client(shared_serve: Callable[..., Server], path: Path) -> Iterator[Client]:
    server = shared_serve(path)
    server.wait_for_log("first document: station 1 .* holding 0..65535")
    with Client(server.port) as client:
        yield client


@pytest.mark.parametrize("unit", [1, 247])
@pytest.mark.parametrize("table", VALUES)
def test_every_value_reads_right(client: Client, table: str, unit: int) -> None:
    assert client.read(table, 0, SIZE, unit=unit) == VALUES[table]


@pytest.mark.parametrize("table", VALUES)
def test_the_table_ends_at_65535(client: Client, table: str) -> None:
    assert client.read(table, SIZE - 1, 1) == VALUES[table][-1:]
    function = read_pdu(table, 0, 1)[0]
    assert client.ask(read_pdu(table, SIZE - 1, 2)) == bytes([function | 0x80, 2])


def test_check_shows_it_in_short(path: Path) -> None:
    done = run_aoba("check", path)
    assert done.returncode == 0
    assert "more values, --json shows all" in done.stdout
    assert done.stdout.count("\n") < 200
