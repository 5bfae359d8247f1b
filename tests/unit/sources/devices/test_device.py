"""A polled device on a line that is none: its registers are a list of the test's."""

import asyncio
import logging
import time
from collections import Counter

import pytest

from aoba.endpoints.device import parse_target
from aoba.errors import (
    BadAnswer,
    DeviceBusy,
    DeviceException,
    DocumentError,
    NoAnswer,
    NoConnection,
)
from aoba.modbus.answer import answer
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.sources.devices import device as device_module
from aoba.sources.devices import writes as device_writes
from aoba.sources.devices.device import MAX_REST, DeviceSource
from aoba.sources.devices.spec import parse_device
from builders import CLIENT, decoded, one_range

SPEC = "modbus:tcp://a?unit=3&as=7&holding=0-1,200&input=0-1&write=true"


class FakeLine:
    """Reads `registers` of every table; `before` is called with each block that is asked for."""

    def __init__(self):
        self.target = parse_target("tcp://a")
        self.units = Counter()
        self.gives_back = False
        self.registers = dict.fromkeys(range(300), 0)
        self.before = lambda _: None
        self.asked = []

    async def ask(self, unit, request, patience, *, is_write=False):
        assert unit == 3
        self.asked.append((patience, is_write))
        return await request(self)

    async def read(self, block):
        self.before(block)
        cells = (self.registers[address].to_bytes(2, "big") for address in range(*block.span))
        return b"".join(cells)

    async def write(self, block, cells, *, single):
        self.asked.append((str(block), single))
        self.before(block)
        self.registers[block.span.start] = int.from_bytes(cells[:2], "big")

    async def mask(self, block, and_mask, or_mask):
        self.asked.append((str(block), and_mask, or_mask))


class Polled:
    def __init__(self, text=SPEC):
        self.line, self.image = FakeLine(), Image()
        self.source = DeviceSource("tcp://a unit 3", parse_device(text), self.line, self.image)

    def poll(self, times=1):
        async def poll():
            for _ in range(times):
                async with self.source._polls.delivery():
                    await self.source._poll([block for block, _ in self.source._blocks()])

        asyncio.run(poll())

    def holding(self, address, quantity=1, table=Table.HOLDING):
        cells = self.image.stations[7].read(table, address, quantity)
        return [int.from_bytes(cells[i : i + 2], "big") for i in range(0, len(cells), 2)]

    def write(self, pdu):
        """What is answered to a client."""
        pending = answer(self.image.stations[7], bytes.fromhex(pdu), CLIENT)
        if isinstance(pending, bytes):
            return pending
        return pending.finish(asyncio.run(pending.ask()))


async def written(line, block, cells, *, single, options):
    assert options == line.target.requests
    await line.write(block, cells, single=single)
    yield block


@pytest.fixture(autouse=True)
def a_line_in_place_of_connections(monkeypatch, caplog):
    caplog.set_level(logging.INFO, "aoba.source")
    monkeypatch.setattr(device_module, "read_once", lambda line, block: line.read(block))
    monkeypatch.setattr(device_writes, "write", written)
    monkeypatch.setattr(
        device_writes, "mask_write", lambda line, block, *masks: line.mask(block, *masks)
    )


@pytest.fixture
def polled():
    return Polled()


def raising(error, table=None):
    def before(block):
        if table in (None, block.table):
            raise error

    return before


def test_what_is_read_is_published_under_its_own_unit_id(polled, caplog):
    polled.line.registers |= {0: 5, 1: 6, 200: 7}
    polled.poll()

    assert polled.holding(0, 2) == [5, 6]
    assert polled.holding(200) == [7]
    assert polled.holding(0, 2, Table.INPUT) == [5, 6]
    assert list(polled.image.stations) == [7]
    assert polled.source.settled.is_set()
    assert caplog.messages == [
        "tcp://a unit 3: first document: station 7 (master) holding 0..1 200, input 0..1"
    ]


def test_before_it_has_answered_there_is_no_station(polled, caplog):
    polled.line.before = raising(NoAnswer("tcp://a:502: no answer; give it more --timeout"))
    polled.poll(3)

    assert polled.image.stations == {}
    assert polled.source.settled.is_set()
    assert len(polled.line.asked) == 3  # of each poll, only the first block
    assert caplog.messages == ["tcp://a unit 3: no answer; give it more timeout"]


