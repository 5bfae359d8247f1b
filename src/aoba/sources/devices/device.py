"""A device as a source: polled again and again, its registers are those of a station of ours.

What one poll reads takes effect at once, when all of it is there. A block that the device refuses
is named and left out; where the device is silent, the poll has failed and nothing changes. A silent
station takes time from others on its line, so the longer it is, the less often it is asked.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final, NamedTuple

from aoba.bus import MAIN
from aoba.client.blocks import Block, to_read
from aoba.client.channel import Channel, is_silence
from aoba.client.channel_pool import ChannelPool
from aoba.client.connection import Connection
from aoba.client.requests import read_once
from aoba.client.words import ECHO, in_log
from aoba.document.decode import Decoded
from aoba.document.schema import Document
from aoba.errors import DeviceError, DeviceException, DocumentError
from aoba.registers.image import Image
from aoba.retry import Backoff
from aoba.sources.clock import sleep_until
from aoba.sources.devices.document import polled
from aoba.sources.devices.spec import DeviceSpec
from aoba.sources.devices.writes import DeviceWrites
from aoba.sources.ingest import Ingest
from aoba.sources.schedule import Schedule
from aoba.sources.shared import Shared

MAX_REST: Final = 10.0
"""Seconds that a silent station is left alone at most, where it shares its line."""


class _Read(NamedTuple):
    block: Block
    cells: bytes
    mark: int
    """Of `DeviceWrites`, when it was asked for."""


class DeviceSource:
    """The source `name`. Raises DocumentError where the registers for its health are taken."""

    def __init__(self, name: str, spec: DeviceSpec, channel: Channel, image: Image) -> None:
        self._spec, self._channel = spec, channel
        self._policy = spec.retry_policy
        self._polls = Ingest(name, spec.monitoring, image, "polls")
        self._writes = DeviceWrites(spec, channel, self._polls.log)
        self._is_slow = self._is_echo_told = False
        self._has_answered = False
        self._failed_at: float | None = None  # the first poll of those that failed in a row
        self._rest = Backoff(min(MAX_REST, self._policy.cost), MAX_REST)
        image.delegate(name, self._writes)
        channel.units[spec.unit] += 1

    @property
    def settled(self) -> asyncio.Event:
        return self._polls.settled

    async def live(self) -> None:
        blocks = list(self._blocks())
        first = time.monotonic()
        schedules = {every: Schedule(every, first) for _, every in blocks}
        with self._polls.alive(), self._channel_in_use():
            while True:
                await sleep_until(min(schedule.due for schedule in schedules.values()))
                now = time.monotonic()
                due = {every for every, schedule in schedules.items() if schedule.due <= now}
                if now < self._rest.until:
                    for every in due:
                        schedules[every].skip()
                    continue
                for every in due:
                    schedules[every].begin(now)
                async with self._polls.delivery():
                    answers = await self._poll([part for part, every in blocks if every in due])
                skipped = [every for every in due if schedules[every].finish(time.monotonic())]
                if skipped and answers:
                    self._tell_slowness(min(skipped))

    @contextmanager
    def _channel_in_use(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._channel.units -= Counter([self._spec.unit])

    def _blocks(self) -> Iterator[tuple[Block, float]]:
        """What one request each asks for, and seconds from one time to the next."""
        most = self._spec.target.requests.max_registers
        for polled_block in self._spec.blocks:
            for part in to_read(polled_block.block, max_registers=most):
                yield part, polled_block.interval or self._spec.interval

    async def _poll(self, blocks: Sequence[Block]) -> bool:
        """Whether the device answers."""
        with self._writes.noted():
            return await self._poll_whole(blocks)

    async def _poll_whole(self, blocks: Sequence[Block]) -> bool:
        try:
            reads = await self._read_all(blocks)
        except DeviceError as error:
            self._note_failure(error)
            return False
        except Exception:  # noqa: BLE001  whatever happens in a poll, the next one follows
            self._polls.log.defect()
            self._polls.error("given up")
            return False
        self._note_answer()
        if reads:
            try:
                self._polls.document(Decoded(self._document(reads), []))
            except DocumentError as error:
                self._polls.error(error.reason)
        return True

    async def _read_all(self, blocks: Sequence[Block]) -> list[_Read]:
        """Without what the device refuses. Raises DeviceError where it does not answer."""
        reads = []
        for block in blocks:
            request = partial(self._read, block)
            try:
                reads.append(await self._channel.ask(self._spec.unit, request, self._policy))
            except DeviceException as error:
                if is_silence(error):
                    raise
                self._polls.error(str(error))
        return reads

    async def _read(self, block: Block, connection: Connection) -> _Read:
        mark = self._writes.mark
        return _Read(block, await read_once(connection, block), mark)

    def _document(self, reads: list[_Read]) -> Document:
        """What a client has written since it was read is left as it is."""
        parts = []
        for block, cells, mark in reads:
            width, start = len(cells) // block.size, block.span.start
            for span in self._writes.still_true(block, mark):
                part = cells[width * (span.start - start) : width * (span.stop - start)]
                parts.append((block._replace(span=span), part))
        return polled(self._spec.station, parts)

    def _tell_slowness(self, interval: float) -> None:
        """Once: where others share the line, it comes and goes."""
        if not self._is_slow:
            self._is_slow = True
            ms = f"{1000 * interval:.0f} ms"
            text = f"a poll takes longer than {ms}, slots are skipped"
            self._polls.log.of_source(logging.WARNING, text)

    def _note_failure(self, error: DeviceError) -> None:
        self._polls.error(in_log(error, self._spec.target), error.kind)
        now = time.monotonic()
        self._failed_at = self._failed_at or now
        if is_silence(error) and len(self._channel.units) > 1:
            self._rest.failed(now)

    def _note_answer(self) -> None:
        if self._failed_at is not None and self._has_answered:
            after = time.monotonic() - self._failed_at
            self._polls.log.of_source(logging.INFO, f"answers again, after {after:.1f} s")
        if self._channel.gives_back and not self._is_echo_told:
            self._is_echo_told = True
            self._polls.log.of_source(logging.WARNING, ECHO)
        self._has_answered = True
        self._failed_at = None
        self._rest.reset()


def build_device(name: str, spec: DeviceSpec, shared: Shared) -> DeviceSource:
    channels = shared.resource("channels", lambda: ChannelPool(shared.trace))
    image = shared.buses.image(spec.bus or MAIN)
    return DeviceSource(name, spec, channels.channel(spec.target), image)
