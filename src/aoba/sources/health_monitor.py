"""How a source does: its counts, whether its values are fresh, and its health in registers.

Two timers run beside the source. One goes off when the newest document becomes too old, however
long a run takes or the next one is away. The other brings the age in the health registers up to
date.
"""

import asyncio
import logging
import time

from aoba.registers.image import SourceRegisters
from aoba.sources.clock import sleep_until
from aoba.sources.freshness import ANSWERS, Freshness, FreshnessRule
from aoba.sources.health import NOT_STARTED, RESOLUTION, Health
from aoba.sources.listener import Outcome
from aoba.sources.monitoring import Monitoring
from aoba.sources.source_log import SourceLog


class HealthMonitor:
    """Of the source `name`; `start` the timers, and `stop` them."""

    def __init__(
        self,
        name: str,
        monitoring: Monitoring,
        image: SourceRegisters,
        log: SourceLog,
    ) -> None:
        self.runs = 0
        self.failures = 0
        self._name, self._image, self._log = name, image, log
        self._rule = rule = monitoring.freshness
        self._status = 0
        self._freshness = Freshness(rule.stale_after if rule else None)
        self._place = monitoring.health
        self._health = Health(name, monitoring.health, image) if monitoring.health else None
        self._renewed = asyncio.Event()
        self._timers: list[asyncio.Task[None]] = []

    @property
    def age(self) -> float | None:
        """Seconds since the newest document; None where there is none yet."""
        return self._freshness.age(time.monotonic())

    @property
    def is_stale(self) -> bool:
        """Whether the newest document is too old, or there is none."""
        return self.age is None or self._freshness.is_stale

    def start(self) -> None:
        if self._place and self._place.hint:
            self._log.of_source(logging.WARNING, self._place.hint)
        if self._rule:
            self._timers.append(asyncio.create_task(self._watch_age(self._rule)))
        if self._health:
            self._timers.append(asyncio.create_task(self._keep_age()))

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def run_begins(self) -> None:
        self.runs += 1
        self._publish()

    def run_over(self, outcome: Outcome) -> None:
        if outcome.failure:
            self.failures += 1
        if not outcome.began:
            self._status = NOT_STARTED
        elif outcome.status is not None:
            self._status = outcome.status
        self._publish()

    def document(self) -> None:
        """A document has taken effect, which ends what was withheld."""
        now = time.monotonic()
        if not (self._rule or self._health):  # nobody is to be told
            self._freshness.renew(now)
            return
        age = self._freshness.age(now)
        was_stale = self._freshness.renew(now)
        self._renewed.set()
        if was_stale:
            self._log.changed(logging.INFO, f"fresh again, after {age:.1f} s", "fresh")
        if was_stale or age is None:
            self._publish()

    async def _watch_age(self, rule: FreshnessRule) -> None:
        while True:
            await self._renewed.wait()
            self._renewed.clear()
            if self._freshness.deadline is not None:
                await sleep_until(self._freshness.deadline)
            now = time.monotonic()
            if self._freshness.expire(now):
                self._went_stale(rule, now)

    def _went_stale(self, rule: FreshnessRule, now: float) -> None:
        if rule.on_stale != "hold":
            self._image.mark_stale(self._name, as_zero=rule.on_stale == "zero")
        self._publish()
        self._log.changed(
            logging.WARNING,
            f"stale, newest document is {self._freshness.age(now):.1f} s old; "
            f"reads answer {ANSWERS[rule.on_stale]}",
            "stale",
        )

    async def _keep_age(self) -> None:
        while True:
            self._publish()
            await asyncio.sleep(RESOLUTION)

    def _publish(self) -> None:
        if self._health:
            self._health.publish(
                age=self.age,
                runs=self.runs,
                failures=self.failures,
                status=self._status,
                is_stale=self.is_stale,
            )