def test_a_poll_that_breaks_off_changes_nothing(polled):
    polled.poll()
    polled.line.registers[0] = 9
    polled.line.before = raising(NoAnswer(""), Table.INPUT)
    polled.poll()

    assert polled.holding(0) == [0]


def test_a_block_that_is_refused_is_left_out_and_named_once(polled, caplog):
    polled.line.before = raising(DeviceException(2, "exception 02: 0-1 input"), Table.INPUT)
    polled.line.registers[0] = 9
    polled.poll(3)

    assert polled.holding(0) == [9]
    assert answer(polled.image.stations[7], b"\x04\0\0\0\1", CLIENT) == b"\x84\x02"
    assert [line for line in caplog.messages if "exception" in line] == [
        "tcp://a unit 3: exception 02: 0-1 input"
    ]


@pytest.mark.parametrize("code", [0x0A, 0x0B])
def test_when_a_gateway_says_that_it_is_silent_it_is(polled, code):
    polled.poll()
    polled.line.registers[0] = 9
    polled.line.before = raising(DeviceException(code, "gateway"), Table.INPUT)
    polled.poll()

    assert polled.holding(0) == [0]


def test_where_everything_is_refused_there_is_no_document(polled):
    polled.line.before = raising(DeviceException(1, "exception 01"))
    polled.poll()

    assert polled.image.stations == {}


def test_when_it_answers_again_the_log_says_so(polled, caplog):
    polled.poll()
    polled.line.before = raising(NoConnection("tcp://a:502: nobody listens there"))
    polled.poll(5)
    polled.line.before = lambda _: None
    polled.poll()

    assert "tcp://a unit 3: nobody listens there" in caplog.messages
    assert [m for m in caplog.messages if "answers again, after 0." in m]


def test_an_echo_is_named_once(polled, caplog):
    polled.line.gives_back = True
    polled.poll(3)

    assert [line for line in caplog.messages if "echo" in line] == [
        "tcp://a unit 3: the adapter gives back what is sent: echo=true"
    ]


def test_who_else_has_these_addresses_keeps_them(polled, caplog):
    document = one_range("input", 0, [4])
    document["stations"][0]["id"] = 7
    polled.image.apply("a.py", decoded(document))
    polled.poll()

    assert polled.holding(0, 1, Table.INPUT) == [4]
    assert caplog.messages == ["tcp://a unit 3: station 7 input 0 already belongs to a.py"]


