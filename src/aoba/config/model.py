"""What there is to be: sources, and outlets for their values. `aoba.engine` makes it so.

Everything in here is a value: equal configurations mean the same, and what is equal in two of them
is left alone when the engine changes from one to the other. All URLs and SPECs are parsed already.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from aoba.bus import MAIN
from aoba.endpoints.device import Target
from aoba.endpoints.topic import Publication
from aoba.endpoints.url import Url
from aoba.identity import DEFAULT_IDENTITY
from aoba.links.roles import NO_RULES, Rules
from aoba.logs.trace_level import TraceLevel
from aoba.sources.source import source_names
from aoba.sources.spec import Spec


class SourceConfig(Struct, frozen=True):
    name: str
    """What the log, other sources and outlets call it; no two have the same."""
    spec: Spec


class LinkConfig(Struct, frozen=True):
    """Where clients ask."""

    place: Url
    rules: Rules = NO_RULES
    """What the roles of TLS clients may do."""


class PushConfig(Struct, frozen=True):
    """Devices that are kept at the values of sources."""

    place: Target
    sources: tuple[str, ...] = ()
    """Names; none: all there are."""
    bus: str = MAIN
    """The one whose stations they are."""
    timeout: float = 2.0
    """Seconds for an answer."""
    retries: int = 1
    refresh: float | None = 60.0
    """Seconds after which everything is written again; None: never."""
    single: bool = False
    """Whether each address is written by itself, by functions 5 and 6."""
    verify: bool = False
    """Whether what was written is read back."""


class PublishConfig(Struct, frozen=True):
    """A topic of a broker that hears of the documents of a source."""

    place: Publication
    source: str


OutletConfig = LinkConfig | PushConfig | PublishConfig

OutletKey = tuple[type, str, int]
"""By which an outlet of one configuration is found in another: its kind, its place, and a number
where there are several."""


class Config(Struct, frozen=True):
    sources: tuple[SourceConfig, ...] = ()
    """In the order in which they start: of two in conflict, the first one keeps an address."""
    outlets: tuple[OutletConfig, ...] = ()
    identity: Mapping[int, bytes] = field(default_factory=lambda: DEFAULT_IDENTITY)
    """Identification objects of all stations, where no document gives others."""
    trace: TraceLevel = TraceLevel.OFF
    """How much of the traffic is logged, of clients and of devices."""


def named(specs: Sequence[Spec]) -> tuple[SourceConfig, ...]:
    """Sources that a user has given no names."""
    names = source_names(specs)
    return tuple(SourceConfig(name, spec) for name, spec in zip(names, specs, strict=True))


def by_key(outlets: Iterable[OutletConfig]) -> dict[OutletKey, OutletConfig]:
    seen: Counter[tuple[type, str]] = Counter()
    keyed: dict[OutletKey, OutletConfig] = {}
    for outlet in outlets:
        place = type(outlet), str(outlet.place)
        keyed[*place, seen[place]] = outlet
        seen[place] += 1
    return keyed
