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
from aoba.modbus.client import Client
from aoba.modbus.spec import ADDRESS_COUNT
from aoba.outlets.push.obstacles import Obstacles, Refused
from aoba.outlets.push.plan import Plan, Station
from aoba.outlets.push.replica import Replica
from aoba.outlets.push.report import Report
from aoba.spans import Span

T = TypeVar("T")

Step = Callable[[Replica, Span], Awaitable[list[Refused]]]
"""Carries out what there is to do in these addresses, and says which of them are refused."""

_ALL: Final = Span(0, ADDRESS_COUNT)


class WriteOptions(NamedTuple):
    """How values are written."""

    single: bool = False
    """Each address by itself, by functions 5 and 6."""
    verify: bool = False
    """Whether to read back what was written."""


class Exchange:
    """Over `connection`, which it does not close."""

    def __init__(
        self, connection: Connection, plan: Plan, report: Report, write: WriteOptions
    ) -> None:
        self.connection = connection
        self.answers = 0
        """Of all kinds, so far."""
        self._plan, self._report = plan, report
        options = connection.target.requests
        self._options = write._replace(single=write.single or options.single)
        self._max_registers = options.max_registers
        self._device = Client(str(connection.target))

    async def serve(self, station: Station) -> None:
        """Have `station` hold what it should, and read from it what its sources want to know.

        Raises DeviceError where it does not answer, or the connection is of no use any more.
        """
        replicas = list(station.replicas.values())
        if station.is_to_be_renewed:
            await self._read_all(replicas)  # or nobody would know what others had changed
            station.forget()
            station.is_to_be_renewed = False
        for replica in replicas:
            if replica.is_writable:
                await self._carry_out(self._write_due, replica, replica.unwritable, "written")
        if station.is_to_be_read:
            station.is_to_be_read = False
            try:
                await self._read_all(replicas)
            except DeviceError:
                station.is_to_be_read = True
                raise

    async def _read_all(self, replicas: list[Replica]) -> None:
        for replica in replicas:
            if self._plan.feeds(replica):
                await self._carry_out(self._read_defined, replica, replica.unreadable, "read")

    async def _carry_out(
        self, step: Step, replica: Replica, obstacles: Obstacles, done: str
    ) -> None:
        """A step in all addresses but those refused before, and in these, where it is time."""
        self._note(obstacles.add(await step(replica, _ALL), time.monotonic()))
        started = time.monotonic()
        while obstacle := obstacles.take(started):
            span = obstacle.refused.span
            try:
                refused = await step(replica, span)
            except DeviceError:
                obstacles.put_back(obstacle)
                raise
            self._note(obstacles.add(refused, time.monotonic(), obstacle))
            if not refused:
                self._report.good(f"{replica.block(span)}: no longer refused, and {done}")

    async def _write_due(self, replica: Replica, within: Span) -> list[Refused]:
        most = 1 if self._options.single else max_write(replica.table, self._max_registers)
        refused: list[Refused] = []
        at, stop = within
        while span := replica.due(at, stop, most):
            refused += await self._write(replica, span)
            at = span.stop
        return refused

    async def _write(self, replica: Replica, span: Span) -> list[Refused]:
        cells = replica.cells(span)
        if cells is None:  # they are withheld since, or gone
            return []
        block, single = replica.block(span), self._options.single
        try:
            await self._ask(write_once(self.connection, block, cells, single=single))
        except DeviceException as error:
            return await self._in_parts(self._write, replica, span, error)
        replica.written(span.start, cells)
        self._report.wrote(replica, span)
        if self._options.verify:
            await self._verify(replica, span, cells)
        return []

    async def _verify(self, replica: Replica, span: Span, cells: bytes) -> None:
        """A difference is told once for its address, and counted until there is none."""
        block, width = replica.block(span), replica.width
        try:
            got = await self._ask(read_once(self.connection, block))
        except DeviceException as error:
            if error.code in FROM_GATEWAYS:
                raise
            self._differs(replica, span.start, f"{error}; it cannot be read back")
            return
        differ = (
            i for i in range(block.size) if got[width * i :][:width] != cells[width * i :][:width]
        )
        first = next(differ, None)
        for at in sorted(replica.doubts):
            if span.start <= at < (span.stop if first is None else span.start + first):
                self._report.trouble(replica.doubts.pop(at).over())
                self._report.good(f"{replica.block(Span(at, at + 1))}: reads as written by now")
        if first is not None:
            wrote, reads = (
                int.from_bytes(it[width * first :][:width], "big") for it in (cells, got)
            )
            address = span.start + first
            place = replica.block(Span(address, address + 1))
            self._differs(replica, address, f"{place}: wrote {wrote}, and reads {reads}")

    def _differs(self, replica: Replica, address: int, text: str) -> None:
        self._report.failures["difference"] += 1
        trouble = replica.doubt(address)
        self._report.trouble(trouble.happened(text, time.monotonic()))

    async def _read_defined(self, replica: Replica, within: Span) -> list[Refused]:
        most = max_read(replica.table, self._max_registers)
        refused: list[Refused] = []
        for span in list(replica.readable(within, most)):
            refused += await self._read(replica, span)
        return refused

    async def _read(self, replica: Replica, span: Span) -> list[Refused]:
        replica.asked()
        try:
            cells = await self._ask(read_once(self.connection, replica.block(span)))
        except DeviceException as error:
            return await self._in_parts(self._read, replica, span, error)
        self._plan.took(replica, span.start, cells, self._device)
        return []

    async def _in_parts(
        self, step: Step, replica: Replica, span: Span, error: DeviceException
    ) -> list[Refused]:
        """What of `span`, which is refused as a whole, is refused by itself.

        Raises `error` where it is not the device that refuses.
        """
        if error.code in FROM_GATEWAYS:
            raise error
        halves = replica.halves(span)
        if not halves:
            self._report.failures["refusal"] += 1
            return [Refused(span, error.code)]
        return [it for half in halves for it in await step(replica, half)]

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
