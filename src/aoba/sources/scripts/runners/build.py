"""A script, with what runs it the way that its SPEC says."""

from aoba.sources.scripts.run import Runner
from aoba.sources.scripts.runners.embedded.runner import EmbeddedRunner
from aoba.sources.scripts.runners.external import ExternalRunner
from aoba.sources.scripts.runners.warm.fork_pool import ForkServers
from aoba.sources.scripts.script import Script
from aoba.sources.scripts.spec import ScriptSpec
from aoba.sources.shared import Shared


def runner_of(spec: ScriptSpec, servers: ForkServers | None = None) -> Runner:
    """The one for a script; it starts warm, where it wants to, as long as `servers` are given."""
    if spec.mode == "embedded":
        return EmbeddedRunner(spec)
    return ExternalRunner(spec, servers)


def build_script(name: str, spec: ScriptSpec, shared: Shared) -> Script:
    servers = shared.resource("fork servers", ForkServers)
    return Script(name, spec, runner_of(spec, servers), shared.registers(spec.bus))
