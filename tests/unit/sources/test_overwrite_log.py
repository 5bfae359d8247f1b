from aoba.modbus.spec import Table
from aoba.registers.overwrites import Overwritten
from aoba.sources.overwrite_log import OverwriteLog
from aoba.spans import Span


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
