"""What is said to a station over a connection: writes, and the reads that follow them.

A request that is refused is cut where one range meets another, and its parts are tried by
themselves, until it is known which range it is. That one is left alone for a while.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

from aoba.client.blocks import max_read, max_write
from aoba.client.connection import Connection
from aoba.client.requests import read_once, write_once
from aoba.client.words import FROM_GATEWAYS
from aoba.errors import DeviceError, DeviceException
from aoba.modbus.peer import Peer
from aoba.modbus.spec import ADDRESS_COUNT
from aoba.outlets.push.desired_state import DesiredState, Station
from aoba.outlets.push.device_shadow import DeviceShadow
from aoba.outlets.push.rejections import Refused, Rejections
from aoba.outlets.push.report import Report
from aoba.spans import Span

T = TypeVar("T")

Step = Callable[[DeviceShadow, Span], Awaitable[list[Refused]]]
"""Carries out what there is to do in these addresses, and says which of them are refused."""

_ALL: Final = Span(0, ADDRESS_COUNT)


class WriteOptions(NamedTuple):
    """How values are written."""

    single: bool = False
    """Each address by itself, by functions 5 and 6."""
    verify: bool = False
    """Whether to read back what was written."""


class Sync:
    """Over `connection`, which it does not close."""

    def __init__(
        self, connection: Connection, desired: DesiredState, report: Report, write: WriteOptions
    ) -> None:
        self.connection = connection
        self.answers = 0
        """Of all kinds, so far."""
        self._desired, self._report = desired, report
        options = connection.target.requests
        self._options = write._replace(single=write.single or options.single)
        self._max_registers = options.max_registers
        self._device = Peer(str(connection.target))

    async def serve(self, station: Station) -> None:
        """Have `station` hold what it should, and read from it what its sources want to know.

        Raises DeviceError where it does not answer, or the connection is of no use any more.
        """
        shadows = list(station.shadows.values())
        if station.is_to_be_renewed:
            await self._read_all(shadows)  # or nobody would know what others had changed
            station.forget()
            station.is_to_be_renewed = False
        for shadow in shadows:
            if shadow.is_writable:
                await self._carry_out(self._write_due, shadow, shadow.unwritable, "written")
        if station.is_to_be_read:
            station.is_to_be_read = False
            try:
                await self._read_all(shadows)
            except DeviceError:
                station.is_to_be_read = True
                raise

    async def _read_all(self, shadows: list[DeviceShadow]) -> None:
        for shadow in shadows:
            if self._desired.feeds(shadow):
                await self._carry_out(self._read_defined, shadow, shadow.unreadable, "read")

    async def _carry_out(
        self, step: Step, shadow: DeviceShadow, rejections: Rejections, done: str
    ) -> None:
        """A step in all addresses but those refused before, and in these, where it is time."""
        self._note(rejections.add(await step(shadow, _ALL), time.monotonic()))
        started = time.monotonic()
        while rejection := rejections.take(started):
            span = rejection.refused.span
            try:
                refused = await step(shadow, span)
            except DeviceError:
                rejections.put_back(rejection)
                raise
            self._note(rejections.add(refused, time.monotonic(), rejection))
            if not refused:
                self._report.good(f"{shadow.block(span)}: no longer refused, and {done}")

    async def _write_due(self, shadow: DeviceShadow, within: Span) -> list[Refused]:
        most = 1 if self._options.single else max_write(shadow.table, self._max_registers)
        refused: list[Refused] = []
        at, stop = within
        while span := shadow.due(at, stop, most):
            refused += await self._write(shadow, span)
            at = span.stop
        return refused

    async def _write(self, shadow: DeviceShadow, span: Span) -> list[Refused]:
        cells = shadow.cells(span)
        if cells is None:  # they are withheld since, or gone
            return []
        block, single = shadow.block(span), self._options.single
        try:
            await self._ask(write_once(self.connection, block, cells, single=single))
        except DeviceException as error:
            return await self._in_parts(self._write, shadow, span, error)
        shadow.written(span.start, cells)
        self._report.wrote(shadow, span)
        if self._options.verify:
            await self._verify(shadow, span, cells)
        return []

    async def _verify(self, shadow: DeviceShadow, span: Span, cells: bytes) -> None:
        """A difference is told once for its address, and counted until there is none."""
        block, width = shadow.block(span), shadow.width
        try:
            got = await self._ask(read_once(self.connection, block))
        except DeviceException as error:
            if error.code in FROM_GATEWAYS:
                raise
            self._differs(shadow, span.start, f"{error}; it cannot be read back")
            return
        differ = (
            i for i in range(block.size) if got[width * i :][:width] != cells[width * i :][:width]
        )
        first = next(differ, None)
        for at in sorted(shadow.doubts):
            if span.start <= at < (span.stop if first is None else span.start + first):
                self._report.trouble(shadow.doubts.pop(at).over())
                self._report.good(f"{shadow.block(Span(at, at + 1))}: reads as written by now")
        if first is not None:
            wrote, reads = (
                int.from_bytes(it[width * first :][:width], "big") for it in (cells, got)
            )
            address = span.start + first
            place = shadow.block(Span(address, address + 1))
            self._differs(shadow, address, f"{place}: wrote {wrote}, and reads {reads}")

    def _differs(self, shadow: DeviceShadow, address: int, text: str) -> None:
        self._report.failures["difference"] += 1
        outage = shadow.doubt(address)
        self._report.trouble(outage.happened(text, time.monotonic()))

    async def _read_defined(self, shadow: DeviceShadow, within: Span) -> list[Refused]:
        most = max_read(shadow.table, self._max_registers)
        refused: list[Refused] = []
        for span in list(shadow.readable(within, most)):
            refused += await self._read(shadow, span)
        return refused

    async def _read(self, shadow: DeviceShadow, span: Span) -> list[Refused]:
        shadow.asked()
        try:
            cells = await self._ask(read_once(self.connection, shadow.block(span)))
        except DeviceException as error:
            return await self._in_parts(self._read, shadow, span, error)
        self._desired.took(shadow, span.start, cells, self._device)
        return []

    async def _in_parts(
        self, step: Step, shadow: DeviceShadow, span: Span, error: DeviceException
    ) -> list[Refused]:
        """What of `span`, which is refused as a whole, is refused by itself.

        Raises `error` where it is not the device that refuses.
        """
        if error.code in FROM_GATEWAYS:
            raise error
        halves = shadow.halves(span)
        if not halves:
            self._report.failures["refusal"] += 1
            return [Refused(span, error.code)]
        return [it for half in halves for it in await step(shadow, half)]

    async def _ask(self, request: Awaitable[T]) -> T:
        try:
            answer = await request
        except DeviceException:
            self.answers += 1
            raise
        self.answers += 1
        return answer

    def _note(self, told: list[str]) -> None:
        self._report.trouble(told)
