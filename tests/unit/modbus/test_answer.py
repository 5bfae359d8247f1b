"""The order of exceptions: function 01, then quantity, byte count, value 03, then address 02."""

import pytest

from aoba.errors import IllegalDataAddress
from aoba.modbus.answer import answer, broadcast
from aoba.modbus.counters import Counters
from aoba.modbus.peer import Peer
from aoba.modbus.spec import Table
from builders import CLIENT


class FakeStation:
    """Addresses 0..9 of every table; remembers every call."""

    unit = 1

    def __init__(self):
        self.cells = {t: bytearray(10 * (1 if t.is_bits else 2)) for t in Table}
        self.calls = []

    def read(self, table, address, quantity):
        self.calls.append(("read", table, address, quantity))
        width = self._check(table, address, quantity)
        return bytes(self.cells[table][width * address : width * (address + quantity)])

    def write(self, table, address, cells, client):
        width = 1 if table.is_bits else 2
        assert isinstance(client, Peer)
        self.calls.append(("write", table, address, cells))
        self._check(table, address, len(cells) // width)
        self.cells[table][width * address : width * address + len(cells)] = cells

    def _check(self, table, address, quantity):
        if address + quantity > 10:
            raise IllegalDataAddress(table.label, address, quantity)
        return 1 if table.is_bits else 2


@pytest.fixture
def station():
    return FakeStation()


def test_reads_bits(station):
    station.cells[Table.COILS][2:5] = b"\x01\x00\x01"

    assert answer(station, b"\x01\x00\x02\x00\x03", CLIENT) == b"\x01\x01\x05"
    assert station.calls == [("read", Table.COILS, 2, 3)]


def test_reads_each_table_by_its_own_function(station):
    for function, table in zip((1, 2, 3, 4), Table, strict=True):
        answer(station, bytes((function, 0, 0, 0, 1)), CLIENT)
        assert station.calls[-1] == ("read", table, 0, 1)


def test_reads_registers(station):
    station.cells[Table.INPUT][0:4] = b"\x12\x34\x56\x78"

    assert answer(station, b"\x04\x00\x00\x00\x02", CLIENT) == b"\x04\x04\x12\x34\x56\x78"


def test_reads_up_to_the_last_address(station):
    assert answer(station, b"\x03\x00\x09\x00\x01", CLIENT) == b"\x03\x02\x00\x00"
    assert answer(station, b"\x03\x00\x09\x00\x02", CLIENT) == b"\x83\x02"


@pytest.mark.parametrize(
    ("pdu", "response", "stored"),
    [
        (b"\x05\x00\x03\xff\x00", b"\x05\x00\x03\xff\x00", (Table.COILS, 3, b"\x01")),
        (b"\x06\x00\x03\xab\xcd", b"\x06\x00\x03\xab\xcd", (Table.HOLDING, 3, b"\xab\xcd")),
        (
            b"\x0f\x00\x08\x00\x02\x01\x03",
            b"\x0f\x00\x08\x00\x02",
            (Table.COILS, 8, b"\x01\x01"),
        ),
        (
            b"\x10\x00\x08\x00\x02\x04\x00\x01\x00\x02",
            b"\x10\x00\x08\x00\x02",
            (Table.HOLDING, 8, b"\x00\x01\x00\x02"),
        ),
    ],
)
def test_writes(station, pdu, response, stored):
    table, address, cells = stored

    assert answer(station, pdu, CLIENT) == response
    assert station.calls == [("write", *stored)]
    assert station.read(table, address, len(cells) // (1 if table.is_bits else 2)) == cells


BAD_ADDRESS = b"\xff\xff"  # far outside 0..9

REFUSED = [
    # 01 comes first, however wrong the rest is
    (b"\x09" + BAD_ADDRESS, b"\x89\x01"),
    (b"\x0b" + BAD_ADDRESS, b"\x8b\x01"),  # not on a network
    (b"\x00", b"\x80\x01"),
    (b"\x2b\x0d\x01\x00", b"\xab\x01"),  # no such MEI type
    (b"\x08\x00\x03\x12\x34", b"\x88\x01"),  # no such sub-function
    (b"\x83\x00\x00\x00\x01", b"\x83\x01"),
    # 03 comes before 02
    (b"\x01" + BAD_ADDRESS + b"\x00\x00", b"\x81\x03"),  # quantity 0
    (b"\x01" + BAD_ADDRESS + b"\x07\xd1", b"\x81\x03"),  # quantity 2001
    (b"\x02" + BAD_ADDRESS + b"\x07\xd1", b"\x82\x03"),
    (b"\x03" + BAD_ADDRESS + b"\x00\x7e", b"\x83\x03"),  # quantity 126
    (b"\x04" + BAD_ADDRESS + b"\x00\x7e", b"\x84\x03"),
    (b"\x05" + BAD_ADDRESS + b"\x12\x34", b"\x85\x03"),  # value neither on nor off
    (b"\x06" + BAD_ADDRESS + b"\x12", b"\x86\x03"),  # half a value
    (b"\x0f" + BAD_ADDRESS + b"\x07\xb1\xf7" + bytes(247), b"\x8f\x03"),  # quantity 1969
    (b"\x0f" + BAD_ADDRESS + b"\x00\x08\x02\x00\x00", b"\x8f\x03"),  # byte count 2 for 8 coils
    (b"\x10" + BAD_ADDRESS + b"\x00\x7c\xf8" + bytes(247), b"\x90\x03"),  # quantity 124
    (b"\x10" + BAD_ADDRESS + b"\x00\x01\x03\x00\x00\x00", b"\x90\x03"),  # byte count 3
    (b"\x10" + BAD_ADDRESS + b"\x00\x01\x02\x00", b"\x90\x03"),  # half a register
    (b"\x10", b"\x90\x03"),  # nothing but the function code
    # 02 where all else is right
    (b"\x01" + BAD_ADDRESS + b"\x00\x01", b"\x81\x02"),
    (b"\x02\x00\x00\x07\xd0", b"\x82\x02"),  # quantity 2000, the most allowed
    (b"\x03\x00\x00\x00\x7d", b"\x83\x02"),  # quantity 125, the most allowed
    (b"\x04\x00\x0a\x00\x01", b"\x84\x02"),  # the first address that is not there
    (b"\x05" + BAD_ADDRESS + b"\xff\x00", b"\x85\x02"),
    (b"\x06\x00\x0a\x00\x01", b"\x86\x02"),
    (b"\x0f\x00\x09\x00\x02\x01\x03", b"\x8f\x02"),  # half within, half outside
    (b"\x10\x00\x09\x00\x02\x04\x00\x01\x00\x02", b"\x90\x02"),
]


@pytest.mark.parametrize(("pdu", "response"), REFUSED)
def test_refuses_in_the_order_of_the_specification(station, pdu, response):
    assert answer(station, pdu, CLIENT) == response


@pytest.mark.parametrize("pdu", [pdu for pdu, _ in REFUSED])
def test_what_is_refused_changes_nothing(station, pdu):
    before = {table: bytes(cells) for table, cells in station.cells.items()}

    assert answer(station, pdu, CLIENT)[0] & 0x80
    assert station.cells == before


@pytest.mark.parametrize("pdu", [pdu for pdu, response in REFUSED if response[1] != 2])
def test_the_station_is_not_asked_about_a_malformed_request(station, pdu):
    answer(station, pdu, CLIENT)

    assert station.calls == []


LISTEN, RESTART = b"\x08\x00\x04\x00\x00", b"\x08\x00\x01\x00\x00"
READ, WRITE = b"\x03\x00\x00\x00\x01", b"\x06\x00\x03\xab\xcd"


def test_a_client_that_listens_only_gets_no_answer_and_changes_nothing(station):
    client, other = Peer("a"), Peer("b")
    assert answer(station, LISTEN, client) == b""
    assert client.listen_only

    assert answer(station, WRITE, client) == answer(station, b"\x63", client) == b""
    assert station.calls == []
    assert answer(station, READ, other) == b"\x03\x02\x00\x00"

    assert answer(station, RESTART, client) == b""
    assert answer(station, READ, client) == b"\x03\x02\x00\x00"


def test_a_client_that_may_not_diagnose_cannot_be_made_to_listen(station):
    client = Peer("a", functions=frozenset((3,)))

    assert answer(station, LISTEN, client) == b"\x88\x01"
    assert answer(station, READ, client) == b"\x03\x02\x00\x00"


def test_a_broadcast_is_carried_out_by_all(station):
    other, line = FakeStation(), Peer("line", Counters(is_serial=True))

    broadcast([station, other], WRITE, line)

    assert station.calls == other.calls == [("write", Table.HOLDING, 3, b"\xab\xcd")]
    assert (line.counters.messages, line.counters.silences, line.counters.events) == (1, 1, 1)
    assert list(line.counters.log) == [0x40, 0xC0]


@pytest.mark.parametrize("pdu", [READ, RESTART, LISTEN, b"\x63", b"\x06\x00\x03"])
def test_other_broadcasts_do_nothing(station, pdu):
    line = Peer("line", Counters(is_serial=True))

    broadcast([station], pdu, line)

    assert station.calls == []
    assert not line.listen_only
    assert (line.counters.messages, line.counters.events) == (1, 0)


def test_a_broadcast_that_one_station_refuses_is_carried_out_by_the_others(station):
    small, line = FakeStation(), Peer("line", Counters(is_serial=True))
    small.cells[Table.HOLDING] = bytearray()

    broadcast([small, station], WRITE, line)

    assert ("write", Table.HOLDING, 3, b"\xab\xcd") in station.calls
    assert line.counters.events == 1


def test_a_listener_does_not_heed_broadcasts(station):
    line = Peer("line", Counters(is_serial=True))
    line.listen_only = True

    broadcast([station], WRITE, line)

    assert station.calls == []
    assert list(line.counters.log) == [0x60, 0xE0]


def test_the_client_may_be_refused_a_broadcast_too(station):
    broadcast([station], WRITE, Peer("line", Counters(is_serial=True), frozenset((3,))))

    assert station.calls == []
