"""`aoba publish`."""

from aoba.cli.loop import run_loop
from aoba.extras import require
from aoba.logs.setup import Format, Logging
from aoba.mqtt.target import parse_publication
from aoba.sources.spec import parse_spec


def publish(source: str, url: str, *, level: str, form: Format) -> None:
    """Raises UsageError before anything is started."""
    spec = parse_spec(source)
    target = parse_publication(url)
    require("paho.mqtt", "mqtt", str(target))
    from aoba.publishing import publisher  # noqa: PLC0415  it cannot be imported without

    async def run() -> None:
        await publisher(spec, target).run()

    with Logging(level, form):
        run_loop(run)
