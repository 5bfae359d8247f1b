"""Logging to stderr that never makes the event loop wait.

Records go through a bounded queue to a thread that writes them: where nobody reads Aoba's stderr,
lines are lost and counted, and Modbus clients notice nothing. The thread is there only while there
is something to write, since a system call takes longer in a process of two threads, and each
request takes two. Two formats: text, in colour on a terminal; json, one object a line.
"""

import contextlib
import json
import logging
import logging.handlers
import os
import queue
import select
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal, Self

from aoba.logs.dedup import REMIND
from aoba.logs.libraries import LibraryLog
from aoba.logs.printable import printable, printable_json
from aoba.logs.reminder import Reminder

Format = Literal["text", "json"]
Wake = Callable[[], None]

_QUEUE: Final = 2_000  # records of at most a few kilobytes
_FLUSH: Final = 0.5  # seconds that the last lines have at the end
_LINGER: Final = 0.5  # seconds that the thread waits for more
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message"}
_COLOURS: Final = {
    logging.DEBUG: "\x1b[2m",
    logging.INFO: "\x1b[32m",
    logging.WARNING: "\x1b[33m",
    logging.ERROR: "\x1b[31m",
}
_PLAIN: Final = "\x1b[0m"


class TextFormatter(logging.Formatter):
    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone()
        clock = f"{moment:%H:%M:%S}.{int(record.msecs):03d}"
        date = f"{moment:%Y-%m-%d}"
        level = f"{record.levelname:<7}"
        text = printable(record.getMessage())
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            text += "".join(f"\n{printable(line)}" for line in trace.split("\n"))
        if self._colour:
            colour = _COLOURS.get(record.levelno, "")
            return f"\x1b[2m{clock}{_PLAIN} {colour}{level}{_PLAIN} {text}"
        return f"{date} {clock} {level} {text}"


class JsonFormatter(logging.Formatter):
    """`time` (UTC), `level`, `message`, and what a record carries beside, as `source` and `run`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # A path that is not UTF-8 stays readable: `_write` makes valid JSON of its odd bytes.
        return printable_json(json.dumps(line, ensure_ascii=False, default=str))


class Logging:
    """Context manager: within it, what is logged from `level` on comes out on stderr."""

    def __init__(self, level: str, form: Format) -> None:
        self._level = level.upper()
        colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        self._formatter = JsonFormatter() if form == "json" else TextFormatter(colour=colour)
        self._queue: queue.Queue[logging.LogRecord | None] = queue.Queue(_QUEUE)
        self._handler = _Handler(self._queue)
        self._writer: threading.Thread | None = None
        self._unwritten = b""  # of the record that is being written
        self._changing = threading.Lock()  # whether there is a writer

    def __enter__(self) -> Self:
        root = logging.getLogger()
        root.setLevel(self._level)
        root.addHandler(self._handler)
        self._handler.wake = self._wake
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._handler)
        self._handler.end()
        if not self._queue.empty():
            self._wake()  # as there may have been no thread to be had, nor anybody who read
        if writer := self._writer:
            with contextlib.suppress(queue.Full):  # nobody reads
                self._queue.put(None, timeout=_FLUSH)
                writer.join(_FLUSH)

    def _wake(self) -> None:
        """To be called when there is a record in the queue."""
        with self._changing:
            if self._writer is None:
                # A daemon: a write that nobody takes must not keep the program from ending.
                writer = threading.Thread(target=self._write, name="log", daemon=True)
                try:
                    writer.start()
                except RuntimeError:  # the system permits no more threads
                    self._write_what_is_taken()
                else:
                    self._writer = writer

    def _next(self) -> logging.LogRecord | None:
        """The next record; None where none comes, and the writer has to end."""
        try:
            return self._queue.get(timeout=_LINGER)
        except queue.Empty:
            with self._changing:  # who has put a record after this finds no writer
                if not self._queue.empty():
                    return self._queue.get_nowait()
                self._writer = None
                return None

    def _write(self) -> None:
        descriptor = sys.stderr.fileno()
        while (record := self._next()) is not None:
            self._unwritten += self._bytes(record)
            try:
                while self._unwritten:
                    self._unwritten = self._unwritten[_write(descriptor, self._unwritten) :]
            except OSError:
                self._lose()

    def _write_what_is_taken(self) -> None:
        """Write the records that there are without waiting for who reads them."""
        descriptor = sys.stderr.fileno()
        try:
            while select.select((), (descriptor,), (), 0)[1]:  # takes so much at once
                if not self._unwritten:
                    self._unwritten = self._bytes(self._queue.get_nowait())
                written = _write(descriptor, self._unwritten[: select.PIPE_BUF])
                self._unwritten = self._unwritten[written:]
        except queue.Empty:
            return
        except OSError:
            self._lose()

    def _lose(self) -> None:
        """Nobody is there to be told; perhaps later."""
        self._unwritten = b""
        self._handler.lost += 1

    def _bytes(self, record: logging.LogRecord | None) -> bytes:
        if record is None:
            return b""
        lost, self._handler.lost = self._handler.lost, 0
        text = f"({lost} lines of the log were lost)\n" if lost else ""
        text += self._format(record) + "\n"
        return text.encode(errors="backslashreplace")

    def _format(self, record: logging.LogRecord) -> str:
        try:
            return self._formatter.format(record)
        except Exception as error:  # noqa: BLE001  one bad record must not end the log
            return f"{record.levelname} {record.msg!r} cannot be shown: {error!r}"


def _write(descriptor: int, data: bytes) -> int:
    try:
        return os.write(descriptor, data)
    except BlockingIOError:  # somebody else, who has it too, has made it non-blocking
        select.select((), (descriptor,), ())
        return 0


class _Handler(logging.handlers.QueueHandler):
    def __init__(
        self, records: "queue.Queue[logging.LogRecord | None]", remind: float = REMIND
    ) -> None:
        super().__init__(records)
        self._libraries = LibraryLog(remind)
        self._reminder = Reminder(remind, self._is_pending, self._remind)
        self.wake: Wake = lambda: None
        self.lost = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # it stays in this process, and is formatted where it is written

    def handleError(self, _: logging.LogRecord) -> None:  # noqa: N802  as `logging` calls it
        """Whatever goes wrong costs a line, which is counted, rather than a traceback on stderr."""
        self.lost += 1

    def enqueue(self, record: logging.LogRecord) -> None:
        for each in self._libraries.passed(record):
            self._put(each)
        self._reminder.look()

    def _is_pending(self) -> bool:
        with self.lock or contextlib.nullcontext():
            return self._libraries.pending

    def _remind(self) -> None:
        with self.lock or contextlib.nullcontext():
            for each in self._libraries.due():
                self._put(each)

    def end(self) -> None:
        """Nothing more is logged."""
        self._reminder.cancel()
        for each in self._libraries.end():
            self._put(each)

    def _put(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.lost += 1
        self.wake()
