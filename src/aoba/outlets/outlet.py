"""What an outlet is, whatever its kind: it takes what it needs, serves, and comes to an end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aoba.config.model import SourceConfig
from aoba.logs.trace_level import TraceLevel
from aoba.registers.buses import Buses


class Outlet(Protocol):
    async def bind(self) -> None:
        """Take what is needed. Raises AobaError where that is impossible."""
        ...

    async def serve(self) -> None:
        """Begin, and return. Call `bind` first."""
        ...

    async def close(self) -> None:
        """Come to an end, within 3 s; to be called whether or not it was begun."""
        ...


@dataclass(frozen=True, slots=True)
class Served:
    """What outlets are made for."""

    buses: Buses
    sources: Sequence[SourceConfig]
    trace: TraceLevel
    max_clients: int
    """That a link has descriptors for."""
