"""The channels there are, so that all who ask at the same place share one."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aoba.endpoints.device import NetworkUrl, SerialUrl, Target, TlsTarget
from aoba.endpoints.request_options import RequestOptions
from aoba.errors import UsageError
from aoba.logs.trace_level import TraceLevel

if TYPE_CHECKING:
    from aoba.client.channel import Channel


class ChannelPool:
    """Implements `aoba.sources.shared.Resource`."""

    descriptors = 0

    def __init__(self, trace: TraceLevel = TraceLevel.OFF) -> None:
        self._trace = trace
        self._channels: dict[str, Channel] = {}

    def channel(self, target: Target) -> "Channel":
        """The channel to `target`, where there may be others already.

        Raises UsageError where these speak to it in another way, and where files that `target`
        names are of no use.
        """
        from aoba.client.channel import Channel
        from aoba.endpoints.tls import client_context

        if isinstance(target, TlsTarget):
            client_context(target)
        channel = self._channels.setdefault(_place(target), Channel(target, self._trace))
        if _settings(channel.target) != _settings(target):
            raise UsageError(f"{target}: {_difference(channel.target, target)}")
        return channel

    async def bind(self) -> None:
        """A connection is opened by the first request."""

    async def close_unused(self) -> None:
        """Close those that no source uses any more."""
        unused = [place for place, channel in self._channels.items() if not channel.units.total()]
        await asyncio.gather(*(self._channels.pop(place).close() for place in unused))

    async def close(self) -> None:
        await asyncio.gather(*(channel.close() for channel in self._channels.values()))


def _place(target: Target) -> str:
    if isinstance(target, SerialUrl):
        return os.path.realpath(target.device)  # which often has several names
    transport = "udp" if isinstance(target, NetworkUrl) and target.scheme == "udp" else "tcp"
    return f"{transport} {target.host}:{target.port}"


def _settings(target: Target) -> Target:
    """What has to be the same for all who share a channel.

    A serial port may have several names, and stations of one line may differ in what they stand.
    """
    asked = target.requests
    shared = RequestOptions(asked.connect_delay, asked.delay, asked.keep_open)
    if isinstance(target, SerialUrl):
        return replace(target, device=Path(), requests=shared)
    return replace(target, requests=shared)


def _difference(one: Target, other: Target) -> str:
    if isinstance(one, SerialUrl) and isinstance(other, SerialUrl):
        shown = [f"{it.scheme} {it.character}" for it in (one, other)]
        if shown[0] == shown[1]:
            return f"given twice as {shown[0]}, with other options; expected the same everywhere"
        return f"given as {' and as '.join(shown)}; expected the same options everywhere"
    return f"given as {one} and as {other} with other options; expected the same everywhere"
