"""How programs are started so that Aoba does not wait for the file systems that they are on.

Whoever starts a process waits until its program has been found and begins to be loaded, and under
some versions of Python, nothing else goes on meanwhile. Where a program is on the same file system
as Aoba's own, that is nothing to think about: Aoba needs that itself. Any other is started by
`env`, which waits in Aoba's place, unless there is none.
"""

import contextlib
import sys
from collections.abc import Sequence
from typing import Final

from aoba.errors import RunError
from aoba.worker.caller import Caller
from aoba.worker.files import devices_of

ENV: Final = "/usr/bin/env"

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
