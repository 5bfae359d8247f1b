"""SPEC -> source: which class lives, and what all of them share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aoba.errors import DocumentError, UsageError
from aoba.registers.image import Image
from aoba.sources.fifo import FifoSource
from aoba.sources.file import FileSource, Replay
from aoba.sources.file_spec import FifoSpec, FileSpec
from aoba.sources.hosts import host_of
from aoba.sources.script import Script
from aoba.sources.script_spec import ScriptSpec
from aoba.sources.source import Source
from aoba.sources.spec import Spec
from aoba.sources.warm import ForkServers


@dataclass(frozen=True, slots=True)
class Shared:
    """What the sources of one image have in common; `close` it when none is alive any more."""

    image: Image
    servers: ForkServers = field(default_factory=ForkServers)

    async def close(self) -> None:
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


def _file(name: str, spec: FileSpec, shared: Shared) -> Source:
    if spec.replay is None:
        return FileSource(name, spec, shared.image)
    return Replay(name, spec, shared.image, spec.replay)


def _fifo(name: str, spec: FifoSpec, shared: Shared) -> Source:
    return FifoSource(name, spec, shared.image)


_BUILDERS: Final[dict[type, Callable[[str, Any, Shared], Source]]] = {
    ScriptSpec: _script,
    FileSpec: _file,
    FifoSpec: _fifo,
}
