"""Which way a script is run."""

from aoba.sources.python_embedded import PythonEmbedded
from aoba.sources.python_external import PythonExternal
from aoba.sources.run import Host
from aoba.sources.script_spec import ScriptSpec
from aoba.sources.warm import ForkServers


def host_of(spec: ScriptSpec, servers: ForkServers | None = None) -> Host:
    """The host for a script; it starts warm, where it wants to, as long as `servers` are given."""
    if spec.mode == "embedded":
        return PythonEmbedded(spec)
    return PythonExternal(spec, servers)
