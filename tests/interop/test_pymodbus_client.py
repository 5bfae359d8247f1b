"""pymodbus as a client: tables, limits, exceptions, unit ids."""

from collections.abc import Callable, Iterator

import pytest
from pymodbus.client import ModbusTcpClient

from support.documents import document, printing, station
from support.server import Server

REGISTERS = list(range(500, 700))
BITS = [i % 3 == 0 for i in range(2400)]
ILLEGAL_ADDRESS, NO_SUCH_STATION = 2, 0x0B

ONE_STATION = document(
    station(7, holding=REGISTERS, input=REGISTERS[::-1], coils=BITS, discrete_inputs=BITS[1:]),
    interval=60_000,
)


@pytest.fixture(scope="module")
def server(shared_serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    path = tmp_path_factory.mktemp("interop") / "one.py"
    path.write_text(printing(ONE_STATION))
    return shared_serve(path)


@pytest.fixture
def client(server: Server) -> Iterator[ModbusTcpClient]:
    with ModbusTcpClient("127.0.0.1", port=server.port, timeout=20, retries=0) as client:
        yield client


@pytest.mark.parametrize("unit", [7, 0, 255])
def test_reads_of_all_tables_up_to_the_limit(client: ModbusTcpClient, unit: int) -> None:
    holding = client.read_holding_registers(0, count=125, device_id=unit)
    assert holding.registers == REGISTERS[:125]
    inputs = client.read_input_registers(75, count=125, device_id=unit)
    assert inputs.registers == REGISTERS[::-1][75:]
    coils = client.read_coils(100, count=2000, device_id=unit)
    assert coils.bits[:2000] == BITS[100:2100]
    discrete = client.read_discrete_inputs(1, count=2000, device_id=unit)
    assert discrete.bits[:2000] == BITS[2:2002]


def test_single_writes(client: ModbusTcpClient) -> None:
    client.write_register(150, 0xFFFF, device_id=7)
    client.write_register(151, 0, device_id=7)
    assert client.read_holding_registers(150, count=2, device_id=7).registers == [0xFFFF, 0]
    for value in (True, False):
        assert not client.write_coil(2200, value, device_id=7).isError()
        assert client.read_coils(2200, count=1, device_id=7).bits[0] is value


def test_multiple_writes_up_to_the_limit(client: ModbusTcpClient) -> None:
    registers = [65535 - i for i in range(123)]
    assert not client.write_registers(0, registers, device_id=7).isError()
    assert client.read_holding_registers(0, count=123, device_id=7).registers == registers
    client.write_registers(0, REGISTERS[:123], device_id=7)
    coils = [not bit for bit in BITS[:1968]]
    assert not client.write_coils(0, coils, device_id=7).isError()
    assert client.read_coils(0, count=1968, device_id=7).bits[:1968] == coils
    client.write_coils(0, BITS[:1968], device_id=7)


def test_an_address_that_is_not_defined(client: ModbusTcpClient) -> None:
    assert client.read_holding_registers(199, count=2, device_id=7).exception_code == 2
    assert client.read_coils(2400, count=1, device_id=7).exception_code == ILLEGAL_ADDRESS
    refused = client.write_registers(199, [1, 2], device_id=7)
    assert refused.exception_code == ILLEGAL_ADDRESS
    assert client.read_holding_registers(199, count=1, device_id=7).registers == [699]


def test_a_station_that_is_not_there(client: ModbusTcpClient) -> None:
    answer = client.read_holding_registers(0, count=1, device_id=8)
    assert answer.isError()
    assert answer.exception_code == NO_SUCH_STATION


def test_unit_ids_0_and_255_mean_nobody_where_there_are_two_stations(
    serve: Callable[..., Server], script: Callable[..., object]
) -> None:
    server = serve(script(printing(document(station(1, holding=[1]), station(2, holding=[2])))))
    with ModbusTcpClient("127.0.0.1", port=server.port) as client:
        for unit in (1, 2):
            assert client.read_holding_registers(0, device_id=unit).registers == [unit]
        for unit in (0, 255):
            answer = client.read_holding_registers(0, device_id=unit)
            assert answer.exception_code == NO_SUCH_STATION


def test_an_unsupported_sub_function(client: ModbusTcpClient) -> None:
    assert client.diag_change_ascii_input_delimeter(device_id=7).exception_code == 1
