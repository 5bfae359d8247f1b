"""All sources of one image: started in their order, living side by side, ended together.

Each starts when the one before has given its first document, or failed, so that of two in conflict
the first named is the first to define. When `PATIENCE` has passed, those that are left go on
starting one after the other, none waiting for longer than `STEP`: so however many they are, they do
not all start at once, neither now nor at any later slot.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Final

from aoba.client.lines import Lines
from aoba.orphans.reaper import reaper
from aoba.registers.image import Image
from aoba.sources.open import Shared, open_source
from aoba.sources.source import source_names
from aoba.sources.spec import Spec

PATIENCE: Final = 1.0
STEP: Final = 0.05

DESCRIPTORS: Final = 12
"""That a source may need."""


class SourceGroup:
    """Call `bind`, `start`, `cancel`, `ended`. `lines` lead to those that are devices.

    Raises UsageError where a source cannot be opened.
    """

    def __init__(self, specs: Sequence[Spec], image: Image, lines: Lines | None = None) -> None:
        self._shared = Shared(image, lines=lines or Lines())
        self._sources = {
            name: open_source(name, spec, self._shared)
            for name, spec in zip(source_names(specs), specs, strict=True)
        }
        self._has_started = False
        self.lives: list[asyncio.Task[None]] = []
        """Of the sources that have started; one ends by itself only where Aoba has a defect."""

    @property
    def descriptors(self) -> int:
        """That all of them may need."""
        ports = self._shared.ports.values()
        return DESCRIPTORS * len(self._sources) + sum(each.descriptors for each in ports)

    async def bind(self) -> None:
        """Take the ports of those that listen. Raises LinkError where that is impossible."""
        await self._shared.bind()

    async def start(self) -> None:
        """Returns when all have started, and all but the slow ones have settled."""
        if not self._has_started:
            self._has_started = True
            reaper.start()
        patience_ends = time.monotonic() + PATIENCE
        for source in self._sources.values():
            self.lives.append(asyncio.create_task(source.live()))
            seconds = max(STEP, patience_ends - time.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await source.settled.wait()

    @property
    def unsettled(self) -> list[str]:
        """Names of those that have not given a first document, nor failed to."""
        return [name for name, source in self._sources.items() if not source.settled.is_set()]

    def cancel(self) -> None:
        """Have them come to their end; a second time, have them hurry."""
        for life in self.lives:
            life.cancel()

    async def ended(self) -> None:
        """Wait for that. Call `cancel` before."""
        await asyncio.gather(*self.lives, return_exceptions=True)
        await self._shared.close()
        if self._has_started:
            await reaper.close()
