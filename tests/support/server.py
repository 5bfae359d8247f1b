"""`aoba` as a real process, with its log, and every process that came of it.

All of them carry a mark in their environment. By it they are found in /proc, whatever group or
session they are in, so that a test can count them and none outlives it.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from support.waiting import DEADLINE, eventually

AOBA: Final = (sys.executable, "-m", "aoba")
LOCALHOST: Final = "tcp://127.0.0.1:0"
PROC: Final = Path("/proc/self/environ").exists()

_MARK: Final = "AOBA_TEST_MARK"


def plain_environment() -> dict[str, str]:
    """Ours, without what Aoba has to set for its scripts."""
    ours = ("PYTHONUNBUFFERED", "PYTHONIOENCODING", "PYTHONUTF8")
    return {name: value for name, value in os.environ.items() if name not in ours}


def run_aoba(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    argv = [*AOBA, *map(str, arguments)]
    return subprocess.run(
        argv, capture_output=True, text=True, timeout=DEADLINE, check=False, **options
    )


class Server:
    """`aoba serve`; use as a context manager, on the way out every process of it is gone.

    With `deaf`, nobody reads its stderr any more once it serves.
    """

    def __init__(
        self,
        *sources: object,
        listen: str = LOCALHOST,
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        deaf: bool = False,
    ) -> None:
        self.log: list[str] = []
        self._deaf = deaf
        self._mark = uuid.uuid4().hex
        self._more = threading.Condition()
        self._ended = False
        argv = [*AOBA, *self._arguments(*map(str, sources), listen=listen), *options]
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**plain_environment(), **(env or {}), _MARK: self._mark},
            stdin=subprocess.PIPE,  # open, with nothing in it: who reads it waits for ever
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self.process.poll() is None:
                self.process.terminate()
                self.process.wait(10)
        finally:
            self.process.kill()
            self.process.wait()
            for pid in self.processes():
                kill(pid)
            self._reader.join(DEADLINE)
            self.process.stderr.close()
            self.process.stdin.close()

    @staticmethod
    def _arguments(*sources: str, listen: str) -> list[str]:
        return ["serve", *sources, "--listen", listen]

    @property
    def port(self) -> int:
        """The port it listens on; waits until it does, and for the first document."""
        self.wait_for_log("first document: ")  # a busy machine may listen before there is one
        return int(self.wait_for_log(r"listening on [a-z+]+://127\.0\.0\.1:(\d+)")[1])

    def wait_for_log(self, pattern: str, seconds: float = DEADLINE) -> re.Match[str]:
        """Return the first match in the log so far, or in what still comes."""
        deadline = time.monotonic() + seconds
        seen = 0
        with self._more:
            while True:
                for line in self.log[seen:]:
                    if found := re.search(pattern, line):
                        return found
                seen = len(self.log)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    raise AssertionError(f"no {pattern!r} in\n" + "\n".join(self.log[-100:]))
                self._more.wait(left)

    def logged(self, pattern: str) -> list[str]:
        """Lines of the log so far that match."""
        with self._more:
            return [line for line in self.log if re.search(pattern, line)]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; return the exit code and how many seconds it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.ends(), time.monotonic() - started

    def ends(self) -> int:
        """Wait for the end of the process, and of its log where that is read."""
        code = self.process.wait(DEADLINE)
        if not self._deaf:
            self._reader.join(DEADLINE)
        return code

    def processes(self) -> list[int]:
        """Ids of all processes that came of this server and are still there, without itself."""
        mark = f"{_MARK}={self._mark}".encode()
        return [pid for pid in _pids() if pid != self.process.pid and mark in _environment(pid)]

    def no_process_is_left(self) -> None:
        eventually(lambda: not self.processes(), "the end of all children")

    def rss(self) -> int:
        """Bytes of memory that the server itself has at present."""
        return self._memory("VmRSS")

    def peak_rss(self) -> int:
        """The most it has had."""
        return self._memory("VmHWM")

    def _memory(self, name: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(re.search(rf"{name}:\s+(\d+) kB", status)[1])

    def _read_log(self) -> None:
        for line in self.process.stderr:
            with self._more:
                self.log.append(line.rstrip("\n"))
                self._more.notify_all()
            if self._deaf and self.logged("first document") and self.logged("listening on"):
                return
        with self._more:
            self._ended = True
            self._more.notify_all()


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def is_alive(pid: int) -> bool:
    """Whether the process is there, and not a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # gone meanwhile, or not ours
        return b""
