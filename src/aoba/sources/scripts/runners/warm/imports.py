"""What one script imports, as its runs have told: text in, names of libraries out.

What is told is as `forks/learn` has it. Not every run is asked, as it costs some time, and not only
the first one, as a script may import something now and then.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, NamedTuple

WORTH: Final = 0.003
"""Seconds of importing in each run from which on it pays to have libraries loaded."""

SELDOM: Final = 256
"""Runs from one that is asked to the next, at most; they double up to that."""

_LOADED: Final = ("std", "lib")


class Libraries(NamedTuple):
    """What is to be loaded beforehand; empty where that does not pay."""

    names: tuple[str, ...] = ()
    """Of modules, in the order in which they were imported."""
    packages: frozenset[str] = frozenset()
    """Names of the packages in which they are, but for those of the standard library."""


@dataclass(slots=True)
class ScriptImports:
    """Of one version of a script."""

    beside: frozenset[str] = frozenset()
    """Names of what stands in the script's folder, to be imported."""
    refused: dict[str, str] = field(default_factory=dict)
    """What is not to be loaded beforehand, and why not."""
    late: dict[str, None] = field(default_factory=dict)
    """What would pay, but is imported when the script has changed what it may depend on."""
    _seconds: dict[str, float] = field(default_factory=dict)  # that importing it took
    _standard: set[str] = field(default_factory=set)
    _late: set[str] = field(default_factory=set)
    _runs: int = 0  # since one was asked
    _pause: int = 1

    def ask_again(self) -> None:
        """Have the next run be asked."""
        self._runs, self._pause = 0, 1

    def is_due(self) -> bool:
        """Whether the run that begins is to be asked; call it once for each."""
        self._runs += 1
        if self._runs < self._pause:
            return False
        self._runs, self._pause = 0, min(2 * self._pause, SELDOM)
        return True

    def take(self, told: bytes) -> None:
        """A run has told this; what is no line of a report is passed over."""
        for line in told.decode(errors="replace").splitlines():
            kind, *words = line.split() or [""]
            if kind == "beside":
                self.beside = frozenset(words)
            elif words and all(part.isidentifier() for part in words[0].split(".")):
                self._take_root(kind, words[0], words[1:])

    def _take_root(self, kind: str, name: str, more: list[str]) -> None:
        if kind == "refused":
            self.refused[name] = " ".join(more)
            return
        if len(more) != 1 or not more[0].isdecimal():
            return
        seconds = max(int(more[0]) / 1_000_000, self._seconds.get(name, 0.0))
        if kind == "late":
            self._late.add(name)
            if seconds >= WORTH:
                self.late[name] = None
        elif kind in _LOADED:
            self._seconds[name] = seconds
            if kind == "std":
                self._standard.add(name)

    def libraries(self, without: Collection[str] = ()) -> Libraries:
        """What is to be loaded beforehand, `without` those that cannot be."""
        left_out = {*self._late, *self.refused, *without}
        names = [name for name in self._seconds if name not in left_out]
        if sum(map(self._seconds.__getitem__, names)) < WORTH:
            return Libraries()
        packages = {name.partition(".")[0] for name in names if name not in self._standard}
        return Libraries(tuple(names), frozenset(packages))
