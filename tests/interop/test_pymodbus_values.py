"""Typed values over TCP, converted back by pymodbus: every type in every order."""

import json
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from pymodbus.client import ModbusTcpClient

from aoba.document.values import TYPES
from support.documents import printing
from support.server import Server

WIDTH = 32  # registers from one range to the next
ORDERS = ["big", "little"]
CASES = list(product(TYPES, ORDERS, ORDERS))
VALUES: dict[str, list[Any]] = {
    "uint16": [0, 1, 0xFFFE, 65535],
    "int16": [-32768, -1, 258, 32767],
    "uint32": [0, 0x12345678, 2**32 - 1],
    "int32": [-(2**31), -2, 0x12345678, 2**31 - 1],
    "uint64": [0, 0x0123456789ABCDEF, 2**64 - 1],
    "int64": [-(2**63), -2, 2**63 - 1],
    "float32": [0.0, -123.5, 2.0**-149, 2.0**127],
    "float64": [0.1, -1.7976931348623157e308, 5e-324],
    "string": ["Kessel 7 °C"],
}


def a_document() -> str:
    ranges = [
        {
            "address_start": WIDTH * i,
            "data_type": data_type,
            "word_order": word_order,
            "byte_order": byte_order,
            "initial_values": VALUES[data_type],
        }
        for i, (data_type, word_order, byte_order) in enumerate(CASES)
    ]
    tables = {"holding": ranges, "input": ranges}
    return json.dumps([{"id": 1, "mode": "master", "map": tables}])


@pytest.fixture(scope="module")
def client(
    shared_serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModbusTcpClient]:
    path = tmp_path_factory.mktemp("interop") / "typed.py"
    path.write_text(printing(a_document()))
    server = shared_serve(path)
    with ModbusTcpClient("127.0.0.1", port=server.port, timeout=20, retries=0) as client:
        yield client


@pytest.mark.parametrize("table", ["holding", "input"])
@pytest.mark.parametrize(("data_type", "word_order", "byte_order"), CASES)
def test_pymodbus_reads_the_values_that_the_script_gave(
    client: ModbusTcpClient, table: str, data_type: str, word_order: Any, byte_order: str
) -> None:
    start = WIDTH * CASES.index((data_type, word_order, byte_order))
    values = VALUES[data_type]
    theirs = client.DATATYPE[data_type.upper()]
    count = (len(values[0].encode()) + 1) // 2 if data_type == "string" else None
    count = count or len(values) * TYPES[data_type].registers
    read = getattr(client, f"read_{table}_registers")
    registers = read(start, count=count, device_id=1).registers
    assert len(registers) == count
    if byte_order == "little":  # which pymodbus leaves to its users
        registers = [register >> 8 | (register & 0xFF) << 8 for register in registers]
    got = client.convert_from_registers(registers, theirs, word_order)
    assert (got if isinstance(got, list) else [got]) == values
    if data_type == "string" or word_order == "big":
        assert (
            client.convert_to_registers(
                values[0] if data_type == "string" else values, theirs, word_order
            )
            == registers
        )


def test_a_value_that_a_client_writes_is_read_as_it_was_written(client: ModbusTcpClient) -> None:
    start = WIDTH * CASES.index(("float32", "little", "big"))
    registers = client.convert_to_registers(-7.25, client.DATATYPE.FLOAT32, "little")
    assert not client.write_registers(start, registers, device_id=1).isError()
    assert client.read_holding_registers(start, count=2, device_id=1).registers == registers
