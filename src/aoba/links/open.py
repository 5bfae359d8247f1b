"""URL -> link, by the rows of `SCHEMES`: which class speaks what, and with which session."""

from importlib import import_module
from typing import Protocol, cast

from aoba.endpoints.url import SCHEMES, Url
from aoba.links.served import ServedStations
from aoba.modbus.counters import Counters


class Link(Protocol):
    """Shows itself, as text, by its URL, once bound with the real port."""

    @property
    def counters(self) -> Counters: ...

    async def bind(self) -> None:
        """Take the port or device. Raises LinkError where that is impossible."""
        ...

    async def serve(self) -> None: ...

    async def close(self) -> None: ...


def open_link(url: Url, served: ServedStations) -> Link:
    """Raises UsageError where files that the URL names are of no use."""
    module, _, name = SCHEMES[url.scheme].open.partition(":")
    return cast("Link", getattr(import_module(module), name)(url, served))
