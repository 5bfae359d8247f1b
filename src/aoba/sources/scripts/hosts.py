"""Which way a script is run."""

from aoba.sources.forks.warm import ForkServers
from aoba.sources.scripts.python_embedded import PythonEmbedded
from aoba.sources.scripts.python_external import PythonExternal
from aoba.sources.scripts.run import Host
from aoba.sources.scripts.spec import ScriptSpec


def host_of(spec: ScriptSpec, servers: ForkServers | None = None) -> Host:
    """The host for a script; it starts warm, where it wants to, as long as `servers` are given."""
    if spec.mode == "embedded":
        return PythonEmbedded(spec)
    return PythonExternal(spec, servers)
