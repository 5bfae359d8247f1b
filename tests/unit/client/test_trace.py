"""What `--trace` shows of a device: lines within a bound, and what is left out is counted."""

import logging

import pytest

from aoba.client import trace as trace_module
from aoba.client.answers import Frame, Stray
from aoba.client.trace import DeviceTrace
from aoba.links.link_log import DETAIL_BURST, DETAIL_PER_SECOND
from aoba.logs.rate_limit import OVERHEAD
from aoba.logs.trace_level import TraceLevel
from aoba.modbus import mbap

URL = "tcp://10.0.0.5:502"
READ = b"\x03\0\0\0\1"


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(trace_module, "time", clock)
    return clock


@pytest.fixture
def trace(clock, caplog):
    caplog.set_level(logging.INFO, "aoba.trace")
    assert clock.now
    return DeviceTrace(URL, mbap.FRAMING, TraceLevel.BYTES)


def cost(messages):
    return sum(OVERHEAD + len(message) for message in messages)


def test_whatever_a_device_sends_the_trace_has_a_bound(trace, clock, caplog):
    for _ in range(DETAIL_BURST // 3000):
        trace.received(bytes(1000))
        trace.stray(Stray(1000, bytes(32)))
    shown = len(caplog.messages)
    assert DETAIL_BURST * 0.9 < cost(caplog.messages) <= DETAIL_BURST

    clock.now += 10
    for _ in range(10_000):
        trace.received(bytes(1000))
    assert cost(caplog.messages[shown:]) <= 10 * DETAIL_PER_SECOND + 1000


def test_what_is_left_out_is_counted_and_said(trace, clock, caplog):
    while not trace._limit.left_out:
        trace.received(bytes(1000))
    trace.received(b"1")
    trace.received(bytes(1000))
    left_out = trace._limit.left_out
    trace.pause()
    assert caplog.messages[-1] == f"{URL}: {left_out} more lines, not shown"
    trace.pause()
    assert caplog.messages[-2].startswith(f"{URL} -> ")

    clock.now += 1
    trace.received(b"1")
    assert caplog.messages[-1] == f"{URL} -> 1 byte | 31"


@pytest.mark.parametrize(
    "pdu", ["2B", "2B0E", "2B03", "03", "83", "01", "11", "07", "14", "18", "0B"]
)
def test_short_answers_are_shown_as_they_are(trace, caplog, pdu):
    frame = Frame(1, bytes.fromhex(pdu), b"\0\1\0\0\0\2\1" + bytes.fromhex(pdu))
    trace.answer(bytes((frame.pdu[0] & 0x7F, 0, 0, 0, 1)), frame)

    assert caplog.messages[-1].startswith(f"{URL} -> station 1 ")
