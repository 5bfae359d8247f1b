"""One connection to a device, or to a line of them; requests go one after the other.

What a request asks for, and what its answer says, are the PDUs of pymodbus. How they are sent, and
which answer belongs to which of them, is ours (`client/transport_adapter`, `client/matching`), and
so is the transport: only then is it known why there is no answer. The exceptions of pymodbus go no
further than this file. A connection that is lost stays so; open another one.
"""

import asyncio
import math
import struct
import time
from typing import Final, Self

from pymodbus.pdu import DecodePDU, ModbusPDU

from aoba.client.blocks import Block
from aoba.client.channel_state import ChannelState
from aoba.client.transport import open_transport
from aoba.client.transport_adapter import Request, TransportAdapter
from aoba.client.words import echo, refusal, silence
from aoba.endpoints.device import SerialUrl, Target, has_broadcast
from aoba.endpoints.reasons import why
from aoba.errors import BadAnswer, DeviceError, DeviceException, NoAnswer, NoConnection
from aoba.modbus.ascii import SILENCE
from aoba.modbus.mismatch import may_be_its_own_answer, mismatch
from aoba.modbus.rtu import silence as rtu_silence
from aoba.modbus.spec import ExceptionCode, FunctionCode
from aoba.retry import Backoff

TURNAROUND: Final = 0.2
"""Seconds that stations have to carry out a broadcast (Serial Line 2.4.1: 100 to 200 ms)."""

LINGER: Final = 1.0
"""Seconds for which late answers are waited for where somebody waits for the end."""

_LATENCY: Final = 0.02
"""Seconds that an adapter or a busy machine may keep bytes of one frame apart."""

_PAUSE: Final = 0.05
"""The same of a network."""

_CLOSING: Final = 1.0
"""Seconds that a transport has to close, so that a serial line can be opened again."""

_MOST_SILENCES: Final = 2
"""In a row, after which a network may be to blame: a host that was cut off never says goodbye."""

_SETTLING: Final = 10.0
"""Seconds for which a connection that was never answered is kept: some devices are deaf at first,
and would be so again after the next attempt."""

_BUSY_CODES: Final = (ExceptionCode.ACKNOWLEDGE, ExceptionCode.SERVER_DEVICE_BUSY)
_BUSY_BACKOFF: Final = 0.1
_BUSY_BACKOFF_MAX: Final = 1.0
"""Seconds before a request is sent again to a device that is busy; doubled each time."""

_decoder: Final = DecodePDU(is_server=False)


