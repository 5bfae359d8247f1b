"""What a push came to, in its last lines."""

import pytest

from aoba.endpoints.device import parse_target
from aoba.errors import NoConnection
from aoba.outlets.push.desired_state import DesiredState
from aoba.outlets.push.report import Report
from aoba.registers.changes import DocumentApplied, SourceReset
from aoba.registers.image import Image
from aoba.spans import Span
from builders import a_range, a_station, decoded, stations

URL = "tcp://10.0.0.5:502"


class Setting:
    def __init__(self):
        image = Image()
        self.desired = DesiredState(image)
        image.changes.subscribe(self.desired.hear, DocumentApplied, SourceReset)
        self.report = Report(parse_target(URL), self.desired)
        ranges = [a_range(0, [1, 2]), a_range(10, [1.5], data_type="float32")]
        image.apply("a.py", decoded(stations(*(a_station(u, holding=ranges) for u in (1, 7)))))

    def write(self, number, start, stop):
        """Of the shadow with this number."""
        shadow = list(self.desired.shadows)[number]
        shadow.written(start, shadow.cells(Span(start, stop)))
        self.report.wrote(shadow, Span(start, stop))


@pytest.fixture
def it(caplog):
    caplog.set_level("INFO")
    return Setting()


def test_all_is_well(it, caplog):
    for number in (0, 1):
        it.write(number, 0, 2)
        it.write(number, 10, 12)
    it.report.end()

    (record,) = caplog.records
    assert record.levelname == "INFO"
    assert record.message == f"{URL}: 6 values written to 2 stations, in 4 requests"
    assert (record.url, record.requests, record.failures) == (URL, 4, {})
    assert (record.values, record.waiting) == ({1: 3, 7: 3}, [])


def test_what_failed_and_what_is_left(it, caplog):
    it.write(1, 0, 2)
    it.report.failures["outage"] += 1
    it.report.failures["refusal"] += 2
    it.report.end()

    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.message == (
        f"{URL}: 2 values written to station 7, in 1 request; 1 outage; 2 refusals; "
        "not written at the end: 0-1 holding at station 1, 10-11 holding at station 1, "
        "10-11 holding at station 7"
    )
    assert record.waiting[2] == "10-11 holding at station 7"


def test_nothing_was_written(it, caplog):
    it.report.end()

    assert caplog.records[0].message.startswith(f"{URL}: no values written, in 0 requests; not")


def test_counts_that_are_not_told_yet(it, caplog):
    silence = next(iter(it.desired)).silence
    for now in (0, 1):
        list(silence.happened("no answer", now))
    it.report.end()

    assert caplog.records[0].message == f"{URL}: same error, 1 time: no answer"


def test_the_url_is_said_once(it):
    assert it.report.words(NoConnection(f"{URL}: nobody listens there")) == "nobody listens there"
