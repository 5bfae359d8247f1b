"""Starting programs: their command, environment, streams and end, whichever way they are run.

Aoba does not wait for the file systems that they are on.

Whoever starts a process waits until its program has been found and begins to be loaded, and under
some versions of Python, nothing else goes on meanwhile. Where a program is on the same file system
as Aoba's own, that is nothing to think about: Aoba needs that itself. Any other is started by
`env`, which waits in Aoba's place, unless there is none.
"""

import asyncio
import contextlib
import fcntl
import os
import platform
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import IO, Final

from aoba.endpoints.secret import variables
from aoba.errors import RunError
from aoba.sources.scripts.process_options import with_package
from aoba.sources.scripts.running_process import MAX_PIPE
from aoba.worker.caller import Caller
from aoba.worker.files import devices_of

ENV: Final = "/usr/bin/env"

POLL: Final = 0.02
"""Seconds from one look at a process to the next, where nothing tells of its end."""

_near: Final[set[str]] = set()
"""Programs that are known to be on our own file systems."""

_callers: Final[dict[str, Caller]] = {}
"""Of all others."""


async def look_at(program: str) -> None:
    """To be called before `launched`. Raises RunError where the program cannot be started."""
    if program in _near:
        return
    caller = _callers.setdefault(program, Caller())
    try:
        own = await _own_devices(caller)
        if own is None or await caller.call(devices_of, program) <= own:
            _near.add(program)
    except TimeoutError as error:
        raise RunError(f"{program}: {error.strerror}") from None
    except FileNotFoundError as error:
        raise RunError(f"{program} cannot be started: {error}") from None
    except OSError:  # somebody else may see it
        return


async def _own_devices(caller: Caller) -> set[int] | None:
    """Of Aoba's own file systems; None where nothing could be started in Aoba's place.

    Our own interpreter may be gone, as of an environment that is built anew: it is running.
    """
    try:
        found = await caller.call(devices_of, ENV)
    except FileNotFoundError:
        return None
    with contextlib.suppress(FileNotFoundError):
        found = found | await caller.call(devices_of, sys.executable)
    return found


def launched(argv: Sequence[str]) -> list[str]:
    """The command that starts `argv`, which has the path of a program."""
    # Where it has an equals sign, `env` would take it for a variable.
    is_far = argv[0] not in _near and "=" not in argv[0]
    return [ENV, *argv] if is_far else list(argv)


def file_of(data: bytes | None) -> IO[bytes]:
    """A file to read `data` from, so that nobody has to feed a pipe; None: the null device.

    On Linux it is in memory: the folder for temporary files may be on a file system that hangs.
    """
    if data is None:
        return open(os.devnull, "rb", 0)  # noqa: PTH123  to be closed by the caller
    try:
        file: IO[bytes] = open(os.memfd_create("stdin"), "w+b", 0)  # noqa: PTH123, SIM115  the same
    except (AttributeError, OSError):  # not Linux, or not permitted
        file = tempfile.TemporaryFile("w+b", 0)  # noqa: SIM115  the same
    file.write(data)
    file.seek(0)
    return file


def widen(pipe: IO[bytes]) -> None:
    """Have it hold as much as a pipe can, so that a large document is there at once."""
    with contextlib.suppress(AttributeError, OSError):  # not Linux, or not permitted
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, MAX_PIPE)


def shown(seconds: float) -> str:
    """As it stands in the environment of a script: `0.05`, `30`."""
    return f"{seconds:.10g}"


def script_environment() -> dict[str, str]:
    """Aoba's own, and what makes a Python's standard streams fit: UTF-8, and each line at once.

    The package for scripts comes last in their path, behind what is named there already. Variables
    from which Aoba was told to read secrets are left out.
    """
    secret = variables()
    return {
        **{name: value for name, value in os.environ.items() if name not in secret},
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": with_package(os.environ.get("PYTHONPATH")),
        "PYTHONUNBUFFERED": "1",
    }


def watch_exit(process: subprocess.Popen[bytes], callback: Callable[[], None]) -> None:
    """Call `callback` in the loop when `process` has exited, and leave it to be waited for."""
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or not permitted
        _watch_exit_in_thread(process, callback)
        return

    def exited() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        callback()

    loop.add_reader(descriptor, exited)


def _watch_exit_in_thread(process: subprocess.Popen[bytes], callback: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def look() -> None:
        if process.poll() is None:
            loop.call_later(POLL, look)
        else:
            callback()

    try:
        threading.Thread(
            target=lambda: (process.wait(), loop.call_soon_threadsafe(callback)), daemon=True
        ).start()
    except RuntimeError:  # the system permits no more threads
        look()


def own_version() -> str:
    """Of the Python that Aoba runs on, as in `CPython 3.11.7`."""
    return f"{platform.python_implementation()} {platform.python_version()}"
