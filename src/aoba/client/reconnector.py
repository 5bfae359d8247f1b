"""The connection to a place: opened when it is needed and there is none, closed when it is spent.

For whoever asks again and again. How soon it is tried again, and what the log is told, is theirs.
"""

from aoba.client.channel_state import ChannelState
from aoba.client.connection import Connection
from aoba.endpoints.request_options import RetryPolicy
from aoba.errors import DeviceError


class Reconnector:
    """One connection at a time, all with the same `state`; `close` it at the end."""

    def __init__(self, state: ChannelState) -> None:
        self.connection: Connection | None = None
        """The present one, which may be lost."""
        self._state = state

    async def open(self, policy: RetryPolicy) -> Connection:
        """The present connection, or else a new one.

        Raises NoConnection, and UsageError where a certificate of ours cannot be used.
        """
        if self.connection is None:
            timeout, retries, _ = policy
            self.connection = await Connection.connect(self._state, timeout, retries)
        return self.connection

    async def failed(self, error: DeviceError) -> None:
        """Close it where another one may do better, after `error` of its newest request."""
        if self.connection and self.connection.is_over(error):
            await self.close()

    async def close(self, linger: float = 0.0) -> None:
        """Wait for late answers before, for `linger` seconds at most."""
        connection, self.connection = self.connection, None
        if connection:
            await connection.close(linger)
