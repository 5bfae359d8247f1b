"""What an interpreter answers to a few lines of Python that are not its script's.

It is run as its scripts are: as their user, since what it loads at its start may belong to that
user, in their folder, where a version manager may look for what it is to start, and with their
variables. But what stands in that folder is nobody's business here: with `-c` it comes first in the
path, and newer versions import from there before they come to the code. `PYTHONSAFEPATH` keeps them
from it; older ones do not know that, so the code itself has to empty the path, or to import
nothing.
"""

from typing import Final

from aoba.errors import RunError
from aoba.sources.scripts.process_options import ProcessOptions
from aoba.sources.scripts.runners.cold import ColdRun, script_environment

ASKING: Final = 10.0
"""Seconds that it has to answer."""


async def answer_of(
    python: str, code: str, *arguments: str, options: ProcessOptions, stdin: bytes | None = None
) -> str | None:
    """What `code` prints; None where the program at the path `python` could not be asked.

    Why not, the runs of its scripts say better, and so they do what it writes to stderr.
    """
    argv = [python, "-c", code, *arguments]
    env = {**script_environment(), "PYTHONSAFEPATH": "1"}
    answer = bytearray()
    try:
        async with ColdRun(argv, env, _ignore, stdin, options=options) as asking:
            async for chunk in asking.output(ASKING):
                answer += chunk
    except RunError:
        return None
    return answer.decode(errors="replace")


def _ignore(_: bytes) -> None:
    pass
