"""RTU frames in a TCP stream, as serial device servers send them.

Serial rules hold, and frames are told apart as on a serial line. A stream loses nothing, so where a
frame fits, its rest is waited for, however late it comes. Where none fits, a pause is the way back:
the other end may be a bus with noise on it, and closing would not make that better.
"""

from functools import partial
from typing import ClassVar, Final, cast

from aoba.endpoints.url import NetworkUrl
from aoba.links.connection import Connection, Link, OpenSession
from aoba.links.frame_timeout import FrameTimeout
from aoba.links.link_log import LinkLog
from aoba.links.serial_session import SerialSession
from aoba.links.served import ServedStations
from aoba.links.tcp import TcpLink
from aoba.modbus.counters import Counters

PAUSE: Final = 0.05
"""Seconds without a byte that end a frame whose length is not known."""


ECHO: Final = 0.2
"""Seconds after an answer in which the echo of a line behind the network would have come."""


class RtuConnection(Connection):
    __slots__ = ("_gap",)

    listens_on: ClassVar[bool] = True

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._gap = FrameTimeout(PAUSE, self._on_gap)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gap.cancel()
        super().connection_lost(exc)

    @property
    def _serial_session(self) -> SerialSession:
        return cast("SerialSession", self._session)

    def _on_gap(self) -> None:
        if self._full or self._session.more:  # the client has to take its answers first
            self._gap.watch(waiting=True)
        else:
            self._serial_session.gap()
            self._answer()
            self._watch()

    def _watch(self) -> None:
        looks = self._serial_session.looks_for_echo
        waiting = looks or self._serial_session.waiting
        self._gap.watch(waiting=waiting, at_least=ECHO if looks else 0)


class RtuTcpLink(TcpLink):
    """As `TcpLink`; its sessions are `SerialSession`s."""

    connection: ClassVar[type[Connection]] = RtuConnection

    def __init__(
        self, url: NetworkUrl, open_session: OpenSession, room: int, log: LinkLog | None = None
    ) -> None:
        super().__init__(url, open_session, room, log)
        self.counters = Counters(is_serial=True)


def open_rtu_tcp_link(url: NetworkUrl, served: ServedStations) -> RtuTcpLink:
    log = LinkLog()
    open_session = partial(served.rtu, log=log, url=url, is_stream=True, echo=url.echo)
    return RtuTcpLink(url, open_session, served.room, log)
