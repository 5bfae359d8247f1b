"""A device in the process of the test: the transports that lead to it are none.

`answer` makes of a request what comes back, chunk by chunk, in the next turns of the loop.
"""

import asyncio
from collections.abc import Callable, Iterable

import pytest

from aoba.client import connection as connection_module
from aoba.client.transport_adapter import TransportAdapter
from aoba.endpoints.device import Target

Answer = Callable[[bytes], Iterable[bytes]]


class NearDevice:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
        monkeypatch.setattr(connection_module, "open_transport", self._open)
        self.answer = answer
        self.requests: list[bytes] = []
        self.adapters: list[TransportAdapter] = []
        """One for each connection."""

    async def _open(self, target: Target, adapter: TransportAdapter, timeout: float) -> None:  # noqa: ARG002
        self.adapters.append(adapter)
        adapter.connection_made(_Transport(self, adapter))


class _Transport(asyncio.Transport):
    def __init__(self, device: NearDevice, adapter: TransportAdapter) -> None:
        super().__init__()
        self._device, self._adapter = device, adapter

    def write(self, data: bytes) -> None:
        self._device.requests.append(data)
        for chunk in self._device.answer(data):
            asyncio.get_running_loop().call_soon(self._receive, chunk)

    def _receive(self, chunk: bytes) -> None:
        if self._adapter.lost.done():
            return
        try:
            self._adapter.data_received(chunk)
        except Exception as error:  # noqa: BLE001  it ends a connection, as in the loop's own
            self._adapter.connection_lost(error)

    def close(self) -> None:
        asyncio.get_running_loop().call_soon(self._adapter.connection_lost, None)

    abort = close
