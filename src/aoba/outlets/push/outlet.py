"""Devices that are kept at the values of sources -> `Outlet`."""

from aoba.client.channel_state import ChannelState
from aoba.config.model import PushConfig
from aoba.outlets.outlet import Served
from aoba.outlets.push.reconciler import Reconciler


def open_push(config: PushConfig, served: Served) -> Reconciler:
    sources = [it for it in served.sources if not config.sources or it.name in config.sources]
    feeding = {it.name for it in sources if getattr(it.spec, "feed", None)}
    state = ChannelState(config.place, served.trace)
    image = served.buses.image(config.bus)
    return Reconciler(state, image, config, {it.name for it in sources}, feeding)
