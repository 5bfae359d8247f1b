"""`aoba serve`."""

from collections.abc import Sequence

from aoba.cli.loop import run_loop
from aoba.errors import UsageError
from aoba.identity import DEFAULT_IDENTITY, parse_identity
from aoba.links.url import DEFAULT_LISTEN, parse_listen
from aoba.logs import Format, Logging
from aoba.runtime import Runtime
from aoba.sources.spec import ACCEPTED, parse_spec


def serve(
    sources: Sequence[str], listen: Sequence[str], identity: Sequence[str], level: str, form: Format
) -> None:
    """Raises UsageError before anything is started, LinkError where a link cannot be opened."""
    if not sources:
        raise UsageError(f"nothing to serve: name a script, {ACCEPTED}")
    specs = [parse_spec(text) for text in sources]
    objects = {**DEFAULT_IDENTITY, **parse_identity(identity)}
    urls = [parse_listen(text) for text in listen or (DEFAULT_LISTEN,)]

    async def run() -> None:
        await Runtime(specs, urls, objects).run()

    with Logging(level, form):
        run_loop(run)
