"""One connection to a device, or to a line of them; requests go one after the other.

pymodbus makes frames of requests, and answers of bytes. What it is given is a transport of ours,
since only then is it known why one cannot be opened, or has ended. Its exceptions, and those of the
system, go no further than this file. A connection that is lost stays so; open another one.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, Final, Self

from pymodbus import FramerType
from pymodbus.client import ModbusBaseClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU
from pymodbus.transport import CommParams, CommType

from aoba.client.blocks import Block
from aoba.client.reasons import why
from aoba.client.target import SerialUrl, Target, TlsTarget, has_broadcast
from aoba.client.transport import open_transport
from aoba.client.wire import Wire
from aoba.client.words import refusal, silence
from aoba.errors import BadAnswer, DeviceError, DeviceException, NoAnswer, NoConnection

TURNAROUND: Final = 0.2
"""Seconds that stations have to carry out a broadcast (Serial Line 2.4.1: 100 to 200 ms)."""

_LINES: Final = {"rtu": FramerType.RTU, "rtu+tcp": FramerType.RTU, "ascii": FramerType.ASCII}
"""Framings of serial lines, by scheme. All others have that of TCP: TLS, too, since pymodbus' own
one for it cannot join an answer that comes in two pieces."""

_NEVER: Final = 2**31
"""Silent requests after which pymodbus closes a connection; a scan meets many."""

_AT_ONCE: Final = 4 * 260
"""Bytes that may come together: the answer, and before it some that are late. pymodbus drops all of
them where they are more, and has room for a single long answer unless it is told."""

_CLOSING: Final = 1.0
"""Seconds that a transport has to close, so that a serial line can be opened again."""

# What it would warn of is a retry, or becomes an exception of ours.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class Connection:
    """Comes from `connect`; use it as a context manager."""

    def __init__(self, target: Target, timeout: float, retries: int) -> None:
        scheme = "tls" if isinstance(target, TlsTarget) else target.scheme
        self.target = target
        self._gap = _gap(target)
        # Of these parameters it uses no more: the transport is ours.
        params = CommParams(
            comm_type=CommType.UDP if scheme == "udp" else CommType.TCP,
            timeout_connect=timeout,
            reconnect_delay=0,
        )
        framing = _LINES.get(scheme, FramerType.SOCKET)
        self._client = ModbusBaseClient(framing, retries, params, None, None, None)
        self._client.set_max_no_responses(_NEVER)
        self._client.ctx.max_buffer_size = _AT_ONCE
        self._wire = Wire(self._client)

    @property
    def timeout(self) -> float:
        """Seconds that a device has for an answer; of the next request, as `retries`."""
        return self._client.ctx.comm_params.timeout_connect

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._client.ctx.comm_params.timeout_connect = seconds

    @property
    def retries(self) -> int:
        """How often a device is asked again that is silent."""
        return self._client.ctx.retries

    @retries.setter
    def retries(self, count: int) -> None:
        self._client.ctx.retries = count

    @classmethod
    async def connect(
        cls, target: Target, timeout: float, retries: int = 0, opening: float | None = None
    ) -> Self:
        """Raises NoConnection after `opening` seconds at most, which are `timeout` if not given.

        Raises UsageError where a certificate of ours cannot be used.
        """
        connection = cls(target, timeout, retries)
        await open_transport(target, connection._wire, opening or timeout)
        return connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._client.close()
        await asyncio.wait((self._wire.lost,), timeout=_CLOSING)

    @property
    def is_lost(self) -> bool:
        return self._wire.lost.done()

    async def ask(self, what: Block | str, method: str, *args: Any, **options: Any) -> ModbusPDU:
        """The answer to a request, which is a method of pymodbus' client, about `what`.

        Raises DeviceError.
        """
        await asyncio.sleep(self._gap)
        asked = asyncio.ensure_future(self._request(method, *args, **options))
        try:
            await asyncio.wait((asked, self._wire.lost), return_when=asyncio.FIRST_COMPLETED)
            if not asked.done() or (self._wire.lost.done() and asked.exception()):
                raise self._lost()
            answer = asked.result()
        except ModbusException:
            is_line = has_broadcast(self.target)
            words = silence(what, self.timeout, 1 + self.retries, is_line=is_line)
            raise NoAnswer(f"{self.target}: {words}") from None
        finally:
            asked.cancel()
        if answer.isError():
            raise DeviceException(answer.exception_code, refusal(what, answer.exception_code))
        return answer

    async def tell_all(self, size: int, method: str, *args: Any, **options: Any) -> None:
        """Send a broadcast with `size` bytes of data, and wait for as long as it takes.

        Raises NoConnection.
        """
        await asyncio.sleep(self._gap)
        await self._request(method, *args, **options, no_response_expected=True)
        await asyncio.sleep(TURNAROUND + _seconds(self.target, 2 * (size + 10)))

    async def until_lost(self) -> DeviceError:
        """Why the connection is lost, as soon as it is."""
        await asyncio.wait((self._wire.lost,))
        return self._lost()

    def _request(self, method: str, *args: Any, **options: Any) -> Awaitable[ModbusPDU]:
        if self._wire.lost.done():
            raise self._lost()
        request: Awaitable[ModbusPDU] = getattr(self._client, method)(*args, **options)
        return request

    def _lost(self) -> DeviceError:
        reason = self._wire.lost.result()
        if isinstance(reason, BadAnswer):
            return BadAnswer(f"{self.target}: {reason}")
        return NoConnection(f"{self.target}: {why(self.target, reason, was_open=True)}")


def _gap(target: Target) -> float:
    """Seconds of silence before a request (Serial Line 2.5.1.1: 3.5 characters, or 1750 us)."""
    is_rtu = isinstance(target, SerialUrl) and target.scheme == "rtu"
    return max(_seconds(target, 3.5), 0.00175) if is_rtu else 0.0


def _seconds(target: Target, characters: float) -> float:
    """How long these many characters, of 11 bits, are under way."""
    return characters * 11 / target.baudrate if isinstance(target, SerialUrl) else 0.0
