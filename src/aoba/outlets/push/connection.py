"""The connection to the devices: opened again by itself, ever more seldom if that fails.

One that had been of use and is lost is opened again at once, which is worth a line. Where that
fails it is an outage, which takes three: what happened and how many values wait, how often it
happened again, and what was written when it was over.
"""

import time
from collections import Counter

from aoba.client.channel_state import ChannelState
from aoba.client.reconnector import Reconnector
from aoba.config.model import PushConfig
from aoba.endpoints.request_options import RetryPolicy
from aoba.errors import DeviceError, NoConnection, UsageError
from aoba.outlets.push.desired_state import DesiredState
from aoba.outlets.push.report import Report
from aoba.outlets.push.sync import Sync, WriteOptions
from aoba.retry import Outage


class PushConnection:
    def __init__(
        self, state: ChannelState, config: PushConfig, desired: DesiredState, report: Report
    ) -> None:
        self._config, self._desired, self._report = config, desired, report
        self._reconnector = Reconnector(state)
        self._outage = Outage(first=0.1, most=2.0)
        self._lost_by: DeviceError | None = None
        self._is_new = True  # whether the log has not been told of a connection
        self._sync: Sync | None = None
        self._written: Counter[int] = Counter()  # before it was opened, or failed

    async def open(self) -> Sync:
        """The `Sync` over the present connection, or a new one. Raises DeviceError."""
        if self._sync is None:
            policy = RetryPolicy(self._config.timeout, self._config.retries)
            try:
                connection = await self._reconnector.open(policy)
            except UsageError as error:  # of certificates that were fine when Aoba was started
                raise NoConnection(str(error)) from None
            options = WriteOptions(self._config.single, self._config.verify)
            self._sync = Sync(connection, self._desired, self._report, options)
        return self._sync

    @property
    def is_down(self) -> bool:
        return self._outage.lasts

    def end(self) -> None:
        """Nothing more is going to happen."""
        self._report.trouble(self._outage.over())

    async def close(self, linger: float = 0.0) -> None:
        """Wait for late answers before, for `linger` seconds at most."""
        self._sync = None
        await self._reconnector.close(linger)

    def serves(self) -> None:
        """A station has answered."""
        since, lost_by = self._outage.since, self._lost_by
        self._report.trouble(self._outage.over())
        if since is not None:
            self._report.connected(f"back after {time.monotonic() - since:.1f} s", self._written)
        elif lost_by:
            how = f"connected again, after this: {self._report.words(lost_by)}"
            self._report.connected(how, self._written)
        elif self._is_new:
            self._report.connected("connected", self._written)
        self._is_new, self._lost_by = False, None

    async def failed(self, error: DeviceError) -> float:
        """No station answers, for this reason; returns when to try again.

        The devices may have been started afresh meanwhile, so that nothing is known of them.
        """
        self._desired.forget()
        was_of_use = self._sync is not None and self._sync.answers > 0
        await self._reconnector.failed(error)
        if not self._reconnector.connection:
            self._sync = None
        self._written = self._report.written
        if was_of_use and isinstance(error, NoConnection):
            self._lost_by = error
            return 0.0
        words = self._report.words(error)
        if not self._outage.lasts:
            self._report.failures["outage"] += 1
        told = self._outage.happened(words, time.monotonic(), self._report.waiting)
        self._report.trouble(told)
        return self._outage.backoff.until
