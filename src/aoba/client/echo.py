"""Whether a line gives back what is sent on it, as some adapters do.

What comes back is no answer, though it may look like one: functions 5, 6 and 22 are answered by the
request itself. With `echo=true`, each request is expected to come back once. Without it, nobody
knows at first: a request that comes back and cannot be an answer shows that the line does, and an
answer before which nothing came back shows that it does not. A network is taken not to.
"""

from enum import Enum, auto


class Kind(Enum):
    """What a frame is that is the same as the request."""

    ECHO = auto()
    ANSWER = auto()
    DOUBTFUL = auto()
    """Either; a request that cannot be its own answer has to find out."""


class Echo:
    def __init__(self, *, is_line: bool, is_expected: bool = False) -> None:
        self.is_expected = is_expected
        """Whether the user says that there is one."""
        self._exists: bool | None = is_expected or (None if is_line else False)
        self._due = 0  # requests that have not come back so far
        self.is_missing = False
        """Whether the user says that there is one, and the newest answer came without it."""

    @property
    def is_possible(self) -> bool:
        return self._exists is not False

    @property
    def is_unexpected(self) -> bool:
        """Whether there is one that the user has not told of."""
        return self._exists is True and not self.is_expected

    def asks(self) -> None:
        """A request is about to be made."""
        self._due = 0

    def sent(self) -> None:
        """It was sent, for the first time or again."""
        self._due += 1

    def came_back(self, *, may_be_answer: bool) -> Kind:
        """A frame has come that is the same as the request."""
        if not may_be_answer:
            self._exists = True
        if self.is_expected:
            self._due -= 1
            return Kind.ECHO if self._due >= 0 or not may_be_answer else Kind.ANSWER
        if self._exists is None:
            return Kind.DOUBTFUL
        return Kind.ECHO if self._exists else Kind.ANSWER

    def answered(self) -> None:
        """An answer has come that is not the same as the request."""
        self.is_missing = self.is_expected and self._due > 0
        self.excluded()

    def excluded(self) -> None:
        """A request did not come back, though there was time for that."""
        if self._exists is None:
            self._exists = False
