"""A document in one line, for the log."""

from typing import Final

from aoba.document.schema import Document

MAX_SHOWN: Final = 4
"""Ranges, and stations, that are named one by one."""


def summary(document: Document) -> str:
    """Its stations and their ranges, both ends included."""
    stations = [
        f"station {station.id} ({station.mode}) "
        + ", ".join(
            f"{table.label} {' '.join(str(item.span) for item in ranges[:MAX_SHOWN])}"
            + (f" and {len(ranges) - MAX_SHOWN} more" if len(ranges) > MAX_SHOWN else "")
            for table, ranges in station.map.tables()
        )
        for station in document.stations[:MAX_SHOWN]
    ]
    if len(document.stations) > MAX_SHOWN:
        stations.append(f"{len(document.stations) - MAX_SHOWN} more stations")
    return "; ".join(stations) or "no stations"
