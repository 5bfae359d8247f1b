"""`aoba serve`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aoba.endpoints.url import DEFAULT_LISTEN, TlsUrl, parse_listen
from aoba.errors import UsageError
from aoba.identity import DEFAULT_IDENTITY, parse_identity
from aoba.links.roles import parse_rules
from aoba.logs.trace_level import TraceLevel
from aoba.sources.kinds import ACCEPTED
from aoba.sources.registry import parse_spec

if TYPE_CHECKING:  # what it says needs more
    from aoba.logs.setup import Format


def serve(  # noqa: PLR0913  as many as the command has options
    sources: Sequence[str],
    listen: Sequence[str],
    *,
    identity: Sequence[str],
    roles: Sequence[str],
    trace: str,
    level: str,
    form: "Format",
) -> None:
    """Raises UsageError before anything is started, LinkError where a link cannot be opened."""
    if not sources:
        raise UsageError(f"nothing to serve; expected one or more of {ACCEPTED}")
    specs = [parse_spec(text) for text in sources]
    objects = {**DEFAULT_IDENTITY, **parse_identity(identity)}
    urls = [parse_listen(text) for text in listen or (DEFAULT_LISTEN,)]
    rules = parse_rules(roles)
    if rules and not any(isinstance(url, TlsUrl) and url.ca for url in urls):
        raise UsageError("--role needs a link that asks for certificates, tls://...&ca=FILE")

    # Only who has made no mistake needs all of it.
    from aoba.cli.engine import run_engine
    from aoba.config.model import Config, LinkConfig, named

    links = tuple(LinkConfig(url, rules) for url in urls)
    run_engine(Config(named(specs), links, objects, TraceLevel[trace.upper()]), level, form)
