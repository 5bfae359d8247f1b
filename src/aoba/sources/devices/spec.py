"""SPEC of a device that is polled -> `DeviceSpec`.

    modbus:URL?unit=3&holding=0-99&input=0-9,20@10s&OPTIONS

URL is that of `aoba read`, with its options; ours stand among them, in any order. Ranges are first
and last addresses, zero-based, joined by commas; each is asked for as it is written. One with an
interval of its own has that behind an `@`.
"""

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from aoba.bus import parse_bus
from aoba.client.addresses import split_addresses
from aoba.client.blocks import TABLES, Block
from aoba.endpoints.device import Target, has_broadcast, options_of, parse_target
from aoba.endpoints.options import Parsers, flag, parse_options
from aoba.endpoints.request_options import RetryPolicy
from aoba.endpoints.units import parse_duration
from aoba.errors import UsageError
from aoba.modbus.manuals import beyond_hint
from aoba.modbus.spec import ADDRESS_COUNT, MAX_UNIT_ID, MIN_UNIT_ID
from aoba.sources.monitoring import MONITORING, UNMONITORED, Monitoring, take_monitoring
from aoba.spans import Span, Spans

DEFAULT_INTERVAL: Final = 1.0
DEFAULT_TIMEOUT: Final = 1.0
MIN_INTERVAL: Final = 0.01

_PREFIX: Final = "modbus:"
_EXAMPLE: Final = "as in ?unit=3&holding=0-99&input=0-9,20-29"
_MAX_UNIT: Final = 255
"""Of a device on a network, which may answer to 0 and 255 as well (TCP 4.4.2.4)."""


class PolledBlock(NamedTuple):
    block: Block
    """Under the device's own unit id."""
    interval: float | None = None
    """Seconds from one time to the next; None: that of the source."""


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    kind: ClassVar[str] = "modbus"
    target: Target
    blocks: tuple[PolledBlock, ...]
    """What is read, in this order, by as many requests as there are blocks, or more."""
    unit: int
    """The device's own."""
    station: int
    """The unit id it has with us."""
    interval: float = DEFAULT_INTERVAL
    """Seconds from the start of a poll to that of the next."""
    timeout: float = DEFAULT_TIMEOUT
    retries: int = 0
    write: bool = False
    """Whether writes of clients are passed on."""
    monitoring: Monitoring = UNMONITORED
    bus: str | None = None
    """None: `main`."""

    @property
    def name(self) -> str:
        return f"{self.target} unit {self.unit}"

    @property
    def full_name(self) -> str:
        return f"{self.name} {', '.join(polled.block.place for polled in self.blocks)}"

    @property
    def retry_policy(self) -> RetryPolicy:
        return RetryPolicy(self.timeout, self.retries, self.target.requests.busy_retries)


def parse_device(text: str) -> DeviceSpec:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    location, _, query = text.removeprefix(_PREFIX).partition("?")
    links = options_of(location)
    options = parse_options(text, query, {**links, **_OPTIONS})
    theirs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] in links]
    try:
        target = parse_target(f"{location}?{urlencode(theirs)}" if theirs else location)
    except UsageError as error:
        raise UsageError(f"{_PREFIX}{error}") from None
    options = {name: value for name, value in options.items() if name not in links}
    unit = options.pop("unit", 1)
    least, most = (MIN_UNIT_ID, MAX_UNIT_ID) if has_broadcast(target) else (0, _MAX_UNIT)
    if not least <= unit <= most:
        raise UsageError(f"{text}: option 'unit': expected {least} to {most}, got {unit}")
    station = options.pop("as", unit)
    if not MIN_UNIT_ID <= station <= MAX_UNIT_ID:
        raise UsageError(
            f"{text}: no station can have unit id {station}; name another, as in &as=1"
        )
    blocks = tuple(
        PolledBlock(Block(unit, table, span), interval)
        for label, table in TABLES.items()
        for span, interval in options.pop(label, ())
    )
    if not blocks:
        raise UsageError(
            f"{text}: nothing to read; expected ranges of {', '.join(TABLES)}, {_EXAMPLE}"
        )
    monitoring = take_monitoring(text, options)
    return DeviceSpec(target, blocks, unit, station, monitoring=monitoring, **options)


def _ranges(text: str) -> tuple[tuple[Span, float | None], ...]:
    """In their order, and apart where they are written so: some devices refuse them joined."""
    spans, found_ones = Spans(), []
    for part in text.split(","):
        addresses, at, pause = part.partition("@")
        found = split_addresses(addresses)
        if not found or found.bit is not None:
            expected = "expected first and last addresses, as in 0-99,120 or 0-99@10s"
            raise UsageError(f"{expected}, got {part!r}")
        start, last = found.first, found.first if found.last is None else found.last
        if not start <= last < ADDRESS_COUNT:
            limit = f"from 0 to {ADDRESS_COUNT - 1}, the first one first"
            raise UsageError(f"expected addresses {limit}, got {part!r}{beyond_hint(start)}")
        if twice := spans.overlap(start, last + 1):
            raise UsageError(f"{twice} is in it twice")
        spans.add(start, last + 1)
        interval = _interval(pause) if at else None
        found_ones.append((Span(start, last + 1), interval))
    return tuple(found_ones)


def _interval(text: str) -> float:
    seconds = parse_duration(text)
    if seconds < MIN_INTERVAL:
        raise UsageError(f"expected {1000 * MIN_INTERVAL:g}ms at least, got {text!r}")
    return seconds


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):  # noqa: PLR2004  up to 999
        raise UsageError(f"expected a whole number from 0 on, got {text!r}")
    return int(text)


_OPTIONS: Final[Parsers] = {
    "unit": _number,
    "as": _number,
    **dict.fromkeys(TABLES, _ranges),
    "interval": _interval,
    "write": flag,
    "timeout": parse_duration,
    "retries": _number,
    **MONITORING,
    "bus": parse_bus,
}
