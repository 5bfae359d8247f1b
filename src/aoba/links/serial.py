"""A serial line, opened through serialx, and opened again when its device comes back.

Takes what the line gives as it comes, has a session answer it, and sends each answer after the
silence that the line demands. Frames end by themselves; the clock is asked only where one has begun
and does not go on, and the session is told of that gap.
"""

import asyncio
import contextlib
import errno
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

import serialx

from aoba.endpoints.url import SerialUrl
from aoba.errors import LinkError
from aoba.links.forwarded_writes import ForwardedWrites
from aoba.links.frame_timeout import FrameTimeout
from aoba.links.link_log import LinkLog
from aoba.links.serial_port import is_pty, open_serial
from aoba.links.serial_session import SerialSession
from aoba.links.served import ServedStations
from aoba.logs.rate_limit import RateLimit
from aoba.modbus.ascii import SILENCE
from aoba.modbus.counters import Counters
from aoba.modbus.peer import READING_FUNCTIONS, READONLY, Peer
from aoba.modbus.pending import Pending
from aoba.modbus.rtu import silence
from aoba.retry import Backoff

if TYPE_CHECKING:
    from serialx.descriptor_transport import DescriptorTransport

LATENCY: Final = 0.02
"""Seconds that an adapter or a busy machine may keep bytes of one frame apart."""

READ_SIZE: Final = 4096
"""Bytes read at once. serialx' own 256 KiB take longer to allocate than a request to answer."""

UNSENT: Final = 512
"""Bytes of answers that may wait for a line that does not take them; then none are given."""

ECHO: Final = 0.1
"""Seconds after an answer in which its echo would have come; no master asks again so soon."""

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
"""Seconds between attempts to open a device that has gone; doubled while it stays away."""

OUTAGES, OUTAGES_PER_SECOND = 20, 1 / 60
"""Outages that are logged; a loose plug may come and go ten times a second."""

CLOSE_TIMEOUT: Final = 0.5
"""Seconds that the line has, when Aoba stops, to send the answers that are on their way."""

_REASONS: Final = {
    errno.ENOENT: "there is no such device; is it plugged in, and its name right?",
    errno.EACCES: "no permission; the user needs to be in the device's group, often dialout",
    errno.EBUSY: "another program is using it",
    errno.ENOTTY: "it is not a serial line",
    errno.EINVAL: "the device does not offer these settings",
    errno.EIO: "the device is unplugged, or does not respond",
}

_log = logging.getLogger("aoba.link")
logging.getLogger("serialx").setLevel(logging.INFO)  # or it logs each read and write


class SerialLink:
    """Call `bind`, then `serve`; at the end `close`."""

    def __init__(
        self,
        url: SerialUrl,
        counters: Counters,
        open_session: Callable[[], SerialSession],
        log: LinkLog | None = None,
    ) -> None:
        self.url = url
        self.counters = counters
        self.log = log or LinkLog(str(url))
        self.forwarded_writes = ForwardedWrites(self.log)
        self._open_session = open_session
        self.line: _Line | None = None
        """While the device is open; kept by the line itself."""
        self._return: asyncio.Task[None] | None = None
        self._outages = RateLimit(OUTAGES, OUTAGES_PER_SECOND)
        self._is_told = False  # the last one
        self._more_outages = 0  # that were not told
        self.serving = False
        self.closing = False

    def __str__(self) -> str:
        return f"{self.url} ({self.url.character})"

    async def bind(self) -> None:
        """Take the device. Raises LinkError where that is impossible."""
        try:
            await self._open()
        except (OSError, serialx.SerialException) as error:
            raise LinkError(f"cannot open {self.url}: {_reason(error)}") from None

    async def serve(self) -> None:
        """Answer from now on; what came before is passed over. Call `bind` first."""
        self.serving = True
        self.log.start()

    def lost(self, error: Exception | None) -> None:
        """The device has gone."""
        if not self.closing:
            reason = _reason(error) if error else "end of file"
            gone = f"{self.url} is gone: {reason}; waiting for its return"
            self._is_told = self._outages.take(1, time.monotonic())
            if self._is_told:
                _log.warning("%s", gone)
            else:
                self._more_outages += 1
            self._return = asyncio.create_task(self._reopen())

    async def close(self) -> None:
        """Let go of the device once the answers are sent, or `CLOSE_TIMEOUT` on."""
        self.closing = True
        self.forwarded_writes.close()
        if self._return is not None:
            self._return.cancel()
            await asyncio.wait((self._return,))
        if self.line is not None:
            await self.line.close()
        if self._more_outages:
            _log.warning("%s was gone %d more times", self.url, self._more_outages)
        self.log.close()

    async def _open(self) -> None:
        line = _Line(self, self._open_session(), _turnaround(self.url), _gap(self.url))
        await open_serial(self.url, line)

    async def _reopen(self) -> None:
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            await asyncio.sleep(backoff.pause())
            try:
                await self._open()
            except (OSError, serialx.SerialException) as error:
                self.log.detail(f"{self.url}: {_reason(error)}")
            else:
                if self._is_told:
                    self._say_back()
                return

    def _say_back(self) -> None:
        more, self._more_outages = self._more_outages, 0
        _log.info("%s is back%s", self.url, f"; it was gone {more} more times" if more else "")


