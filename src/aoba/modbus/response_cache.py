"""Answers that were given before and still hold, by the bytes of the request.

Whoever answers a request by the rules may `keep` the answer, if it depends on the stations alone.
Whoever changes anything that an answer may depend on calls `invalidate`, and all are gone.

Why a remembered answer cannot be wrong: the table knows no rule of Modbus. It maps bytes to bytes,
what stood behind the transaction id of a whole frame to what stood there in the answer.

- Kept is only what the stations alone decide about: functions 1 to 4 read. No exception is kept.
- Found is only what has the very same bytes: unit id, function, address, quantity, length. They are
  looked up only where a frame begins, and nothing of the client waits: else the values of a long
  write could pass for a request. Requests of different framings never share a table.
- Everything is dropped at once, whatever changes. Nothing is taken out one by one, so nothing can
  be overlooked: a document, a write, a value that goes stale, a station that goes.
- Clients that may not read, or only listen, are not given the table. All others may read the same.
"""

from typing import Final

MAX_ANSWERS: Final = 4096
"""Each is 260 bytes at most, so that all of them stay below 2 MiB."""


class ResponseCache:
    def __init__(self) -> None:
        self._answers: dict[bytes, bytes] = {}
        self.find = self._answers.get
        """The answer to a request, or None. The dictionary's own method: a request calls it."""

    def keep(self, request: bytes, answer: bytes) -> None:
        if len(self._answers) >= MAX_ANSWERS:
            self._answers.clear()  # those still asked for will be back at once
        self._answers[request] = answer

    def invalidate(self) -> None:
        """To be called when stations, values or anything else of them has changed."""
        self._answers.clear()