def test_the_longer_a_station_is_silent_the_less_often_it_is_asked(polled, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(device_module.time, "monotonic", lambda: now)
    polled.line.units = Counter((3, 4))
    polled.line.before = raising(NoAnswer(""))
    pauses = []
    for _ in range(6):
        polled.poll()
        pauses.append(round(polled.source._rest.until - now, 3))

    assert pauses == [1, 2, 4, 8, MAX_REST, MAX_REST]


def test_a_station_may_be_silent_for_days(polled):
    polled.line.units = {3, 4}
    for _ in range(2000):
        polled.source._note_failure(NoAnswer(""))

    assert time.monotonic() < polled.source._rest.until <= time.monotonic() + MAX_REST


def test_a_station_alone_on_its_line_keeps_nobody_waiting(polled):
    polled.line.before = raising(NoAnswer(""))
    polled.poll()

    assert polled.source._rest.until == 0


CASES = [  # the client's request, the answer, what the device is asked
    ("06 0001 1234", "06 0001 1234", ("1 holding at station 3", True)),
    ("10 0000 0002 04 0001 0002", "10 0000 0002", ("0-1 holding at station 3", False)),
    ("16 0001 00F0 0A0A", "16 0001 00F0 0A0A", ("1 holding at station 3", 0xF0, 0xA0A)),
    ("17 0000 0001 00C8 0001 02 0009", "17 02 0000", ("200 holding at station 3", False)),
]


@pytest.mark.parametrize(("pdu", "response", "asked"), CASES)
def test_a_write_goes_to_the_device_by_the_function_of_the_client(polled, pdu, response, asked):
    polled.poll()

    assert polled.write(pdu) == bytes.fromhex(response)
    assert polled.line.asked[-2][1] is True
    assert polled.line.asked[-1] == asked


@pytest.mark.parametrize(
    ("error", "code"),
    [
        *((DeviceException(code, ""), code) for code in (1, 2, 3, 4, 5, 6, 7, 8, 0x0A, 0x0B, 0x7F)),
        (NoAnswer(""), 0x0B),
        (NoConnection(""), 0x0B),
        (BadAnswer(""), 0x0B),
        (DeviceBusy(""), 0x06),
    ],
)
def test_what_the_device_says_to_a_write_is_what_the_client_hears(polled, error, code):
    polled.poll()
    polled.line.before = raising(error)

    assert polled.write("06 0001 1234") == bytes((0x86, code))
    assert polled.holding(1) == [0]


def test_a_write_that_is_lost_is_told_once(polled, caplog):
    polled.poll()
    polled.line.before = raising(NoAnswer("tcp://a:502: no answer; give it more --timeout"))
    for pdu in ("060000 0001", "060001 0002"):
        assert polled.write(pdu)[1] == 0x0B

    assert [record.message for record in caplog.records if "write" in record.message] == [
        "tcp://a unit 3: a client's write to 0 holding fails: no answer; give it more timeout"
    ]


def test_without_write_the_device_is_not_asked_and_the_log_says_how(caplog):
    polled = Polled(SPEC.replace("write=true", "write=false"))
    polled.poll()
    asked = len(polled.line.asked)

    for _ in range(3):
        assert polled.write("06 0001 1234") == b"\x86\x02"
    assert len(polled.line.asked) == asked
    assert caplog.messages[1:] == [
        (
            "tcp://a unit 3: a client wrote to 1 holding of station 7, and was answered "
            "exception 02; with write=true, writes are passed on to the device"
        )
    ]


def test_a_poll_under_way_brings_no_old_value_back(polled):
    """Of a poll that has read the register before it was written, and is applied after."""
    polled.line.registers |= {0: 1, 1: 1}
    polled.poll()
    writes = []

    def write_while_the_inputs_are_read(block):
        if block.table is Table.INPUT and not writes:
            pending = answer(polled.image.stations[7], b"\x06\0\1\x12\x34", CLIENT)
            writes.append(asyncio.ensure_future(pending.ask()))
            writes[0].add_done_callback(lambda done: pending.finish(done.result()))

    async def poll():
        polled.line.before = write_while_the_inputs_are_read
        async with polled.source._polls.delivery():
            with polled.source._writes.noted():
                blocks = [block for block, _ in polled.source._blocks()]
                reads = await polled.source._read_all(blocks)
                await asyncio.gather(*writes)
                await asyncio.sleep(0)
                polled.image.apply("tcp://a unit 3", polled.source._document(reads))

    polled.line.registers[0] = 2
    asyncio.run(poll())
    assert polled.holding(0, 2) == [2, 0x1234]
    polled.line.registers[1] = 3  # the device has a will of its own
    polled.poll()
    assert polled.holding(0, 2) == [2, 3]


def test_what_was_written_before_it_was_read_is_what_was_read(polled):
    polled.poll()

    def write_first(block):
        polled.line.before = lambda _: None
        if block.table is Table.HOLDING:
            polled.source._writes._written.append(block)

    polled.line.before = write_first  # noted after the mark, so before the read is over
    polled.line.registers[0] = 9
    polled.poll()
    assert polled.holding(0) == [0]
    polled.poll()
    assert polled.holding(0) == [9]


def test_between_polls_nothing_is_kept_of_what_is_written(polled, monkeypatch):
    monkeypatch.setattr(device_writes, "write", written)
    polled.poll()
    for _ in range(3):
        assert polled.write("06 0001 1234") == bytes.fromhex("06 0001 1234")
        assert polled.source._writes.mark == 0

    with polled.source._writes.noted():
        polled.write("06 0001 1234")
        assert polled.source._writes.mark == 1
    assert polled.source._writes.mark == 0


def test_its_health_may_be_where_nobody_else_is():
    health = "&health=7:input:100"
    polled = Polled(SPEC + health)
    polled.poll(2)

    assert polled.holding(103, 1, Table.INPUT) == [2]  # runs
    with pytest.raises(DocumentError):
        DeviceSource("another", parse_device(SPEC + health), FakeLine(), polled.image)


def test_a_defect_costs_one_poll(polled, caplog):
    polled.line.before = raising(ZeroDivisionError())
    polled.poll()
    assert "ZeroDivisionError" in caplog.text

    polled.line.before = lambda _: None
    polled.poll()
    assert polled.holding(0) == [0]
