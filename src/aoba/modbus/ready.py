"""Answers that were given before and still hold, by the bytes of the request.

Whoever answers a request by the rules may `keep` the answer, if it depends on the stations alone.
Whoever changes anything that an answer may depend on calls `forget`, and all are gone: there is no
other rule by which one is dropped, so there is none to get wrong. Requests of different framings
never share a table.
"""

from typing import Final

MAX_ANSWERS: Final = 4096
"""Each is 260 bytes at most, so that all of them stay below 2 MiB."""


class ReadyAnswers:
    def __init__(self) -> None:
        self._answers: dict[bytes, bytes] = {}
        self.find = self._answers.get
        """The answer to a request, or None. The dictionary's own method: a request calls it."""

    def keep(self, request: bytes, answer: bytes) -> None:
        if len(self._answers) >= MAX_ANSWERS:
            self._answers.clear()  # those still asked for will be back at once
        self._answers[request] = answer

    def forget(self) -> None:
        """To be called when stations, values or anything else of them has changed."""
        self._answers.clear()
