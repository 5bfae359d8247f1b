"""The standard streams of the resident interpreter, whatever a run does to them.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import io
import sys
from functools import partial
from posix import dup, dup2, get_blocking, set_blocking, write
from typing import TYPE_CHECKING, Any, TextIO

from .own_builtins import own as __builtins__
from .settings import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Noting(io.FileIO):
    """What is beneath stderr, as ever, but that it shows whether anything was written."""

    was_written = False

    def write(self, data: Any) -> int:
        self.was_written = True
        return super().write(data)


_Noting.__name__, _Noting.__qualname__, _Noting.__module__ = "FileIO", "FileIO", "_io"


class Streams:
    def __init__(self) -> None:
        self._to_0, self._to_1, self._to_2 = dup(0), dup(1), dup(2)
        self._stdin, self._stdout, self._stderr = sys.stdin, sys.stdout, sys.stderr
        self._open_stderr(sys.stderr.encoding, sys.stderr.errors or "backslashreplace")
        sys.stderr = sys.__stderr__ = self._stderr  # type: ignore[misc, assignment]

    def has_complained(self) -> bool:
        """Whether anything has been written to stderr since this was asked last."""
        had, self._noting.was_written = self._noting.was_written, False
        return had

    def put_back(self) -> None:
        """Have them be there, and lead where they led."""
        dup2(self._to_0, 0)
        dup2(self._to_1, 1)
        dup2(self._to_2, 2)
        # First, as what is in their place may close what is beneath them once it is let go.
        sys.stdin, sys.stdout, sys.stderr = self._stdin, self._stdout, self._stderr
        try:
            is_whole = not (self._stdin.closed or self._stdout.closed or self._stderr.closed)
        except ValueError:  # detached
            is_whole = False
        if not is_whole:
            self._open()
        sys.__stdin__ = self._stdin  # type: ignore[misc, assignment]
        sys.__stdout__ = self._stdout  # type: ignore[misc, assignment]
        sys.__stderr__ = self._stderr  # type: ignore[misc, assignment]

    def settings(self) -> "Iterator[Setting]":
        """What a run may change of them besides."""
        for descriptor in (self._to_1, self._to_2):
            yield Setting(
                "the blocking of a stream",
                partial(get_blocking, descriptor),
                partial(set_blocking, descriptor),
                is_seldom=True,
            )
        yield Setting(
            "the form of stdout",
            lambda: _form(self._stdout),
            lambda form: _reform(self._stdout, form),
            is_seldom=True,
        )
        yield Setting(
            "the form of stderr",
            lambda: _form(self._stderr),
            lambda form: _reform(self._stderr, form),
            is_seldom=True,
        )

    def feed(self, feedback: bytes) -> None:
        """Have stdin be `feedback`."""
        sys.stdin = io.TextIOWrapper(io.BytesIO(feedback), "utf-8")

    def flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if stream is self._stdout or stream is self._stderr:
                continue  # which keep nothing back
            try:
                stream.flush()
            except (AttributeError, ValueError, OSError):  # none there, or closed by the script
                pass

    def print(self, text: str) -> None:
        """To the stdout that Aoba reads, whatever the script has made of `sys.stdout`."""
        self.flush()
        data = memoryview(text.encode() + b"\n")
        while data:
            data = data[write(self._to_1, data) :]

    def _open(self) -> None:
        if not _is_open(self._stdout):
            self._stdout = _opened(1, "strict")
        if not _is_open(self._stderr):
            self._open_stderr("utf-8", "backslashreplace")
        if not _is_open(self._stdin):
            self._stdin = open(0, encoding="utf-8", closefd=False)
        sys.stdin, sys.stdout, sys.stderr = self._stdin, self._stdout, self._stderr

    def _open_stderr(self, encoding: str, errors: str) -> None:
        self._noting = _Noting(2, "wb", closefd=False)
        self._noting.name = "<stderr>"
        self._stderr = io.TextIOWrapper(self._noting, encoding, errors, write_through=True)
        self._stderr.mode = "w"  # type: ignore[misc]


def _form(stream: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """How it encodes and when it writes, and attributes that it has been given."""
    try:
        options = {
            "encoding": stream.encoding,
            "errors": stream.errors,
            "line_buffering": bool(stream.line_buffering),
            "write_through": stream.write_through,
        }
    except ValueError:  # detached
        return {}, {}
    return options, dict(vars(stream))


def _reform(stream: Any, form: tuple[dict[str, Any], dict[str, Any]]) -> None:
    options, attributes = form
    stream.reconfigure(**options)
    vars(stream).clear()
    vars(stream).update(attributes)


def _is_open(stream: TextIO) -> bool:
    try:
        return not stream.closed
    except ValueError:  # detached
        return False


def _opened(descriptor: int, errors: str) -> TextIO:
    raw = open(descriptor, "wb", 0, closefd=False)
    return io.TextIOWrapper(raw, "utf-8", errors, write_through=True)
