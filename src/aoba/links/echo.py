"""Adapters that give back what is sent: which of the bytes that come in are an echo.

On an RS-485 line of two wires, a receiver that is not switched off hears its own sender. To a
server such an echo is a frame like any other. Answers to functions 5, 6, 8 and 22 repeat their
request, so their echo would be carried out, answered, and come back once more, for ever.

`echo=true` says it from the start. Without it, the line shows it: an answer that repeats no request
can come in only as an echo. Where one does repeat its request, the same bytes right behind it may
be an echo, or the next request of a quick master. Then the first byte of the next answer is sent,
and nothing else. A master waits for the rest, so if that byte comes back, the line has an echo. If
nothing comes for a `window`, it has none, the request is carried out, and the rest is sent.

Pure: the session says what was sent, what came in, and that nothing came in.
"""

from collections.abc import Callable
from typing import Final

GLITCH: Final = 2
"""Bytes of noise that may come before an echo, as where a sender is switched on."""

SUSPECTED: Final = 8
LESS_SUSPECTED: Final = 4
"""A line without echo is looked at again when as many answers in a row have come in once more; and
after that, when so many times more have."""

MISSED: Final = 3
"""Answers without an echo in a row, after which a line that had one is looked at again."""


class EchoFilter:
    """With `given`, the line has an echo, whatever it looks like; else `found` hears of it."""

    def __init__(self, found: Callable[[], None], *, given: bool = False) -> None:
        self._found, self._given = found, given
        self._has_echo: bool | None = True if given else None
        """None: it is not known."""
        self.probe = b""
        """To be sent now, by whoever takes it from here."""
        self.begun = b""
        """What of the next answer has been sent already."""
        self._sent = b""  # what an echo would be like
        self._slack = 0  # bytes that may be before it
        self._repeats = False  # whether all of it repeats requests
        self._held = b""  # what came in, and is the begin of that
        self._suspect = b""  # an echo, or a request
        self._suspected = SUSPECTED
        self._same = self._missed = 0

    @property
    def waiting(self) -> bool:
        """Whether `silence` is to be called when nothing comes in for a while."""
        return bool(self._held) or (self._has_echo is None and bool(self._sent))

    def sent(self, data: bytes, *, repeats: bool) -> None:
        """`data` was sent; `repeats` says whether it is the very request that it answers."""
        self._repeats = repeats and (self._repeats or not self._sent)
        self._sent += data
        self._slack = GLITCH

    def received(self, data: bytes) -> bytes:
        """What of `data`, and of what was held back before, is no echo."""
        if not data:
            return data
        if not self._suspect:
            self.begun = b""  # whoever asks anew does not wait for the rest
        if not self._sent:
            return data
        data, self._held = self._held + data, b""
        start = data.find(self._sent, 0, len(self._sent) + self._slack)
        if start >= 0:
            return self._came_back(data, data[start + len(self._sent) :])
        if self._has_echo is not False and self._sent.startswith(data):
            self._held = data  # which may be the begin of a request, too
            return b""
        return self._differs(data)

    def silence(self) -> bytes:
        """Nothing comes in: what was held back, and is no echo."""
        if self._has_echo is None and self._sent and not self._held:
            self._has_echo = False
        released = self._held + self._suspect
        self._sent = self._held = self._suspect = b""
        return released

    def _came_back(self, data: bytes, rest: bytes) -> bytes:
        """All that was sent is in `data`, with `rest` behind it."""
        if self._has_echo or self._suspect or not self._repeats:
            self._learn()
            return rest
        if rest or self._is_believed():
            self._sent = b""
            return data
        self._suspect = self._sent
        self.probe = self.begun = self._sent = self._sent[:1]
        self._slack = 0
        return b""

    def _learn(self) -> None:
        if not self._has_echo:
            self._found()
        self._has_echo = True
        self._sent = self._suspect = self.begun = b""
        self._missed = 0

    def _is_believed(self) -> bool:
        """Whether the same once more is a request, as of a line without echo it is."""
        self._same += 1
        if self._has_echo is False and self._same >= self._suspected:
            self._has_echo = None
            self._same = 0
            self._suspected *= LESS_SUSPECTED
        return self._has_echo is False

    def _differs(self, data: bytes) -> bytes:
        """Something else has come in than what was sent."""
        self._same = 0
        if self._has_echo is None and not self._suspect:
            self._has_echo = False
        elif self._has_echo and not self._given:
            self._missed += 1
            if self._missed >= MISSED:
                self._has_echo = None
        self._sent = self._suspect = self.begun = b""
        return data
