"""pymodbus as a client: functions beside reading and writing the four tables."""

import json
from collections.abc import Callable, Iterator

import pytest
from pymodbus.client import ModbusTcpClient
from pymodbus.pdu.file_message import FileRecord

from support.server import Server

STATION = {
    "id": 7,
    "mode": "slave",
    "map": {
        "coils": [{"address_start": 0, "initial_values": [1, 0, 1, 0, 0, 0, 0, 1]}],
        "holding": [
            {"address_start": 0, "initial_values": [0x0012, 2, 3, 4]},
            {"address_start": 99, "fifo": True, "initial_values": [440, 4740]},
        ],
    },
    "files": {"4": {"records": [10, 11, 12, 13]}, "5": {"records": [20]}},
}
DOCUMENT = {
    "stations": [STATION],
    "identity": {"vendor_name": "ACME", "product_name": "Pump", "0x80": "blue"},
    "reboot_interval": 60_000,
}
IDENTITY = ("--identity", "product_code=P 1", "--identity", "vendor_name=nobody")
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2


@pytest.fixture(scope="module")
def server(shared_serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    path = tmp_path_factory.mktemp("interop") / "functions.py"
    path.write_text(f"print({json.dumps(DOCUMENT)!r})")
    return shared_serve(path, options=IDENTITY)


@pytest.fixture
def client(server: Server) -> Iterator[ModbusTcpClient]:
    with ModbusTcpClient("127.0.0.1", port=server.port, timeout=20, retries=0) as client:
        yield client


def test_exception_status(client: ModbusTcpClient) -> None:
    assert client.read_exception_status(device_id=7).status == 0b1000_0101


def test_mask_write(client: ModbusTcpClient) -> None:
    answer = client.mask_write_register(address=0, and_mask=0xF2, or_mask=0x25, device_id=7)
    assert not answer.isError()
    assert client.read_holding_registers(0, device_id=7).registers == [0x17]
    client.write_register(0, 0x12, device_id=7)


def test_read_and_write_at_once(client: ModbusTcpClient) -> None:
    answer = client.readwrite_registers(
        read_address=0, read_count=4, write_address=3, values=[99], device_id=7
    )
    assert answer.registers == [0x12, 2, 3, 99]
    client.write_register(3, 4, device_id=7)


def test_a_queue(client: ModbusTcpClient) -> None:
    assert client.read_fifo_queue(address=99, device_id=7).values == [440, 4740]
    assert client.read_fifo_queue(address=0, device_id=7).exception_code == ILLEGAL_ADDRESS
    assert client.read_holding_registers(99, device_id=7).exception_code == ILLEGAL_ADDRESS


def test_files(client: ModbusTcpClient) -> None:
    """pymodbus counts the length in bytes, and puts half of it into the request."""
    asked = [
        FileRecord(file_number=4, record_number=1, record_length=4),
        FileRecord(file_number=5, record_number=0, record_length=2),
    ]
    answer = client.read_file_record(asked, device_id=7)
    assert [part.record_data for part in answer.records] == [b"\0\x0b\0\x0c", b"\0\x14"]

    changed = FileRecord(file_number=4, record_number=2, record_data=b"\xab\xcd\xef\x01")
    assert not client.write_file_record([changed], device_id=7).isError()
    asked = FileRecord(file_number=4, record_number=0, record_length=8)
    answer = client.read_file_record([asked], device_id=7)
    assert answer.records[0].record_data == b"\0\x0a\0\x0b\xab\xcd\xef\x01"

    beyond = FileRecord(file_number=4, record_number=4, record_length=2)
    assert client.read_file_record([beyond], device_id=7).exception_code == ILLEGAL_ADDRESS


def test_identification(client: ModbusTcpClient) -> None:
    basic = client.read_device_information(read_code=1, object_id=0, device_id=7)
    assert basic.information[0] == b"ACME"  # a document comes before the command line
    assert basic.information[1] == b"P 1"
    assert set(basic.information) == {0, 1, 2}
    assert basic.conformity == 0x83
    extended = client.read_device_information(read_code=3, object_id=0, device_id=7)
    assert (extended.information[4], extended.information[0x80]) == (b"Pump", b"blue")
    single = client.read_device_information(read_code=4, object_id=4, device_id=7)
    assert single.information == {4: b"Pump"}
    missing = client.read_device_information(read_code=4, object_id=5, device_id=7)
    assert missing.exception_code == ILLEGAL_ADDRESS


def test_server_id(client: ModbusTcpClient) -> None:
    answer = client.report_device_id(device_id=7)
    assert answer.identifier.startswith(b"\x07\xffACME P 1 ")


def test_diagnostics(client: ModbusTcpClient) -> None:
    assert client.diag_query_data(b"\xa5\x37", device_id=7).message == b"\xa5\x37"
    assert client.diag_read_diagnostic_register(device_id=7).message == 0
    client.diag_clear_counters(device_id=7)
    client.read_holding_registers(1234, device_id=7)
    assert client.diag_read_bus_message_count(device_id=7).message == 2
    assert client.diag_read_bus_exception_error_count(device_id=7).message == 1
    assert client.diag_read_device_message_count(device_id=7).message == 4
    for count in (
        client.diag_read_bus_comm_error_count,
        client.diag_read_device_no_response_count,
        client.diag_read_device_nak_count,
        client.diag_read_device_busy_count,
        client.diag_read_bus_char_overrun_count,
    ):
        assert count(device_id=7).message == 0
    assert not client.diag_clear_overrun_counter(device_id=7).isError()


def test_a_client_that_listens_only_silences_nobody_else(
    client: ModbusTcpClient, server: Server
) -> None:
    client.diag_force_listen_only(device_id=7)
    with ModbusTcpClient("127.0.0.1", port=server.port, timeout=20, retries=0) as other:
        assert other.read_holding_registers(1, device_id=7).registers == [2]
    client.diag_restart_communication(False, device_id=7, no_response_expected=True)
    assert client.read_holding_registers(1, device_id=7).registers == [2]


def test_what_belongs_to_serial_lines_is_refused(client: ModbusTcpClient) -> None:
    assert client.diag_get_comm_event_counter(device_id=7).exception_code == ILLEGAL_FUNCTION
    assert client.diag_get_comm_event_log(device_id=7).exception_code == ILLEGAL_FUNCTION
