"""Devices that are kept at the values of sources -> `Outlet`."""

from aoba.client.line_state import LineState
from aoba.config.model import PushConfig
from aoba.outlets.outlet import Served
from aoba.outlets.push.pusher import Pusher


def open_push(config: PushConfig, served: Served) -> Pusher:
    sources = [it for it in served.sources if not config.sources or it.name in config.sources]
    feeding = {it.name for it in sources if getattr(it.spec, "feed", None)}
    line = LineState(config.place, served.trace)
    return Pusher(line, served.image, config, {it.name for it in sources}, feeding)