class Connection:
    """Comes from `connect`; use it as a context manager."""

    def __init__(self, state: ChannelState, timeout: float, retries: int) -> None:
        self.target = state.target
        self.timeout = timeout
        """Seconds that a device has for an answer; of the next request, as `retries`."""
        self.retries = retries
        """How often a device is asked again that is silent."""
        self.busy_retries = self.target.requests.busy_retries
        """The same of one that answers with exception 05 or 06."""
        self._state = state
        self._pause = _pause(self.target)
        self._adapter = TransportAdapter(state, _gap(self.target))
        self._silences = 0  # in a row
        self._opened = 0.0
        self._has_answered = False

    @classmethod
    async def connect(
        cls, state: ChannelState, timeout: float, retries: int = 0, opening: float | None = None
    ) -> Self:
        """Who opens several connections to a place, one after the other, has one state for them.

        Raises NoConnection after `opening` seconds at most, which are `timeout` if not given, and
        UsageError where a certificate of ours cannot be used.
        """
        connection = cls(state, timeout, retries)
        await open_transport(state.target, connection._adapter, opening or timeout)
        if delay := state.target.requests.connect_delay:
            try:
                await connection._adapter.sleep_for(delay)
                connection._expect_connection()
            except BaseException:
                connection._adapter.close()
                raise
        connection._opened = time.monotonic()
        return connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Waits for answers that are late, or whoever opens the line next would be given them."""
        is_over = kind is None or issubclass(kind, Exception)
        await self.close(linger=math.inf if is_over else LINGER)

    async def close(self, linger: float = 0.0) -> None:
        """Wait for late answers before, for `linger` seconds at most."""
        ends = time.monotonic() + linger
        try:
            while (left := min(self.late_for, ends - time.monotonic())) > 0:
                await self._adapter.sleep(left)
        finally:
            self._adapter.close()
            await asyncio.wait((self._adapter.lost,), timeout=_CLOSING)

    @property
    def late_for(self) -> float:
        """Seconds for which answers may still come that nobody waits for any more."""
        return 0.0 if self.is_lost else self._state.matcher.open_for(time.monotonic())

    @property
    def is_lost(self) -> bool:
        return self._adapter.lost.done()

    def is_over(self, error: DeviceError) -> bool:
        """Whether another connection may do better, after `error` of this one's newest request."""
        if self.is_lost:
            return True
        if isinstance(error, DeviceException):
            return False
        if isinstance(self.target, SerialUrl):  # to open a port may start a device afresh
            return isinstance(error, NoConnection)
        if isinstance(error, NoAnswer):
            return self._state.matcher.is_spent or (
                self._silences >= _MOST_SILENCES and not self._may_be_deaf()
            )
        return not (isinstance(error, BadAnswer) and has_broadcast(self.target))

    async def ask(self, what: Block | str, request: ModbusPDU) -> ModbusPDU:
        """The answer to `request`, which is about `what`. Raises DeviceError.

        A device that is busy is asked again, as often as `busy_retries` say.
        """
        pdu = bytes((request.function_code,)) + request.encode()
        backoff = Backoff(_BUSY_BACKOFF, _BUSY_BACKOFF_MAX)
        for left in reversed(range(1 + self.busy_retries)):
            answer = await self._ask(what, request.dev_id, pdu)
            if not answer.isError():
                break
            if not left or answer.exception_code not in _BUSY_CODES:
                raise DeviceException(answer.exception_code, refusal(what, answer.exception_code))
            await asyncio.sleep(backoff.pause())
        return answer

    async def tell_all(self, request: ModbusPDU) -> None:
        """Send a broadcast, and wait for as long as it takes. Raises NoConnection."""
        pdu = bytes((request.function_code,)) + request.encode()
        broadcast = self._adapter.begin(request.dev_id, pdu)
        try:
            await self._until_free(broadcast)
            await self._silence()
            self._adapter.send(broadcast, self.timeout)
        finally:
            self._adapter.end()
        await asyncio.sleep(TURNAROUND + _seconds(self.target, len(broadcast.adu)))

    async def until_lost(self) -> DeviceError:
        """Why the connection is lost, as soon as it is."""
        await asyncio.wait((self._adapter.lost,))
        return self._lost()

    async def _ask(self, what: Block | str, unit: int, pdu: bytes) -> ModbusPDU:
        if self._state.echo.is_unexpected and may_be_its_own_answer(pdu):
            raise self._no_answer(echo(what))
        request = await self._carry_out(unit, pdu, self.retries)
        if request.is_doubtful and await self._gives_back(unit, pdu):
            raise self._no_answer(echo(what))
        if request.answer:
            self._silences = 0
            self._has_answered = True
            return self._decoded(what, request)
        raise self._without_answer(what, request)

    async def _carry_out(
        self, unit: int, pdu: bytes, retries: int, *, may_be_echo: bool = False
    ) -> Request:
        """Have it answered, or with `may_be_echo` given back. Raises NoConnection."""
        request = self._adapter.begin(unit, pdu)
        try:
            await self._until_free(request)
            for _ in range(1 + retries):
                if request.answer:
                    break
                await self._silence()
                if not request.answer:
                    self._adapter.send(request, self.timeout)
                    await self._until_answered(request, may_be_echo=may_be_echo)
        finally:
            self._adapter.end()
        return request

    async def _until_free(self, request: Request) -> None:
        """Until nothing that may come can be taken for its answer, or its answer has come.

        Raises DeviceError where the connection is lost; the next one has to wait for the rest.
        """
        matcher = self._state.matcher
        while not request.answer and (
            seconds := matcher.pause(request.unit, request.pdu, time.monotonic())
        ):
            self._expect_connection()
            await self._adapter.sleep(seconds)

    async def _silence(self) -> None:
        """Between what came last and a request."""
        due = self._adapter.heard_at + self.target.requests.delay - time.monotonic()
        await asyncio.sleep(max(self._pause, due))
        self._expect_connection()

    async def _until_answered(self, request: Request, *, may_be_echo: bool) -> None:
        """Or `timeout` has passed, or nothing more is to come."""
        deadline = time.monotonic() + self.timeout
        while not (request.answer or request.is_damaged or (may_be_echo and request.came.echo)):
            left = deadline - time.monotonic()
            if left <= 0:
                self._state.matcher.silent()
                break
            await self._adapter.sleep(left)
            if not request.answer:
                self._expect_connection()

    async def _gives_back(self, unit: int, pdu: bytes) -> bool:
        """Whether the adapter gives back what is sent, which the answer to a read tells.

        What is read is where `pdu` writes to. A device need not know that function: where nothing
        at all comes, nothing was given back either.
        """
        is_bit = pdu[0] in (FunctionCode.WRITE_SINGLE_COIL, FunctionCode.READ_COILS)
        code = FunctionCode.READ_COILS if is_bit else FunctionCode.READ_HOLDING_REGISTERS
        read = struct.pack(">B2sH", code, pdu[1:3], 1)
        await self._carry_out(unit, read, retries=0, may_be_echo=True)
        self._state.echo.excluded()
        return self._state.echo.is_unexpected

    def _decoded(self, what: Block | str, request: Request) -> ModbusPDU:
        assert request.answer  # noqa: S101  by whoever calls
        pdu = request.answer.pdu
        answer = _decoder.decode(pdu)
        if answer is None:
            error = BadAnswer(f"{self.target}: what comes back is no Modbus")
            if not has_broadcast(self.target):
                self._adapter.abort(error)
            raise error
        if text := mismatch(request.pdu, pdu):
            raise self._mistaken(what, text)
        return answer

    def _without_answer(self, what: Block | str, request: Request) -> DeviceError:
        came = request.came
        came.stray = came.stray.and_then(self._adapter.unfinished)
        came.is_late = self._state.matcher.is_late(request.unit)
        came.is_echo_missing = self._state.echo.is_missing and may_be_its_own_answer(request.pdu)
        self._silences += 1
        if came.mismatch and not came.damaged:
            return self._mistaken(what, came.mismatch)
        words = silence(what, self.timeout, 1 + self.retries, self.target, came)
        return self._no_answer(words, f"{what}: {came.kind}" if came.words else None)

    def _no_answer(self, words: str, kind: str | None = None) -> NoAnswer:
        return NoAnswer(f"{self.target}: {words}", kind)

    def _mistaken(self, what: Block | str, text: str) -> BadAnswer:
        words = "the answer is not the one to what was asked"
        return BadAnswer(f"{self.target}: {words}, {what}: {text}")

    def _may_be_deaf(self) -> bool:
        """Whether it is one that was never answered, and not open for long."""
        return not self._has_answered and time.monotonic() < self._opened + _SETTLING

    def _expect_connection(self) -> None:
        if self.is_lost:
            raise self._lost()

    def _lost(self) -> DeviceError:
        reason = self._adapter.lost.result()
        if isinstance(reason, BadAnswer):
            return reason
        return NoConnection(f"{self.target}: {why(self.target, reason, was_open=True)}")


def _pause(target: Target) -> float:
    """Seconds of silence before a request (Serial Line 2.5.1.1: 3.5 characters, or 1750 us)."""
    is_rtu = isinstance(target, SerialUrl) and target.scheme == "rtu"
    return max(_seconds(target, 3.5), 0.00175) if is_rtu else 0.0


def _gap(target: Target) -> float:
    """Seconds without a byte after which what has begun is no frame."""
    if not isinstance(target, SerialUrl):
        return _PAUSE
    return SILENCE if target.scheme == "ascii" else rtu_silence(target.baudrate) + _LATENCY


def _seconds(target: Target, characters: float) -> float:
    """How long these many characters, of 11 bits, are under way."""
    return characters * 11 / target.baudrate if isinstance(target, SerialUrl) else 0.0
