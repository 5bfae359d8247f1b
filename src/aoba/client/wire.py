"""Between a transport and pymodbus: bytes pass, and how it ends is told.

pymodbus lets a request wait for its timeout when the connection is gone, keeps the reason to
itself, and raises into the event loop where bytes are no Modbus. Here all of that is one future.
"""

import asyncio
from typing import Any

from pymodbus.client import ModbusBaseClient

from aoba.errors import BadAnswer


class Wire(asyncio.Protocol, asyncio.DatagramProtocol):
    def __init__(self, client: ModbusBaseClient) -> None:
        self._protocol = client.ctx
        self._transport: Any = None
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        """Done when the connection is; its result is why, as far as that is known."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._protocol.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._feed(data, None)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._feed(data, addr)

    def error_received(self, exc: Exception) -> None:
        """Of UDP: the other side says that nobody listens."""
        self._end(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)
        self._protocol.connection_lost(exc)

    def _feed(self, data: bytes, addr: Any) -> None:
        try:
            self._protocol.datagram_received(data, addr)  # of streams, too: without an address
        except Exception:  # noqa: BLE001  of many kinds, for bytes that it did not expect
            self._end(BadAnswer("what comes back is no Modbus"))
            self._transport.abort()

    def _end(self, reason: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
