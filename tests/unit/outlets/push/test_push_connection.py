"""Outages of a connection as the log tells them; connections are made up, or refused."""

import asyncio
from types import SimpleNamespace

import pytest

from aoba.client.channel_state import ChannelState
from aoba.client.connection import Connection
from aoba.config.model import PushConfig
from aoba.endpoints.device import parse_target
from aoba.errors import BadAnswer, NoAnswer, NoConnection, UsageError
from aoba.outlets.push.connection import PushConnection
from aoba.outlets.push.desired_state import DesiredState
from aoba.outlets.push.report import Report
from aoba.registers.changes import DocumentApplied, SourceReset
from aoba.registers.image import Image
from aoba.spans import Span
from builders import decoded, one_range

URL = "tcp://10.0.0.5:502"
REFUSED = NoConnection(f"{URL}: nobody listens there")
CLOSED = NoConnection(f"{URL}: the device closed the connection")


class Setting:
    def __init__(self, url):
        self.image, self.opened, self.closed = Image(), 0, 0
        self.desired = DesiredState(self.image)
        self.image.changes.subscribe(self.desired.hear, DocumentApplied, SourceReset)
        target = parse_target(url)
        self.report = Report(target, self.desired)
        self.connection = PushConnection(
            ChannelState(target), PushConfig(target, refresh=None), self.desired, self.report
        )
        self.error = None

    async def connect(self, line, *_):
        if self.error:
            raise self.error
        self.opened += 1
        connection = SimpleNamespace(target=line.target, close=self.close)
        connection.is_over = lambda error: not isinstance(error, NoAnswer)
        return connection

    async def close(self, linger):
        assert linger == 0.0
        self.closed += 1

    def fails(self, error):
        return asyncio.run(self.connection.failed(error))

    def answers(self, values=0):
        """A station answers, and some values of it are written."""
        sync = asyncio.run(self.connection.open())
        sync.answers += 1
        if values:
            (shadow,) = self.desired.shadows
            self.report.wrote(shadow, Span(0, values))
        self.connection.serves()


@pytest.fixture(params=[URL])
def it(request, monkeypatch, caplog):
    caplog.set_level("INFO")
    setting = Setting(request.param)
    monkeypatch.setattr(Connection, "connect", setting.connect)
    setting.image.apply("a.py", decoded(one_range("holding", 0, [1, 2])))
    return setting


def told(caplog):
    return [record.message.removeprefix(f"{URL}: ") for record in caplog.records]


def test_the_first_connection_is_told(it, caplog):
    it.answers(values=2)
    it.answers()

    assert told(caplog) == ["connected; 2 values written to station 1"]
    assert it.opened == 1


def test_an_outage_takes_three_lines(it, caplog):
    it.answers()
    caplog.clear()
    assert it.fails(CLOSED) == 0.0  # another connection may be had at once
    for _ in range(3):
        assert it.fails(REFUSED) > 0
    it.answers(values=2)

    lost, counted, back = told(caplog)
    assert lost == "nobody listens there; 2 values of 1 station wait"
    assert counted == "same error, 2 times: nobody listens there"
    assert back.startswith("back after 0.")
    assert back.endswith(" s; 2 values written to station 1")
    assert (it.opened, it.closed) == (2, 1)


def test_a_connection_that_is_had_at_once_takes_one(it, caplog):
    it.answers()
    it.fails(CLOSED)
    it.answers(values=1)

    (line,) = told(caplog)[1:]
    assert line.startswith("connected again, after this: the device closed the connection; 1 value")


def test_a_connection_that_was_of_no_use_is_an_outage(it, caplog):
    asyncio.run(it.connection.open())

    assert it.fails(CLOSED) > 0
    assert told(caplog) == ["the device closed the connection; 2 values of 1 station wait"]


def test_an_answer_that_is_none_is_an_outage_whatever_came_before(it):
    it.answers()

    assert it.fails(BadAnswer("no Modbus")) > 0
    assert it.closed == 1


def test_it_is_down_from_the_failure_to_the_answer(it):
    it.fails(REFUSED)
    assert it.connection.is_down

    it.answers()
    assert not it.connection.is_down


def test_nothing_is_known_after_an_outage(it):
    (shadow,) = it.desired.shadows
    shadow.written(0, b"\0\1\0\2")
    assert shadow.waiting == []

    it.fails(REFUSED)
    assert shadow.waiting == [(0, 2)]


def test_a_connection_that_may_still_be_of_use_stays_open(it):
    it.answers()
    it.fails(NoAnswer("silent"))
    it.answers()

    assert (it.opened, it.closed) == (1, 0)


def test_certificates_that_cannot_be_used_any_more_are_an_outage(it):
    it.error = UsageError("tls://10.0.0.5:802: device.crt cannot be used")

    with pytest.raises(NoConnection, match="cannot be used"):
        asyncio.run(it.connection.open())


def test_without_documents_nothing_waits(it, caplog):
    it.image.apply("a.py", decoded(one_range("input", 0, [1])), replace=True)
    it.fails(REFUSED)

    assert told(caplog) == ["nobody listens there"]


def test_the_count_is_told_at_the_end(it, caplog):
    it.fails(REFUSED)
    it.fails(REFUSED)
    it.connection.end()

    assert told(caplog)[1:] == ["same error, 1 time: nobody listens there"]
