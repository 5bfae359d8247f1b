"""What clients write to a polled device: passed on over its line, or refused.

A poll that was under way at the time may have read what was there before. So what has been written
is noted in the order in which things happen on the line, and a poll asks what of its values is out
of date.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from aoba.client.blocks import Block
from aoba.client.channel import Channel
from aoba.client.connection import Connection
from aoba.client.requests import mask_write, write
from aoba.client.words import in_log
from aoba.errors import DeviceBusy, DeviceError, DeviceException, IllegalDataAddress
from aoba.modbus.forwarding import WriteSlice
from aoba.modbus.spec import ExceptionCode, FunctionCode
from aoba.sources.devices.spec import DeviceSpec
from aoba.sources.source_log import SourceLog
from aoba.spans import Span, Spans

_SINGLE: Final = (FunctionCode.WRITE_SINGLE_COIL, FunctionCode.WRITE_SINGLE_REGISTER)


class DeviceWrites:
    """Implements `aoba.modbus.forwarding.Device`."""

    def __init__(self, spec: DeviceSpec, channel: Channel, log: SourceLog) -> None:
        self._spec, self._channel, self._log = spec, channel, log
        self._written: list[Block] = []
        self._is_noted = False  # what is written
        self._told = False

    def __str__(self) -> str:
        return self._spec.name

    @property
    def mark(self) -> int:
        """How many writes have been accepted since a poll began."""
        return len(self._written)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """During a poll; what was written before is what it reads."""
        self._is_noted = True
        try:
            yield
        finally:
            self._is_noted = False
            self._written.clear()

    def still_true(self, block: Block, mark: int) -> Iterator[Span]:
        """What of `block` nobody has written since there was `mark`."""
        written = Spans()
        for other in self._written[mark:]:
            if other.table is block.table:
                written.add(*other.span)
        return written.gaps(*block.span)

    def expect_writable(self, it: WriteSlice) -> None:
        if self._spec.write:
            return
        block = self._block(it)
        if not self._told:
            self._told = True
            self._log.of_source(
                logging.WARNING,
                f"a client wrote to {block.place} of station {it.unit}, and was answered "
                f"exception 02; with write=true, writes are passed on to the device",
            )
        raise IllegalDataAddress(
            it.table.label,
            it.address,
            block.size,
            because="they belong to a device, and its source has no write=true",
        )

    async def forward(self, it: WriteSlice, pdu: bytes) -> int | None:
        """By the client's own function where it writes only; of 23, which also reads, by 16.

        Unless the URL of the device says which functions it knows, or how much it takes at a time:
        then it may be several requests, and where a later one is refused, the first have been
        carried out.
        """
        block = self._block(it)

        async def request(connection: Connection) -> None:
            if pdu[0] == FunctionCode.MASK_WRITE_REGISTER:
                masks = int.from_bytes(pdu[3:5], "big"), int.from_bytes(pdu[5:7], "big")
                await mask_write(connection, block, *masks)
                self._note(block)
            else:
                single, options = pdu[0] in _SINGLE, self._spec.target.requests
                parts = write(connection, block, it.cells, single=single, options=options)
                async for written in parts:
                    self._note(written)

        try:
            await self._ask(request)
        except DeviceException as error:
            return error.code
        except DeviceBusy:
            return ExceptionCode.SERVER_DEVICE_BUSY
        except DeviceError as error:
            text = f"a client's write to {block.place} fails: {in_log(error, self._spec.target)}"
            self._log.repeatable(logging.WARNING, text, f"write: {error.kind or type(error)}")
            return ExceptionCode.GATEWAY_TARGET_FAILED_TO_RESPOND
        return None

    async def _ask(self, request: Callable[[Connection], Awaitable[None]]) -> None:
        unit, policy = self._spec.unit, self._spec.retry_policy
        await self._channel.ask(unit, request, policy, is_write=True)

    def _note(self, written: Block) -> None:
        if self._is_noted:
            self._written.append(written)

    def _block(self, it: WriteSlice) -> Block:
        """Of the device's own."""
        width = 1 if it.table.is_bits else 2
        stop = it.address + len(it.cells) // width
        return Block(self._spec.unit, it.table, Span(it.address, stop))
