import asyncio
import logging

import pytest

from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.sources.files.document_stream import DocumentStream
from aoba.sources.ingest import Ingest
from aoba.sources.monitoring import UNMONITORED
from builders import one_range, raw

GOOD = raw(one_range("holding", 0, [1]))
PRETTY = GOOD.replace(b", ", b",\n")
LINES = b"".join(
    [
        b"# recorded\n",
        GOOD + b"\n",
        b'{"stations": [}\n',
        PRETTY + b"\n",
        raw(one_range("holding", 0, [-1])) + b"\n",
        raw(one_range("holding", 0, [4])) + b"\n",
        b'{"stations": [',
    ]
)
AFTER_PRETTY = 4 + PRETTY.count(b"\n") + 1
EXPECTED = [
    "a.jsonl: line 1: not JSON, skipped: # recorded",
    "a.jsonl: first document: station 1 (master) holding 0",
    "a.jsonl: line 3: not valid JSON: ",
    'a.jsonl: line 3: not JSON, skipped: {"stations": [}',
    f"a.jsonl: line {AFTER_PRETTY}: stations[0].map.holding[0].initial_values[0]: ",
    f"a.jsonl: line {AFTER_PRETTY + 2}: a JSON value ends early, 14 bytes dropped",
]


async def taken(chunks, **options):
    image = Image()
    stream = DocumentStream(Ingest("a.jsonl", UNMONITORED, image), **options)
    for chunk in chunks:
        await stream.feed(chunk)
    await stream.end()
    return stream, image


@pytest.fixture(autouse=True)
def everything_logged(caplog):
    caplog.set_level(logging.INFO, "aoba.source")


@pytest.mark.parametrize("chunks", [[LINES], [bytes([b]) for b in LINES]])
def test_errors_have_the_number_of_their_line(chunks, caplog):
    stream, image = asyncio.run(taken(chunks, numbered=True))

    assert image.stations[1].read(Table.HOLDING, 0, 1) == b"\0\4"
    assert stream.count == 6
    said = caplog.messages
    for expected in EXPECTED:
        assert any(line.startswith(expected) for line in said), (expected, said)


def test_without_numbers_errors_have_none(caplog):
    asyncio.run(taken([LINES]))

    assert "line" not in "".join(caplog.messages).replace(" at line", "")


def test_each_delivery_waits_for_its_turn():
    turns = []

    async def turn():
        turns.append(len(turns))

    stream, _ = asyncio.run(taken([LINES], turn=turn))

    assert len(turns) == stream.count == 6


@pytest.mark.parametrize("junk", [b"y\n", b"[\n", b'"\n'])
@pytest.mark.parametrize("options", [{}, {"numbered": True}])
def test_a_flood_of_what_is_no_document_leaves_others_their_turns(junk, options):
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def flood():
        others = asyncio.create_task(count())
        await taken([junk * (32 * 1024 // len(junk))] * 20, **options)
        others.cancel()

    asyncio.run(flood())

    assert turns > 10
