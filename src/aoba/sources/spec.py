"""What the SPECs of all kinds of sources have in common, once they are parsed."""

from typing import Protocol

from aoba.sources.monitoring import Monitoring


class Spec(Protocol):
    """A kind has a class of its own. Equal ones mean the same."""

    @property
    def kind(self) -> str:
        """Which row of `aoba.sources.kinds` it is of."""
        ...

    @property
    def name(self) -> str:
        """What the source is called, where no other one is called so."""
        ...

    @property
    def full_name(self) -> str:
        """What it is called else."""
        ...

    @property
    def monitoring(self) -> Monitoring: ...

    @property
    def bus(self) -> str | None:
        """Where its stations are; None: on `main`, or where each of them says."""
        ...
