"""What an interpreter answers to a few lines of Python that are not its script's.

It is run as its scripts are: as their user, since what it loads at its start may belong to that
user, in their folder, where a version manager may look for what it is to start, and with their
variables. But what stands in that folder is nobody's business here: with `-c` it comes first in the
path, and newer versions import from there before they come to the code. `PYTHONSAFEPATH` keeps them
from it; older ones do not know that, so the code itself has to empty the path, or to import
nothing.
"""

import asyncio
import re
import sys
from typing import Final

from aoba.errors import RunError
from aoba.sources.scripts.launching import own_version, script_environment
from aoba.sources.scripts.process_options import DEFAULTS, ProcessOptions
from aoba.sources.scripts.runners.cold import ColdRun

ANSWER_TIMEOUT: Final = 10.0
"""Seconds that it has to answer."""

# It imports nothing that stands in a file, which might be one of the working directory.
_ASK: Final = """
import sys
for name in ("PyPy", "IronPython", "GraalVM", "Jython", "CPython"):
    if name in sys.version or (name == "Jython" and sys.platform[:4] == "java"):
        break
sys.stdout.write("%s %s" % (name, sys.version.split()[0]))
"""

_asked: dict[tuple[str, ProcessOptions], "asyncio.Future[str | None]"] = {}


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
            async for chunk in asking.output(ANSWER_TIMEOUT):
                answer += chunk
    except RunError:
        return None
    return answer.decode(errors="replace")


def _ignore(_: bytes) -> None:
    pass


async def version_of(python: str, options: ProcessOptions = DEFAULTS) -> str | None:
    """As in `CPython 3.11.7`; None where the program at the path `python` does not say.

    `options` are those of its scripts.
    """
    if python == sys.executable:
        return own_version()
    loop = asyncio.get_running_loop()
    known = _asked.get((python, options))
    if known is None or known.get_loop() is not loop:
        known = _asked[python, options] = loop.create_task(_ask(python, options))
    return await asyncio.shield(known)


async def _ask(python: str, options: ProcessOptions) -> str | None:
    answer = await answer_of(python, _ASK, options=options)
    found = re.fullmatch(r"\s*(\S+ \S+)\s*", answer or "")
    return found and found[1]
