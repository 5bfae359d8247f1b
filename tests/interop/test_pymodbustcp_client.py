"""pyModbusTCP as a client, also with quantities beyond the limits, which it lets through raw."""

import struct
from collections.abc import Callable, Iterator

import pytest
from pyModbusTCP.client import ModbusClient
from pyModbusTCP.constants import MB_EXCEPT_ERR

from support.documents import document, printing, station
from support.server import Server

REGISTERS = list(range(500, 700))
BITS = [i % 3 == 0 for i in range(2400)]
ILLEGAL_ADDRESS, ILLEGAL_VALUE, NO_SUCH_STATION = 2, 3, 0x0B


@pytest.fixture(scope="module")
def server(shared_serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    tables = station(
        1, holding=REGISTERS, input=REGISTERS[::-1], coils=BITS, discrete_inputs=BITS[1:]
    )
    path = tmp_path_factory.mktemp("interop") / "one.py"
    path.write_text(printing(document(tables, interval=60_000)))
    return shared_serve(path)


@pytest.fixture
def client(server: Server) -> Iterator[ModbusClient]:
    client = ModbusClient("127.0.0.1", server.port, unit_id=1, timeout=20.0)
    yield client
    client.close()


def refusal(client: ModbusClient, pdu: bytes) -> int:
    """The exception code that `pdu` is answered with."""
    assert client.custom_request(pdu) is None
    assert client.last_error == MB_EXCEPT_ERR
    return client.last_except


def test_reads_of_all_tables_up_to_the_limit(client: ModbusClient) -> None:
    assert client.read_holding_registers(0, 125) == REGISTERS[:125]
    assert client.read_input_registers(75, 125) == REGISTERS[::-1][75:]
    assert client.read_coils(100, 2000) == BITS[100:2100]
    assert client.read_discrete_inputs(1, 2000) == BITS[2:2002]


def test_writes_up_to_the_limit(client: ModbusClient) -> None:
    assert client.write_single_register(150, 65535)
    assert client.write_multiple_registers(0, [65535 - i for i in range(123)])
    assert client.read_holding_registers(0, 123) == [65535 - i for i in range(123)]
    assert client.read_holding_registers(150, 1) == [65535]
    assert client.write_single_coil(2200, True)
    assert client.write_multiple_coils(0, [not bit for bit in BITS[:1968]])
    assert client.read_coils(0, 1968) == [not bit for bit in BITS[:1968]]
    assert client.read_coils(2200, 1) == [True]


@pytest.mark.parametrize(
    ("function", "quantity"), [(1, 2001), (2, 2001), (3, 126), (4, 126), (1, 0), (3, 0)]
)
def test_one_more_than_can_be_read_is_refused(
    client: ModbusClient, function: int, quantity: int
) -> None:
    assert refusal(client, struct.pack(">BHH", function, 0, quantity)) == ILLEGAL_VALUE


def test_one_more_than_can_be_written_is_refused(client: ModbusClient) -> None:
    before = client.read_holding_registers(0, 125), client.read_coils(0, 1969)
    registers = struct.pack(">BHHB", 16, 0, 124, 248) + b"\x11" * 246  # as much as a PDU holds
    assert refusal(client, registers) == ILLEGAL_VALUE
    coils = struct.pack(">BHHB", 15, 0, 1969, 247) + b"\x55" * 247
    assert refusal(client, coils) == ILLEGAL_VALUE
    assert (client.read_holding_registers(0, 125), client.read_coils(0, 1969)) == before


def test_exceptions_are_seen_as_such(client: ModbusClient) -> None:
    assert client.read_holding_registers(200, 1) is None
    assert client.last_error == MB_EXCEPT_ERR
    assert client.last_except == ILLEGAL_ADDRESS
    client.unit_id = 2
    assert client.read_holding_registers(0, 1) is None
    assert client.last_except == NO_SUCH_STATION


@pytest.mark.parametrize("unit", [0, 255])
def test_unit_ids_0_and_255_mean_the_only_station(client: ModbusClient, unit: int) -> None:
    client.unit_id = unit
    assert client.read_input_registers(0, 3) == [699, 698, 697]