class _Line(asyncio.Protocol):
    """The device while it is open."""

    def __init__(
        self, link: SerialLink, session: SerialSession, turnaround: float, gap: float
    ) -> None:
        self._link = link
        self._session = session
        self._turnaround = turnaround
        self._gap = FrameTimeout(gap, self._on_gap)
        self._echo = turnaround + ECHO
        self._full = False  # the line does not take the answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("DescriptorTransport", transport)
        self._transport.set_write_buffer_limits(high=UNSENT, low=0)
        self._transport.max_size = READ_SIZE
        self._link.line = self

    def connection_lost(self, exc: Exception | None) -> None:
        self._gap.cancel()
        self._link.line = None
        self._link.lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._link.serving:
            self._session.feed(data)
            self._answer()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False

    async def close(self) -> None:
        self._gap.cancel()
        line = self._transport.serial
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                # The system tells nobody when it has sent them, hence the asking.
                while self._transport.get_write_buffer_size() or line.num_unwritten_bytes():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        with contextlib.suppress(OSError):
            line.reset_write_buffer()  # or the system waits for it to be sent
        self._transport.abort()
        await self._transport.wait_closed()

    def _answer(self) -> None:
        self._send_after_turnaround(self._session.answers())
        if self._session.to_forward:
            self._link.forwarded_writes.ask(self._session.to_forward, self._finish)
            self._session.to_forward = ()
        if self._session.more:
            asyncio.get_running_loop().call_soon(self._answer)
        else:
            self._watch()

    def _watch(self) -> None:
        looks = self._session.looks_for_echo
        self._gap.watch(waiting=looks or self._session.waiting, at_least=self._echo if looks else 0)

    def _finish(self, pending: Pending, code: int | None) -> None:
        self._send_after_turnaround(self._session.finish(pending, code))

    def _send_after_turnaround(self, answers: bytes) -> None:
        if answers and self._turnaround:
            self._send_at(time.monotonic() + self._turnaround, answers)
        elif answers:
            self._send(answers)

    def _send_at(self, due: float, answers: bytes) -> None:
        left = due - time.monotonic()
        if left > 0:  # more than once: uvloop counts milliseconds, and may be early by one
            asyncio.get_running_loop().call_later(left, self._send_at, due, answers)
        else:
            self._send(answers)

    def _send(self, answers: bytes) -> None:
        if not self._full and not self._transport.is_closing():
            self._transport.write(answers)

    def _on_gap(self) -> None:
        if self._transport.serial.num_unread_bytes():
            self._gap.watch(waiting=True)  # it is Aoba that is late, not the line
        else:
            self._session.gap()
            self._answer()


def _turnaround(url: SerialUrl) -> float:
    if url.turnaround is not None:
        return url.turnaround
    is_silent = url.scheme != "ascii" and not is_pty(url.device)
    return silence(url.baudrate) if is_silent else 0


def _gap(url: SerialUrl) -> float:
    return SILENCE if url.scheme == "ascii" else silence(url.baudrate) + LATENCY


def _reason(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return _REASONS.get(number or 0) or getattr(error, "strerror", None) or str(error)


def open_serial_link(url: SerialUrl, served: ServedStations) -> SerialLink:
    access = (READING_FUNCTIONS, READONLY) if url.readonly else (None, "")
    client = Peer(str(url.device), Counters(is_serial=True, name=str(url)), *access)
    log = LinkLog(str(url))
    open_session = served.ascii if url.scheme == "ascii" else served.rtu
    return SerialLink(
        url, client.counters, lambda: open_session(client, log, url, echo=url.echo), log
    )
