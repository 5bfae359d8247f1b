"""Runs of real processes, as far as they are not seen through a server."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from aoba.errors import RunError
from aoba.sources import running
from aoba.sources.child import Child


def nothing(*_):
    pass


def child(code):
    return Child([sys.executable, "-c", code], os.environ, nothing)


def run(main):
    return asyncio.run(asyncio.wait_for(main(), 30))


def test_output_that_a_busy_reader_finds_late_is_not_lost(monkeypatch):
    monkeypatch.setattr(running, "GRACE", 0.01)

    async def main():
        found = []
        async with child("print('a' * 20000, flush=True); print('b' * 20000)") as process:
            async for chunk in process.output(30):
                found.append(chunk)
                while process._gone_at is None:  # noqa: ASYNC110  no event tells of it
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
        return b"".join(found), process.failure

    assert run(main) == (b"a" * 20000 + b"\n" + b"b" * 20000 + b"\n", None)


def test_a_process_that_survives_every_signal_is_left_alone(monkeypatch):
    for name in ("TERM_TO_KILL", "KILL_TO_LEAVE", "STOP_TO_KILL"):
        monkeypatch.setattr(running, name, 0.05)

    async def main():
        process = child("import time; time.sleep(600)")
        process._signal = nothing
        async with process:
            assert [chunk async for chunk in process.output(0.05)] == []
        process._process.kill()
        process._process.wait()
        return process.failure

    assert run(main) == "cannot be killed, and is left running"


def test_a_child_that_cannot_be_started_leaves_no_descriptor():
    def descriptors():
        return len(list(Path("/dev/fd").iterdir()))

    async def main():
        before = descriptors()
        with pytest.raises(RunError, match=r"^/nowhere/python cannot be started: "):
            async with Child(["/nowhere/python"], {}, nothing):
                raise AssertionError("it was started")
        return descriptors() - before

    assert run(main) == 0
