"""What a source is, whatever its kind: it lives beside others, and gives documents to the image."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from aoba.sources.spec import Spec


class Source(Protocol):
    @property
    def settled(self) -> asyncio.Event:
        """Set by the first document with stations, or by the first attempt that gave none."""
        ...

    async def live(self) -> None:
        """Give documents until cancelled; then nothing that it needed is left."""
        ...


def source_names(specs: Sequence[Spec]) -> list[str]:
    """A name for each source: its short one, its long one where that is not unique, numbered."""
    short = Counter(spec.name for spec in specs)
    seen: Counter[str] = Counter()
    names: list[str] = []
    for spec in specs:
        name = spec.name if short[spec.name] == 1 else spec.full_name
        seen[name] += 1
        names.append(f"{name} #{seen[name]}" if seen[name] > 1 else name)
    return names
