"""Links as outlets: each says when it is ready, and at the end what it has done."""

import logging

from aoba.config.model import LinkConfig
from aoba.links.open import Link, open_link
from aoba.links.served import ServedStations
from aoba.modbus.summary import exceptions_by_name, requests_by_name, summary
from aoba.outlets.outlet import Served

_log = logging.getLogger("aoba")


def open_link_outlet(config: LinkConfig, served: Served) -> "LinkOutlet":
    """Raises UsageError where files that the URL names are of no use."""
    if config.place.is_bus_fixed:
        served.buses.image(config.place.bus)  # it is there, whether or not it has stations yet
    stations = ServedStations(served.buses.find, config.rules, served.max_clients, served.trace)
    return LinkOutlet(open_link(config.place, stations))


class LinkOutlet:
    """Implements `Outlet`."""

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


def _tell_summary(link: Link) -> None:
    counters = link.counters
    figures = {
        "link": counters.name,
        "requests": requests_by_name(counters),
        "exceptions": exceptions_by_name(counters),
        "clients": counters.clients,
    }
    _log.info("%s served %s", counters.name, summary(counters), extra=figures)
