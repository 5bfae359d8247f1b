"""The kinds of outlets there are: a configuration -> what carries it out.

A kind is one row here and a folder or a file beside this one. What a row names is imported where
it is needed, so nobody pays for kinds that he does not use.
"""

from importlib import import_module
from typing import Final, NamedTuple, cast

from aoba.config.model import LinkConfig, OutletConfig, PublishConfig, PushConfig
from aoba.extras import require
from aoba.outlets.outlet import Outlet, Served


class OutletKind(NamedTuple):
    name: str
    build: str
    """`module:function`, which takes the configuration and a `Served`, and gives an `Outlet`."""
    extra: tuple[str, str] | None = None
    """A library that it needs, and the extra of Aoba that brings it."""


OUTLETS: Final[dict[type, OutletKind]] = {
    LinkConfig: OutletKind("link", "aoba.outlets.links:open_link_outlet"),
    PushConfig: OutletKind("push", "aoba.outlets.push.outlet:open_push"),
    PublishConfig: OutletKind(
        "publish", "aoba.outlets.mqtt.publisher:open_publisher", ("paho.mqtt", "mqtt")
    ),
}


def open_outlet(config: OutletConfig, served: Served) -> Outlet:
    """To be called in a running loop. Raises UsageError where it cannot be."""
    kind = OUTLETS[type(config)]
    if kind.extra:
        require(*kind.extra, str(config.place))
    module, _, function = kind.build.partition(":")
    return cast("Outlet", getattr(import_module(module), function)(config, served))
