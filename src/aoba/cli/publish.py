"""`aoba publish`."""

from typing import TYPE_CHECKING

from aoba.endpoints.topic import parse_publication
from aoba.errors import UsageError
from aoba.sources.monitoring import UNMONITORED
from aoba.sources.registry import parse_spec

if TYPE_CHECKING:  # what it says needs more
    from aoba.logs.setup import Format


def publish(source: str, url: str, *, level: str, form: "Format") -> None:
    """Raises UsageError before anything is started."""
    spec = parse_spec(source)
    publication = parse_publication(url)
    if spec.monitoring != UNMONITORED:
        text = "stale_after, on_stale and health go with the source that is served, mqtt://"
        raise UsageError(f"{spec.name}: {text}")
    # Only who has made no mistake needs all of it.
    from aoba.cli.engine import run_engine
    from aoba.config.model import Config, PublishConfig, named

    (named_source,) = named([spec])
    config = PublishConfig(publication, named_source.name)
    run_engine(Config((named_source,), (config,)), level, form)
