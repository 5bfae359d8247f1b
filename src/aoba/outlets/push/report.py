"""What the log is told of a push, and what it came to."""

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

from aoba.client.blocks import Block
from aoba.endpoints.device import Target
from aoba.errors import DeviceError
from aoba.outlets.push.desired_state import DesiredState
from aoba.outlets.push.device_shadow import DeviceShadow
from aoba.spans import Span

_log = logging.getLogger("aoba.outlets.push")


class Report:
    """About the devices of `desired`, at `target`."""

    def __init__(self, target: Target, desired: DesiredState) -> None:
        self._url, self._desired = str(target), desired
        self._written: Counter[int] = Counter()
        self._requests = 0
        self.failures: Counter[str] = Counter()

    def wrote(self, shadow: DeviceShadow, span: Span) -> None:
        """One request has written these addresses."""
        self._written[shadow.unit] += shadow.values_in(span)
        self._requests += 1

    @property
    def written(self) -> Counter[int]:
        """Values so far, by unit id."""
        return self._written.copy()

    def words(self, error: DeviceError) -> str:
        """Why it fails; the log names the URL in each line."""
        return str(error).removeprefix(f"{self._url}: ")

    def begins(self) -> None:
        self._tell(logging.INFO, f"pushing to {self._url}")

    def remarks(self, lines: Iterable[str]) -> None:
        """On what a source gives."""
        for line in lines:
            self._tell(logging.WARNING, line)

    def trouble(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._tell(logging.WARNING, f"{self._url}: {line}")

    def good(self, line: str) -> None:
        self._tell(logging.INFO, f"{self._url}: {line}")

    def connected(self, how: str, before: Counter[int]) -> None:
        """A connection is there and serves; `before` is what was `written` until then."""
        news = self._written - before
        self.good(f"{how}; {_values(news)}" if news else how)

    @property
    def waiting(self) -> str:
        """What waits while there is no connection: `; 12 values of 2 stations wait`."""
        waiting: Counter[int] = Counter()
        for shadow in self._desired.shadows:
            waiting[shadow.unit] += shadow.given_values
        stations = len(+waiting)
        values = _counted(waiting.total(), "value")
        return f"; {values} of {_counted(stations, 'station')} wait" if stations else ""

    def defect(self) -> None:
        """An exception that nobody had thought of is being handled."""
        _log.exception("%s: defect in Aoba", self._url)

    def end(self) -> None:
        """Nothing more is going to happen."""
        for outage in self._desired.outages:
            self.trouble(outage.over())
        left = [shadow.block(span) for shadow in self._desired.shadows for span in shadow.waiting]
        parts = [f"{_values(self._written)}, in {_counted(self._requests, 'request')}"]
        parts += [_counted(count, what) for what, count in self.failures.items()]
        if left:
            parts.append(f"not written at the end: {_blocks(left)}")
        figures = {
            "requests": self._requests,
            "values": dict(sorted(self._written.items())),
            "failures": dict(self.failures),
            "waiting": [str(block) for block in left],
        }
        level = logging.WARNING if left else logging.INFO
        self._tell(level, f"{self._url}: {'; '.join(parts)}", **figures)

    def _tell(self, level: int, text: str, **more: Any) -> None:
        _log.log(level, "%s", text, extra={"url": self._url, **more})


def _values(written: Counter[int]) -> str:
    """`12 values written to 2 stations`, or `12 values written to station 1`."""
    units = list(written)
    if not units:
        return "no values written"
    to = f"station {units[0]}" if len(units) == 1 else f"{len(units)} stations"
    return f"{_counted(written.total(), 'value')} written to {to}"


def _blocks(blocks: list[Block]) -> str:
    most = 5
    more = f" and {len(blocks) - most} more" if len(blocks) > most else ""
    return ", ".join(map(str, blocks[:most])) + more


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
