"""How a source is watched over, as its SPEC says: when it is stale, and where its health stands.

The same options for every kind of source.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aoba.endpoints.options import one_of
from aoba.endpoints.units import parse_duration
from aoba.errors import UsageError
from aoba.sources.freshness import FreshnessRule
from aoba.sources.health_place import HealthPlace, parse_health


@dataclass(frozen=True, slots=True)
class Monitoring:
    freshness: FreshnessRule | None = None
    """When reads are not to be trusted any more, and what they answer; None: never."""
    health: HealthPlace | None = None
    """Where the source's own health stands in registers."""


UNMONITORED: Final = Monitoring()

MONITORING: Final[dict[str, Callable[[str], Any]]] = {
    "stale_after": parse_duration,
    "on_stale": one_of("hold", "exception", "zero"),
    "health": parse_health,
}
"""The options, to be among those that a kind of source accepts."""


def take_monitoring(text: str, options: dict[str, Any]) -> Monitoring:
    """What `options` say, which are gone from them then; `text` is what the user typed.

    Raises UsageError.
    """
    if "on_stale" in options and "stale_after" not in options:
        raise UsageError(f"{text}: option 'on_stale' goes with stale_after")
    rule = take(options, "stale_after", "on_stale")
    freshness = FreshnessRule(**rule) if rule else None
    return Monitoring(freshness, options.pop("health", None))


def take(options: dict[str, Any], *names: str) -> dict[str, Any]:
    """Those of `options` that are given, which are gone from them then."""
    return {name: options.pop(name) for name in names if name in options}
