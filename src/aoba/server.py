"""Builds a server: sources that feed an image, and links that serve it."""

import logging
import resource
from collections.abc import Mapping, Sequence
from typing import Final

from aoba.client.lines import Lines
from aoba.identity import DEFAULT_IDENTITY
from aoba.links.open import Link, Served, open_link
from aoba.links.roles import NO_RULES, Rules
from aoba.links.tcp import MAX_CLIENTS
from aoba.links.trace import Level
from aoba.links.url import Url
from aoba.modbus.summary import exceptions_by_name, requests_by_name, summary
from aoba.registers.image import Image
from aoba.runtime import Outlet, Runtime
from aoba.sources.group import SourceGroup
from aoba.sources.overwrite_log import OverwriteLog
from aoba.sources.spec import Spec

MAX_DESCRIPTORS: Final = 16_384
RESERVED: Final = 64
"""Descriptors that are kept from clients, beside those of sources, so that scripts can be run."""

_log = logging.getLogger("aoba")


def server(
    sources: Sequence[Spec],
    listen: Sequence[Url],
    identity: Mapping[int, bytes] = DEFAULT_IDENTITY,
    rules: Rules = NO_RULES,
    trace: Level = Level.OFF,
) -> Runtime:
    """What serves the values of `sources` at `listen`; to be called in a running loop.

    `identity` are identification objects of all stations, where no document gives others. `rules`
    say what the roles of TLS clients may do, `trace` how much of the traffic the log is told.
    Raises UsageError where the files of a link are of no use, and where two sources are to have
    their health in the same registers.
    """
    image = Image(identity)
    group = SourceGroup(sources, image, Lines(trace))
    room = (raise_descriptor_limit() - RESERVED - group.descriptors) // max(1, len(listen))
    room = max(1, min(room, MAX_CLIENTS))
    served = Served(image.stations, image.ready, rules, room, trace)
    outlets: list[Outlet] = [ServedLink(open_link(url, served)) for url in listen]
    return Runtime(group, [*outlets, UndoneWrites(image)])


class ServedLink(Outlet):
    """A link that says when it is ready, and at the end what it has done."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._served = False

    async def bind(self) -> None:
        await self._link.bind()

    async def serve(self) -> None:
        await self._link.serve()
        self._served = True
        _log.info("listening on %s", self._link)

    async def close(self) -> None:
        await self._link.close()
        if self._served:
            _tell_summary(self._link)


class UndoneWrites(Outlet):
    """The log, as far as it hears of writes that sources have undone."""

    def __init__(self, image: Image) -> None:
        self._log = OverwriteLog()
        image.watch_overwrites(self._log.tell)

    async def bind(self) -> None: ...

    async def serve(self) -> None: ...

    async def close(self) -> None:
        self._log.close()


def _tell_summary(link: Link) -> None:
    port = link.port
    figures = {
        "link": port.name,
        "requests": requests_by_name(port),
        "exceptions": exceptions_by_name(port),
        "clients": port.clients,
    }
    _log.info("%s served %s", port.name, summary(port), extra=figures)


def raise_descriptor_limit() -> int:
    """Ask for as many descriptors as Aoba may have; returns how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    infinite = resource.RLIM_INFINITY
    wanted = MAX_DESCRIPTORS if hard == infinite else min(hard, MAX_DESCRIPTORS)
    if soft != infinite and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
