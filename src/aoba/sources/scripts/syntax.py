"""What is wrong with the syntax of a script, and where: told by the Python that is to run it."""

import re
from typing import Final, NamedTuple, Self

_REPORT: Final = re.compile(r"(\d+) (-?\d+) (.*)")


class SyntaxFault(NamedTuple):
    line: int
    """From 1; 0 where it is not known, as is the column."""
    column: int
    message: str

    @classmethod
    def parse(cls, report: str) -> Self | None:
        """Of `LINE COLUMN MESSAGE`; None where it is nothing of the kind."""
        found = _REPORT.fullmatch(report)
        return found and cls(int(found[1]), max(0, int(found[2])), found[3])

    def __str__(self) -> str:
        place = f"line {self.line}, " if self.line else ""
        place += f"column {self.column}, " if self.line and self.column else ""
        return f"{place.removesuffix(', ')}: {self.message}" if place else self.message
