"""How loops are run, and what they leave behind."""

import asyncio
import signal

import pytest

from aoba.cli.loop import run_loop, until_stopped


@pytest.fixture
def handler():
    """What is to be done about SIGINT, outside of loops."""
    before = signal.getsignal(signal.SIGINT)

    def handle(*_):
        raise AssertionError("the loop did not take it")

    signal.signal(signal.SIGINT, handle)
    yield handle
    signal.signal(signal.SIGINT, before)


def test_a_loop_leaves_interrupts_as_they_were(handler):
    async def work():
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(60)

    assert run_loop(lambda: until_stopped(work())) is None
    assert signal.getsignal(signal.SIGINT) is handler


def test_it_does_so_where_it_fails(handler):
    async def work():
        raise LookupError

    with pytest.raises(LookupError):
        run_loop(lambda: until_stopped(work()))
    assert signal.getsignal(signal.SIGINT) is handler
