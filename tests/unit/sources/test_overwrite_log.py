import asyncio

from aoba.modbus.spec import Table
from aoba.registers.overwrites import Overwritten
from aoba.sources.overwrite_log import OverwriteLog
from aoba.spans import Span
from support.waiting import soon


def test_each_is_told_once_then_counted(caplog):
    log = OverwriteLog()
    for address in (5, 6, 7):
        log.tell(Overwritten("boiler.py", "10.0.0.7", 1, Table.HOLDING, Span(address, address + 1)))
    log.tell(Overwritten("boiler.py", "10.0.0.7", 1, Table.COILS, Span(0, 3)))
    log.close()

    words = (
        "was written, and set again by the next document of boiler.py; "
        '"mode": "slave" would leave it to clients'
    )
    assert caplog.messages == [
        f"10.0.0.7: station 1 holding 5 {words}",
        f"10.0.0.7: station 1 coils 0..2 {words}",
        f"same warning, 2 times: 10.0.0.7: station 1 holding 5 {words}",
    ]


def overwritten(client):
    return Overwritten("boiler.py", client, 1, Table.HOLDING, Span(5, 6))


def test_counts_are_told_though_nothing_follows(caplog):
    async def tell():
        log = OverwriteLog(remind=0.001)
        log.tell(overwritten("10.0.0.7"))
        log.tell(overwritten("10.0.0.7"))
        await soon(lambda: len(caplog.messages) == 2)

    asyncio.run(tell())
    assert caplog.messages[1].startswith("same warning, 1 time: 10.0.0.7: station 1 holding 5")


def test_what_is_left_out_says_of_what(caplog):
    log = OverwriteLog()
    for number in range(1000):
        log.tell(overwritten(f"host {number}"))
    shown = len(caplog.messages)
    log.close()

    assert caplog.messages[-1] == f"writes of clients: {1000 - shown} more warnings, not shown"
