"""Work in threads, and without them."""

import asyncio
import threading

import pytest

from aoba.threads import in_thread


def who():
    return threading.current_thread()


def fail():
    raise RuntimeError("of the work itself")


@pytest.fixture(params=[True, False])
def permits(request, monkeypatch):
    """Whether the system permits another thread."""

    def refuse(_):
        raise RuntimeError("can't start new thread")

    if not request.param:
        monkeypatch.setattr(threading.Thread, "start", refuse)
    return request.param


def test_work_is_done_elsewhere_where_that_is_possible(permits):
    found = asyncio.run(in_thread(who))

    assert (found is threading.current_thread()) is not permits


@pytest.mark.usefixtures("permits")
def test_what_it_raises_is_raised():
    with pytest.raises(RuntimeError, match="of the work itself"):
        asyncio.run(in_thread(fail))


def test_work_that_nobody_waits_for_any_more_keeps_nobody_waiting():
    begun, goes_on = threading.Event(), threading.Event()

    def work():
        begun.set()
        goes_on.wait(30)

    async def main():
        task = asyncio.create_task(in_thread(work))
        await asyncio.sleep(0)
        assert begun.wait(30)
        task.cancel()
        await asyncio.wait((task,))

    asyncio.run(main())
    assert not goes_on.is_set()
    goes_on.set()
