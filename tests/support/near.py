"""A device in the process of the test: the transports that lead to it are none.

`answer` makes of a request what comes back, chunk by chunk, in the next turns of the loop.
"""

import asyncio
from collections.abc import Callable, Iterable

import pytest

from aoba.client import connection as connection_module
from aoba.client.wire import Wire
from aoba.endpoints.device import Target

Answer = Callable[[bytes], Iterable[bytes]]


class NearDevice:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
        monkeypatch.setattr(connection_module, "open_transport", self._open)
        self.answer = answer
        self.requests: list[bytes] = []
        self.wires: list[Wire] = []
        """One for each connection."""

    async def _open(self, target: Target, wire: Wire, timeout: float) -> None:  # noqa: ARG002
        self.wires.append(wire)
        wire.connection_made(_Transport(self, wire))


class _Transport(asyncio.Transport):
    def __init__(self, device: NearDevice, wire: Wire) -> None:
        super().__init__()
        self._device, self._wire = device, wire

    def write(self, data: bytes) -> None:
        self._device.requests.append(data)
        for chunk in self._device.answer(data):
            asyncio.get_running_loop().call_soon(self._receive, chunk)

    def _receive(self, chunk: bytes) -> None:
        if self._wire.lost.done():
            return
        try:
            self._wire.data_received(chunk)
        except Exception as error:  # noqa: BLE001  it ends a connection, as in the loop's own
            self._wire.connection_lost(error)

    def close(self) -> None:
        asyncio.get_running_loop().call_soon(self._wire.connection_lost, None)

    abort = close
