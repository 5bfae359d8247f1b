"""Who hears of what a source gives, run after run, and what became of a run."""

from collections.abc import Hashable
from typing import NamedTuple, Protocol

from aoba.document.decode import Decoded


class Listener(Protocol):
    """Hears of all that a run gives, as it comes."""

    def document(self, decoded: Decoded) -> None:
        """Raises DocumentError where the document cannot be taken."""
        ...

    def error(self, text: str, key: Hashable = None) -> None:
        """`key`, or else `text`, is the same for each error that is to be taken for this one."""
        ...

    def skipped(self, text: str) -> None:
        """Hears of a line on stdout that is no document, and was not meant for one."""
        ...

    def stderr(self, line: str) -> None: ...


class Outcome(NamedTuple):
    """What became of a run."""

    failure: str | None
    """Why it failed, or None."""
    status: int | None = None
    """How its process ended, as `subprocess` has it; None where that is not known."""
    began: bool = True
    """Whether there was a process at all, which could read its stdin."""
