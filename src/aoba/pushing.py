"""Builds a push: sources that feed an image, and a master that keeps devices at what is in it."""

from collections.abc import Sequence

from aoba.client.line_state import LineState
from aoba.client.lines import Lines
from aoba.client.target import Target
from aoba.links.trace import Level
from aoba.push.pusher import Pusher
from aoba.push.way import Options
from aoba.registers.image import Image
from aoba.runtime import Runtime
from aoba.sources.group import SourceGroup
from aoba.sources.scripts.spec import ScriptSpec
from aoba.sources.source import source_names
from aoba.sources.spec import Spec


def pushing(
    target: Target, sources: Sequence[Spec], options: Options, trace: Level = Level.OFF
) -> Runtime:
    """What writes the values of `sources` to the devices at `target`; call it in a running loop.

    `trace` says how much of the traffic with the devices is logged, those of sources included.

    Raises UsageError where two sources are to have their health in the same registers.
    """
    image = Image()
    names = source_names(sources)
    feeding = {
        name
        for name, spec in zip(names, sources, strict=True)
        if isinstance(spec, ScriptSpec) and spec.feed
    }
    may_be_stale = any(spec.monitoring.freshness for spec in sources)
    line = LineState(target, trace)
    pusher = Pusher(line, image, options._replace(may_be_stale=may_be_stale), feeding)
    return Runtime(SourceGroup(sources, image, Lines(trace)), [pusher])
