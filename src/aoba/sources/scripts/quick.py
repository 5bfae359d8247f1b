"""A run that needs no task: ordered in one callback of the loop, and over in another.

Most runs give one document in one piece, write nothing to stderr, and end well. A hundred times a
second that is all that should happen: what else Aoba does for a run costs more than an embedded
script. As soon as anything else shows, `on_end` says so, nothing more is read, and
`sources/scripts/run` goes on from there, with all its care.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from aoba.document.decode import decode_whole
from aoba.sources.pipe import Pipe

if TYPE_CHECKING:
    from aoba.sources.scripts.run import Listener

_ENDS: Final = (b"}\n", b"}", b"]\n", b"]")  # of what may be whole documents


def take_whole(chunk: bytes, listener: "Listener") -> bool:
    """Have `listener` take `chunk`, where that is one document; whether it is.

    Raises DocumentError where it cannot be taken.
    """
    if not chunk.endswith(_ENDS):
        return False
    decoded = decode_whole(chunk)
    if decoded is not None:
        listener.document(decoded)
    return decoded is not None


class Careful(Protocol):
    """A run that is carried on with care."""

    taken: int
    heard_at: float | None

    def done(self, status: int) -> None: ...

    def lost(self) -> None: ...

    def outdated(self) -> None: ...


class Carrier(Protocol):
    """What carries out a run, and tells `run` of its end, by `done`, `lost` or `outdated`."""

    run: Any
    stdout: Pipe
    stderr: Pipe

    def has_output(self) -> bool:
        """Whether something stands in its streams, or may still come."""
        ...

    def leave(self) -> None:
        """The run is over, and nothing is left to be read."""
        ...


C = TypeVar("C", bound=Carrier)


class QuickRun(Generic[C]):
    """One run after the other; it hears of each what the `run` of its carrier does."""

    def __init__(self) -> None:
        self.carrier: C | None = None
        """None where no run is under way."""
        self._listener: Listener
        self._on_end: Callable[[bool], None]
        self._heard_at = 0.0
        self._taken = False  # whether there was a document
        self._status: int | None = None  # once it is said that the run is over
        self._lost = self._outdated = False
        self._given_up = False

    def begin(
        self,
        carrier: C,
        listener: "Listener",
        on_end: Callable[[bool], None],
        *,
        watched: bool = True,
    ) -> None:
        """A run begins, of which `carrier` tells this.

        `on_end` hears whether all is done and well, or the rest is to be taken over. Where it is
        not `watched`, what it has printed is read at its end.
        """
        self.carrier, self._listener, self._on_end = carrier, listener, on_end
        self._heard_at = time.monotonic()
        self._taken = self._lost = self._outdated = self._given_up = False
        self._status = None
        if watched:
            carrier.stdout.watch(self._output)
            carrier.stderr.watch(self.abandon)

    def hand_off(self, run: Careful) -> None:
        """Have `run` hear all that comes of it from now on, and what has come and is not told."""
        carrier, self.carrier = self.carrier, None
        assert carrier is not None  # noqa: S101  it is under way
        carrier.run = run
        run.taken, run.heard_at = int(self._taken), self._heard_at
        if self._status is not None:
            run.done(self._status)
        if self._lost:
            run.lost()
        if self._outdated:
            run.outdated()

    def done(self, status: int) -> None:
        self._status = status
        carrier = self.carrier
        if carrier is None or self._given_up:
            return
        # The loop may well have told of its end first.
        if status == 0 and (self._taken or self._take(carrier)) and self._is_all(carrier):
            self.carrier = None
            carrier.leave()
            self._on_end(True)
        else:
            self.abandon()

    def lost(self) -> None:
        self._lost = True
        self.abandon()

    def outdated(self) -> None:
        self._outdated = True
        self.abandon()

    def _output(self) -> None:
        carrier = self.carrier
        if carrier is None or self._given_up:
            return
        if not (self._is_line_end(carrier) if self._taken else self._take(carrier)):
            self.abandon()
        else:
            carrier.stdout.watch(self._output)

    def _take(self, carrier: C) -> bool:
        """Whether a document has come, and no more."""
        chunk = carrier.stdout.read()
        if chunk is None:
            return False
        with suppress(Exception):  # `sources/scripts/run` tries again, and says what it is
            self._taken = take_whole(chunk, self._listener)
        if self._taken:
            self._heard_at = time.monotonic()
        else:
            carrier.stdout.put_back(chunk)
        return self._taken

    def _is_all(self, carrier: C) -> bool:
        """Whether nothing is left to be read, but for the end of a line."""
        while carrier.has_output():
            if not self._is_line_end(carrier):
                return False
        return True

    def _is_line_end(self, carrier: C) -> bool:
        """Whether that has come on stdout, since `print` writes it by itself; or the end of all."""
        was_closed = carrier.stdout.closed
        chunk = carrier.stdout.read()
        if chunk and not chunk.isspace():
            carrier.stdout.put_back(chunk)
            return False
        return chunk is not None or (carrier.stdout.closed and not was_closed)

    def abandon(self) -> None:
        """Have the rest of the run be taken over, if one is under way, whatever comes of it now."""
        if self.carrier is not None and not self._given_up:
            self._given_up = True
            self._on_end(False)
