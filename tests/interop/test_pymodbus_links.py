"""pymodbus as a client on every other link: TLS, UDP, RTU, ASCII and RTU over TCP."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.client import (
    ModbusSerialClient,
    ModbusTcpClient,
    ModbusTlsClient,
    ModbusUdpClient,
)
from pymodbus.client.base import ModbusBaseSyncClient
from pymodbus.exceptions import ModbusIOException

from support.certificates import Authority
from support.documents import document, printing, station
from support.lines import Cable
from support.server import Server

REGISTERS = list(range(500, 700))
BITS = [i % 3 == 0 for i in range(2400)]
ON_A_BUS = ("rtu", "ascii", "rtu+tcp")
PATIENCE = 20
SHORT = 0.3  # seconds to wait for an answer that must not come

DOCUMENT = document(
    station(7, holding=REGISTERS, input=REGISTERS[::-1], coils=BITS, discrete_inputs=BITS[1:]),
    station(8, holding=[1, 2, 3]),
    interval=60_000,
)


class Bench:
    """A server on one link, and clients of it; `kind` is the link's scheme."""

    def __init__(self, kind: str, stack: ExitStack, folder: Path) -> None:
        self.kind = kind
        script = folder / "two.py"
        script.write_text(printing(DOCUMENT))
        listen = f"{kind}://127.0.0.1:0"
        if kind in ("rtu", "ascii"):
            cable = stack.enter_context(Cable())
            listen, self.device = f"{kind}://{cable.devices[0]}", cable.devices[1]
        elif kind == "tls":
            self.authority = Authority(folder)
            mine = self.authority.issue("server")
            listen += f"?cert={mine.cert}&key={mine.key}&ca={self.authority.cert}"
        self.server = stack.enter_context(Server(script, listen=listen))
        self.server.wait_for_log("listening on")

    def client(self, patience: float = PATIENCE) -> ModbusBaseSyncClient:
        options = {"timeout": patience, "retries": 0}
        if self.kind in ("rtu", "ascii"):
            framer = FramerType(self.kind)
            return ModbusSerialClient(self.device, framer=framer, baudrate=9600, **options)
        port = self.server.port
        if self.kind == "tls":
            mine = self.authority.issue("client")
            context = ssl.create_default_context(cafile=self.authority.cert)
            context.check_hostname = False  # this client does not tell it the host
            context.load_cert_chain(mine.cert, mine.key)
            return ModbusTlsClient("127.0.0.1", port=port, sslctx=context, **options)
        if self.kind == "udp":
            return ModbusUdpClient("127.0.0.1", port=port, **options)
        return ModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU, **options)


@pytest.fixture(scope="module", params=["tls", "udp", *ON_A_BUS])
def bench(request, tmp_path_factory) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(request.param, stack, tmp_path_factory.mktemp("links"))


@pytest.fixture
def client(bench: Bench) -> Iterator[ModbusBaseSyncClient]:
    with bench.client() as client:
        yield client


def test_reads_of_all_tables_up_to_the_limit(client: ModbusBaseSyncClient) -> None:
    holding = client.read_holding_registers(0, count=125, device_id=7)
    assert holding.registers == REGISTERS[:125]
    inputs = client.read_input_registers(75, count=125, device_id=7)
    assert inputs.registers == REGISTERS[::-1][75:]
    coils = client.read_coils(100, count=2000, device_id=7)
    assert coils.bits[:2000] == BITS[100:2100]
    discrete = client.read_discrete_inputs(1, count=2000, device_id=7)
    assert discrete.bits[:2000] == BITS[2:2002]


def test_writes(client: ModbusBaseSyncClient) -> None:
    assert not client.write_register(150, 0xFFFF, device_id=7).isError()
    registers = [65535 - i for i in range(123)]
    assert not client.write_registers(0, registers, device_id=7).isError()
    assert client.read_holding_registers(0, count=123, device_id=7).registers == registers
    assert client.read_holding_registers(150, count=1, device_id=7).registers == [0xFFFF]
    client.write_registers(0, REGISTERS[:123], device_id=7)
    assert not client.write_coil(2200, value=True, device_id=7).isError()
    coils = [not bit for bit in BITS[:1968]]
    assert not client.write_coils(0, coils, device_id=7).isError()
    assert client.read_coils(0, count=1968, device_id=7).bits[:1968] == coils
    client.write_coils(0, BITS[:1968], device_id=7)


def test_all_links_serve_the_same_stations(client: ModbusBaseSyncClient) -> None:
    assert client.read_holding_registers(0, count=3, device_id=8).registers == [1, 2, 3]


def test_exceptions(client: ModbusBaseSyncClient) -> None:
    assert client.read_holding_registers(199, count=2, device_id=7).exception_code == 2
    assert client.read_input_registers(0, count=1, device_id=8).exception_code == 2


def test_a_station_that_is_not_there(bench: Bench) -> None:
    with bench.client(SHORT if bench.kind in ON_A_BUS else PATIENCE) as client:
        if bench.kind in ON_A_BUS:
            with pytest.raises(ModbusIOException):
                client.read_holding_registers(0, count=1, device_id=9)
        else:
            assert client.read_holding_registers(0, count=1, device_id=9).exception_code == 0x0B
    with bench.client() as client:
        assert client.read_holding_registers(0, count=1, device_id=8).registers == [1]


@pytest.mark.parametrize("bench", ON_A_BUS, indirect=True)
def test_everybody_is_told_on_a_bus(bench: Bench) -> None:
    with bench.client() as client:
        client.write_register(2, 77, device_id=0, no_response_expected=True)
        for unit in (7, 8):
            assert client.read_holding_registers(2, count=1, device_id=unit).registers == [77]
        client.write_register(2, 3, device_id=8)
        client.write_register(2, REGISTERS[2], device_id=7)


def test_several_links_at_once_serve_the_same_values(tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(printing(DOCUMENT))
    with ExitStack() as stack:
        cable = stack.enter_context(Cable())
        more = ("--listen", "udp://127.0.0.1:0", "--listen", f"rtu://{cable.devices[0]}")
        server = stack.enter_context(Server(script, options=more))
        port = int(server.wait_for_log(r"listening on udp://127\.0\.0\.1:(\d+)")[1])
        server.wait_for_log("listening on rtu://")
        options = {"timeout": PATIENCE, "retries": 0}
        with (
            ModbusTcpClient("127.0.0.1", port=server.port, **options) as tcp,
            ModbusUdpClient("127.0.0.1", port=port, **options) as udp,
            ModbusSerialClient(cable.devices[1], baudrate=9600, **options) as rtu,
        ):
            for value, writer in enumerate((tcp, udp, rtu), start=1000):
                writer.write_register(0, value, device_id=8)
                for reader in (tcp, udp, rtu):
                    assert reader.read_holding_registers(0, device_id=8).registers == [value]
