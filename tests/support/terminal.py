"""`aoba` in a process of its own, with its output as it comes: from a pipe, or from a terminal."""

import contextlib
import fcntl
import os
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from typing import Final, Self

from support.server import AOBA
from support.waiting import DEADLINE

WIDTH: Final = 100
HEIGHT: Final = 30


class Screen:
    """Use as a context manager."""

    def __init__(self, *arguments: object, terminal: bool) -> None:
        self._reader, writer = os.openpty() if terminal else os.pipe()
        if terminal:
            fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self._output = ""
        self._more = threading.Condition()
        self.process = subprocess.Popen(
            [*AOBA, *map(str, arguments)],
            stdout=writer,
            stderr=writer,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TERM": "xterm", "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        os.close(writer)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join(DEADLINE)
        os.close(self._reader)

    def shows(self, pattern: str) -> re.Match[str]:
        """The first match in what comes from now on, or came since the last one."""
        deadline = time.monotonic() + DEADLINE
        with self._more:
            while not (found := re.search(pattern, self._output)):
                left = deadline - time.monotonic()
                assert left > 0, f"no {pattern!r} in {self._output[-2000:]!r}"
                self._more.wait(left)
            self._output = self._output[found.end() :]
        return found

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(DEADLINE)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # so ends a terminal
            while chunk := os.read(self._reader, 65536):
                with self._more:
                    self._output += chunk.decode(errors="replace")
                    self._more.notify_all()
