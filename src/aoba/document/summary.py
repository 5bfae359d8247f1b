"""A document in one line, for the log."""

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from aoba.document.schema import Document, Station

MAX_SHOWN: Final = 4
"""Stations, and of each ranges, queues and files, that are named one by one."""


def summary(document: Document) -> str:
    """Its stations and their ranges, both ends included."""
    stations = [
        f"station {station.id} ({station.mode}) "
        + ", ".join(f"{what} {_some(items)}" for what, items in _parts(station))
        for station in document.stations[:MAX_SHOWN]
    ]
    if len(document.stations) > MAX_SHOWN:
        stations.append(f"{len(document.stations) - MAX_SHOWN} more stations")
    return "; ".join(stations) or "no stations"


def _parts(station: Station) -> Iterator[tuple[str, list[str]]]:
    for table, ranges in station.map.tables():
        if ranges:
            yield table.label, [str(item.span) for item in ranges]
    if queues := [str(item.address_start) for item in station.map.fifos()]:
        yield "fifo", queues
    if station.files is not UNSET:
        yield "file", list(station.files)


def _some(items: list[str]) -> str:
    more = f" and {len(items) - MAX_SHOWN} more" if len(items) > MAX_SHOWN else ""
    return " ".join(items[:MAX_SHOWN]) + more
