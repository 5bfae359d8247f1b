"""SPEC -> source: which class lives, and what all of them share."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

from aoba.client.lines import Lines
from aoba.errors import DocumentError, UsageError
from aoba.extras import require
from aoba.registers.image import Image
from aoba.sources.devices.spec import DeviceSpec
from aoba.sources.files.fifo import FifoSource
from aoba.sources.files.file import FileSource, Replay
from aoba.sources.files.spec import FifoSpec, FileSpec
from aoba.sources.forks.warm import ForkServers
from aoba.sources.http.spec import HttpSpec
from aoba.sources.mqtt.spec import MqttSpec
from aoba.sources.scripts.hosts import host_of
from aoba.sources.scripts.script import Script
from aoba.sources.scripts.spec import ScriptSpec
from aoba.sources.source import Source
from aoba.sources.spec import Spec


class ListeningPort(Protocol):
    """A port at which others bring documents; several sources may share one."""

    descriptors: int
    """That it may need."""

    @property
    def is_used(self) -> bool:
        """Whether a source is left that listens there."""
        ...

    async def bind(self) -> None:
        """Take the port, if it is not taken yet. Raises LinkError where that is impossible."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Shared:
    """What the sources of one image have in common.

    Call `bind` before any of them lives, and `close` when none is alive any more.
    """

    image: Image
    servers: ForkServers = field(default_factory=ForkServers)
    lines: Lines = field(default_factory=Lines)
    ports: dict[Hashable, ListeningPort] = field(default_factory=dict)
    """By what the user typed to say where they listen."""

    async def bind(self) -> None:
        """Take what others are to find us at. Raises LinkError where that is impossible."""
        for port in self.ports.values():
            await port.bind()

    async def close_unused(self) -> None:
        """Let go of what only sources needed that are gone."""
        for key in [key for key, port in self.ports.items() if not port.is_used]:
            await self.ports.pop(key).close()
        await self.lines.close_unused()

    async def close(self) -> None:
        for port in self.ports.values():
            await port.close()
        await self.servers.close()
        await self.lines.close()


def open_source(name: str, spec: Spec, shared: Shared) -> Source:
    """The source `name`, which is to `live`.

    Raises UsageError where it cannot be, as where its health is to be in registers that are taken.
    """
    try:
        return _BUILDERS[type(spec)](name, spec, shared)
    except DocumentError as error:
        raise UsageError(f"health of {name}: {error.reason}") from None


def _script(name: str, spec: ScriptSpec, shared: Shared) -> Source:
    return Script(name, spec, host_of(spec, shared.servers), shared.image)


def _device(name: str, spec: DeviceSpec, shared: Shared) -> Source:
    from aoba.sources.devices.device import DeviceSource

    return DeviceSource(name, spec, shared.lines.line(spec.target), shared.image)


def _file(name: str, spec: FileSpec, shared: Shared) -> Source:
    if spec.replay is None:
        return FileSource(name, spec, shared.image)
    return Replay(name, spec, shared.image, spec.replay)


def _fifo(name: str, spec: FifoSpec, shared: Shared) -> Source:
    return FifoSource(name, spec, shared.image)


def _http(name: str, spec: HttpSpec, shared: Shared) -> Source:
    require("aiohttp", "http", f"the source {spec.full_name}")
    from aoba.sources.http.server import HttpServer
    from aoba.sources.http.source import HttpSource

    key = ("http", spec.host, spec.port)
    server = shared.ports.setdefault(key, HttpServer(spec))
    return HttpSource(name, spec, shared.image, cast("HttpServer", server))


def _mqtt(name: str, spec: MqttSpec, shared: Shared) -> Source:
    require("paho.mqtt", "mqtt", spec.full_name)
    from aoba.sources.mqtt.source import MqttSource

    return MqttSource(name, spec, shared.image)


_BUILDERS: Final[dict[type, Callable[[str, Any, Shared], Source]]] = {
    ScriptSpec: _script,
    DeviceSpec: _device,
    FileSpec: _file,
    FifoSpec: _fifo,
    HttpSpec: _http,
    MqttSpec: _mqtt,
}
