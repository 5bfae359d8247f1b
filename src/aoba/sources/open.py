"""SPEC -> source: which class lives, and what all of them share."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aoba.errors import DocumentError, UsageError
from aoba.extras import require
from aoba.registers.image import Image
from aoba.sources.hosts import host_of
from aoba.sources.mqtt_spec import MqttSpec
from aoba.sources.script import Script
from aoba.sources.script_spec import ScriptSpec
from aoba.sources.source import Source
from aoba.sources.spec import Spec
from aoba.sources.warm import ForkServers


class Listener(Protocol):
    """A port at which others bring documents; several sources may share one."""

    descriptors: int
    """That it may need."""

    async def bind(self) -> None:
        """Take the port. Raises LinkError where that is impossible."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Shared:
    """What the sources of one image have in common.

    Call `bind` before any of them lives, and `close` when none is alive any more.
    """

    image: Image
    servers: ForkServers = field(default_factory=ForkServers)
    listeners: dict[Hashable, Listener] = field(default_factory=dict)
    """By what the user typed to say where they listen."""

    async def bind(self) -> None:
        """Take what others are to find us at. Raises LinkError where that is impossible."""
        for listener in self.listeners.values():
            await listener.bind()

    async def close(self) -> None:
        for listener in self.listeners.values():
            await listener.close()
        await self.servers.close()


def open_source(name: str, spec: Spec, shared: Shared) -> Source:
    """The source `name`, which is to `live`.

    Raises UsageError where it is to have its health in registers that are taken.
    """
    try:
        return _BUILDERS[type(spec)](name, spec, shared)
    except DocumentError as error:
        raise UsageError(f"health of {name}: {error.reason}") from None


def _script(name: str, spec: ScriptSpec, shared: Shared) -> Source:
    return Script(name, spec, host_of(spec, shared.servers), shared.image)


def _mqtt(name: str, spec: MqttSpec, shared: Shared) -> Source:
    require("paho.mqtt", "mqtt", spec.full_name)
    from aoba.sources.mqtt import MqttSource

    return MqttSource(name, spec, shared.image)


_BUILDERS: Final[dict[type, Callable[[str, Any, Shared], Source]]] = {
    ScriptSpec: _script,
    MqttSpec: _mqtt,
}
