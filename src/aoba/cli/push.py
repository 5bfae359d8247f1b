"""`aoba push`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aoba.endpoints.device import parse_pushed
from aoba.endpoints.units import DURATIONS, parse_duration
from aoba.errors import UsageError
from aoba.logs.trace_level import TraceLevel
from aoba.sources.kinds import ACCEPTED
from aoba.sources.registry import parse_spec

if TYPE_CHECKING:  # what it says needs more
    from aoba.logs.setup import Format


def push(  # noqa: PLR0913  as many as the command has options
    url: str,
    sources: Sequence[str],
    *,
    timeout: float,
    retries: int,
    refresh: str,
    single: bool,
    verify: bool,
    trace: TraceLevel,
    level: str,
    form: "Format",
) -> None:
    """Raises UsageError before anything is started."""
    target, bus = parse_pushed(url)
    if not sources:
        raise UsageError(f"nothing to push; expected one or more of {ACCEPTED}")
    specs = [parse_spec(text) for text in sources]
    # Only who has made no mistake needs all of it.
    from aoba.cli.engine import run_engine
    from aoba.config.model import Config, PushConfig, named

    config = PushConfig(
        target,
        bus=bus,
        timeout=timeout,
        retries=retries,
        refresh=parse_refresh(refresh),
        single=single,
        verify=verify,
    )
    run_engine(Config(named(specs), (config,), trace=trace), level, form)


def parse_refresh(text: str) -> float | None:
    """Seconds, or None for never. Raises UsageError."""
    try:
        return None if text == "never" else parse_duration(text)
    except UsageError:
        raise UsageError(f"--refresh: expected never, {DURATIONS}, got {text!r}") from None
