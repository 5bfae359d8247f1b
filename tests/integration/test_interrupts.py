"""Ctrl-C, whatever a command is at: it ends, and says no more than one line."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aoba.cli import INTERRUPTED
from support.documents import document, printing
from support.misbehaving import SILENCE, Misbehaving
from support.server import AOBA, plain_environment
from support.waiting import DEADLINE, eventually

Started = Callable[[], bool]


class Silent(Misbehaving):
    """A device that answers nobody; `asked` is set when somebody has asked it."""

    def __init__(self) -> None:
        super().__init__(self._hear)
        self.asked = threading.Event()

    def _hear(self, _request: bytes) -> bytes:
        self.asked.set()
        return SILENCE


@pytest.fixture
def silent() -> Iterator[Silent]:
    with Silent() as device:
        yield device


def interrupted(started: Started, times: int, *arguments: object) -> tuple[int, str]:
    """Exit code and stderr of a command that gets SIGINT, `times` times, once it has `started`."""
    process = subprocess.Popen(
        [*AOBA, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=plain_environment(),
        start_new_session=True,  # the terminal of whoever runs the tests is not to interrupt it
        text=True,
    )
    with process:
        try:
            eventually(lambda: started() or process.poll() is not None)
            for _ in range(times):
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                time.sleep(0.01)  # as quickly as a finger can
            return process.wait(DEADLINE), process.stderr.read()
        finally:
            process.kill()


ASKING = {
    "read": ["read", "{url}", "holding", "0"],
    "watch": ["read", "{url}", "holding", "0", "--watch", "1s"],
    "write": ["write", "{url}", "holding", "0", "1"],
    "scan": ["scan", "{url}"],
    "scan over several connections": ["scan", "{url}", "--parallel", "3", "--json"],
    "push": ["push", "{url}", "{script}", "--log-level", "error"],
}


@pytest.mark.parametrize(
    ("command", "times"), [("scan", 1), *((name, 3) for name in ASKING)], ids=str
)
def test_while_a_device_is_asked(
    silent: Silent, script: Callable[..., Path], command: str, times: int
) -> None:
    names = {"url": silent.url, "script": script(printing(document(holding=[1])))}
    arguments = [part.format(**names) for part in ASKING[command]]

    code, says = interrupted(silent.asked.is_set, times, *arguments)

    assert says == ""
    assert code in (0, INTERRUPTED, -signal.SIGINT)


@pytest.mark.parametrize("command", ["check", "serve"])
def test_while_a_script_is_run(script: Callable[..., Path], tmp_path: Path, command: str) -> None:
    sign = tmp_path / "runs"
    path = script(f"import time\nopen({str(sign)!r}, 'w').close()\ntime.sleep(60)\n")
    more = ["--listen", "tcp://127.0.0.1:0", "--log-level", "error"] if command == "serve" else []

    code, says = interrupted(sign.exists, 3, command, path, *more)

    assert "Traceback" not in says
    assert says.count("\n") <= 1
    assert code in (0, 1, INTERRUPTED, -signal.SIGINT)


@pytest.mark.parametrize(
    "module",
    ["aoba.cli.streams", "aoba.cli.app", "typer", "aoba.cli.scan", "uvloop", "pymodbus"],
)
def test_while_something_is_imported(module: str) -> None:
    code = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from aoba.cli.main import main
main()
"""
    argv = [sys.executable, "-c", code, "scan", "tcp://127.0.0.1:1"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", "")


def test_next_to_nothing_is_imported_before_interrupts_are_provided_for() -> None:
    code = "import re, signal, sys; before = {*sys.modules}; import aoba.cli.main\n"
    code += "print(*sorted({*sys.modules} - before))"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=os.environ)

    assert done.stdout.split() == ["aoba", "aoba.cli", "aoba.cli.main"]
