"""What is asked of a device, request by request; the device is a dict."""

import asyncio
import struct
from types import SimpleNamespace

import pytest

from aoba.endpoints.device import parse_target
from aoba.errors import DeviceException, NoAnswer
from aoba.modbus.peer import Peer
from aoba.outlets.push.desired_state import DesiredState
from aoba.outlets.push.report import Report
from aoba.outlets.push.sync import Sync, WriteOptions
from aoba.registers.changes import DocumentApplied, SourceReset
from aoba.registers.image import Image
from aoba.registers.journal import Journal
from builders import a_range, a_station, decoded, stations

SOMEBODY = Peer("somebody")


class Device:
    """Stands for a `Connection` and what is behind it: one table of registers."""

    def __init__(self):
        self.target = parse_target("tcp://10.0.0.5")
        self.requests = []
        self.registers = {}
        self.refuses = {}  # codes by address
        self.keeps = {}  # values that nobody can change, by address
        self.is_silent = False

    async def ask(self, _, request):
        assert request.dev_id == 1
        if self.is_silent:
            raise NoAnswer("silent")
        values, start, count = request.registers, request.address, request.count
        self.requests.append(("w" if values else "r", start, count))
        for address in range(start, start + count):
            if code := self.refuses.get(address):
                raise DeviceException(code, f"exception {code}")
        if values:
            self.registers |= dict(enumerate(values, start)) | self.keeps
            return None
        found = [self.registers.get(address, 0) for address in range(start, start + count)]
        return SimpleNamespace(registers=found)


class Setting:
    def __init__(self, options=WriteOptions(), source="a.py"):  # noqa: B008
        self.image, self.device = Image(), Device()
        self.desired = DesiredState(self.image, {"fed.py"})
        self.image.changes.subscribe(self.desired.hear, DocumentApplied, SourceReset)
        self.report = Report(self.device.target, self.desired)
        self.sync = Sync(self.device, self.desired, self.report, options)
        self.source = source

    def give(self, **tables):
        self.image.apply(self.source, decoded(stations(a_station(1, **tables))))

    def serve(self):
        """The requests that it takes."""
        self.device.requests.clear()
        for station in self.desired:
            asyncio.run(self.sync.serve(station))
        return self.device.requests[:]


@pytest.fixture
def it():
    return Setting()


def told(caplog):
    return [record.message.partition(": ")[2] for record in caplog.records]


def test_what_differs_is_written(it):
    it.give(holding=[a_range(0, [1, 2, 3])])

    assert it.serve() == [("w", 0, 3)]
    assert it.serve() == []
    assert it.report.written == {1: 3}


def test_what_is_refused_is_cut_until_the_range_is_known(it, caplog):
    it.give(holding=[a_range(start, [start] * 2) for start in (0, 2, 4, 6)])
    it.device.refuses = {5: 2}

    requests = it.serve()

    assert requests == [("w", 0, 8), ("w", 0, 4), ("w", 4, 4), ("w", 4, 2), ("w", 6, 2)]
    assert it.device.registers == {0: 0, 1: 0, 2: 2, 3: 2, 6: 6, 7: 6}
    words = "exception 02, illegal data address: 4-5 holding at station 1; not written"
    assert told(caplog) == [words]
    assert it.serve() == []  # for a while


def test_what_is_no_longer_refused_is_written_with_the_newest_value(it, caplog):
    caplog.set_level("INFO")
    it.give(holding=[a_range(0, [1])])
    it.device.refuses = {0: 4}
    it.serve()
    (shadow,) = it.desired.shadows
    (rejection,) = shadow.unwritable
    it.give(holding=[a_range(0, [2])])
    it.device.refuses = {}
    assert it.serve() == []

    rejection.outage.backoff.until = 0.0
    assert it.serve() == [("w", 0, 1)]

    assert it.device.registers == {0: 2}
    assert told(caplog)[-1] == "0 holding at station 1: no longer refused, and written"


def test_a_gateway_that_does_not_reach_the_station_is_no_refusal(it):
    it.give(holding=[a_range(0, [1]), a_range(1, [1])])
    it.device.refuses = {0: 0x0B}

    with pytest.raises(DeviceException):
        it.serve()

    assert it.device.requests == [("w", 0, 2)]
    assert it.sync.answers == 1


def test_one_address_at_a_time():
    it = Setting(WriteOptions(single=True))
    it.give(holding=[a_range(0, [1, 2])])

    assert it.serve() == [("w", 0, 1), ("w", 1, 1)]


def test_what_is_written_is_read_back(caplog):
    caplog.set_level("INFO")
    it = Setting(WriteOptions(verify=True))
    it.give(holding=[a_range(0, [1, 2, 3])])
    it.device.keeps = {1: 7}
    assert it.serve() == [("w", 0, 3), ("r", 0, 3)]
    assert told(caplog) == ["1 holding at station 1: wrote 2, and reads 7"]
    assert it.serve() == []  # not before it changes, or all is written again

    it.desired.renew()
    it.serve()
    it.device.keeps = {}
    it.desired.renew()
    it.serve()

    assert told(caplog)[1:] == [
        "same error, 1 time: 1 holding at station 1: wrote 2, and reads 7",
        "1 holding at station 1: reads as written by now",
    ]


def test_what_feeds_a_source_is_read_after_each_document():
    it = Setting(source="fed.py")
    it.device.registers = {5: 50}
    it.give(holding=[a_range(0, [1]), a_range(5, length=2)])

    assert it.serve() == [("w", 0, 1), ("r", 0, 1), ("r", 5, 2)]
    assert it.image.stations[1].tables[2].read(5, 7) == struct.pack(">2H", 50, 0)
    assert it.serve() == []
    it.give(holding=[a_range(0, [1])])
    assert it.serve() == [("r", 0, 1), ("r", 5, 2)]


def test_all_is_written_again_but_what_others_have_changed_is_told_before():
    it = Setting(source="fed.py")
    journal = Journal(it.image, "fed.py", lambda: 0.0)
    it.give(holding=[a_range(0, [1, 2])])
    it.serve()
    it.device.registers[1] = 9

    it.desired.renew()

    assert it.serve() == [("r", 0, 2), ("w", 0, 2)]
    assert it.device.registers == {0: 1, 1: 9}
    assert [write.address for write in journal.take().writes] == [1]


def test_what_could_not_be_read_is_read_later():
    it = Setting(source="fed.py")
    it.give(holding=[a_range(0, length=2)])
    it.device.is_silent = True
    with pytest.raises(NoAnswer):
        it.serve()

    it.device.is_silent = False
    assert it.serve() == [("r", 0, 2)]


def test_what_may_not_be_read_is_left_alone_for_a_while(caplog):
    it = Setting(source="fed.py")
    it.device.refuses = {1: 2}
    it.give(holding=[a_range(0, length=1), a_range(1, length=1), a_range(2, length=1)])

    assert it.serve() == [("r", 0, 3), ("r", 0, 2), ("r", 0, 1), ("r", 1, 1), ("r", 2, 1)]
    words = "exception 02, illegal data address: 1 holding at station 1; not read"
    assert told(caplog) == [words]
    it.give(holding=[a_range(0, length=1)])
    assert it.serve() == [("r", 0, 1), ("r", 2, 1)]
