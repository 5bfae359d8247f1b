"""All images, one for each bus: a bus has unit ids of its own, as an RS-485 line has.

A source that is given a bus has that image for its own. Of one that is given none, each station may
name one, and those that do not are on `main`: its documents are taken apart here, and take effect
on all buses or on none.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import UNSET

from aoba.bus import MAIN
from aoba.document.schema import Document
from aoba.errors import DocumentError
from aoba.identity import DEFAULT_IDENTITY
from aoba.registers.image import Image

_INDEX: Final = re.compile(r"stations\[(\d+)\]")


class Buses:
    """`identity` are the identification objects of stations that no document gives others."""

    def __init__(self, identity: Mapping[int, bytes] = DEFAULT_IDENTITY) -> None:
        self._identity = identity
        self._images: dict[str, Image] = {}
        self._watchers: list[Callable[[Image], None]] = []
        self.main = self.image(MAIN)

    def __iter__(self) -> Iterator[Image]:
        return iter([*self._images.values()])

    def image(self, bus: str) -> Image:
        """That of a bus, which is there from now on."""
        image = self._images.get(bus)
        if image is None:
            image = self._images[bus] = Image(self._identity, bus)
            for watcher in self._watchers:
                watcher(image)
        return image

    def find(self, bus: str) -> Image | None:
        """That of a bus, if it is there."""
        return self._images.get(bus)

    def watch(self, watcher: Callable[[Image], None]) -> Callable[[], None]:
        """Call `watcher` with each image, now and when a bus comes, until what is returned is."""
        self._watchers.append(watcher)
        for image in self:
            watcher(image)
        return lambda: self._watchers.remove(watcher)

    def remove(self, source: str) -> None:
        """The source is gone, with all that it has defined, on all buses."""
        for image in self:
            image.remove(source)


class BusRouter:
    """What a source does with its registers, where each of its stations may be on another bus.

    It implements `SourceRegisters`, as an `Image` does for a source that has one bus. Stations that
    name no bus are on `main`.
    """

    def __init__(self, buses: Buses) -> None:
        self._buses = buses
        self._images = [buses.main]  # in which something may have been defined through this
        self._watchers: list[Callable[[Image], None]] = []

    def watch(self, watcher: Callable[[Image], None]) -> None:
        self._watchers.append(watcher)
        for image in self._images:
            watcher(image)

    def apply(self, source: str, document: Document, *, replace: bool = False) -> None:
        """As `Image.apply`, on all buses or on none."""
        if not document.has_buses and len(self._images) == 1:  # as most of the time
            self._buses.main.apply(source, document, replace=replace)
            return
        parts: dict[str, list[int]] = {}
        for index, station in enumerate(document.stations):
            bus = MAIN if station.bus is UNSET else station.bus
            parts.setdefault(bus, []).append(index)
        if replace:  # also where nothing is defined any more
            parts = {image.bus: [] for image in self._images} | parts
        documents = {bus: _part(document, indices) for bus, indices in parts.items()}
        for bus, part in documents.items():
            try:
                self._buses.image(bus).check(source, part, replace=replace)
            except DocumentError as error:
                raise type(error)(_path(error.path, parts[bus]), error.reason) from None
        for bus, part in documents.items():
            self._joined(bus).apply(source, part, replace=replace)

    def mark_stale(self, source: str, *, as_zero: bool) -> None:
        for image in self._images:
            image.mark_stale(source, as_zero=as_zero)

    def _joined(self, bus: str) -> Image:
        image = self._buses.image(bus)
        if image not in self._images:
            self._images.append(image)
            for watcher in self._watchers:
                watcher(image)
        return image


def _part(document: Document, indices: list[int]) -> Document:
    return Document(
        stations=[document.stations[index] for index in indices],
        reboot_interval=document.reboot_interval,
        identity=document.identity,
    )


def _path(path: str, indices: list[int]) -> str:
    """The same, as seen from the whole document."""
    return _INDEX.sub(lambda found: f"stations[{indices[int(found[1])]}]", path, count=1)
