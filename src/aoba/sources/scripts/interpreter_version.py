"""Which Python an interpreter is: it is asked, once for all scripts that it runs."""

import asyncio
import platform
import re
import sys
from typing import Final

from aoba.errors import RunError
from aoba.sources.scripts.child import Child, script_environment

ASKING: Final = 10.0
"""Seconds that it has to answer."""

_ASK: Final = (
    "import platform\n"
    "print('%s %s' % (platform.python_implementation(), platform.python_version()))"
)

_asked: dict[str, "asyncio.Future[str | None]"] = {}


async def version_of(python: str) -> str | None:
    """As in `CPython 3.11.7`; None where the program at the path `python` does not say."""
    if python == sys.executable:
        return f"{platform.python_implementation()} {platform.python_version()}"
    loop = asyncio.get_running_loop()
    known = _asked.get(python)
    if known is None or known.get_loop() is not loop:
        known = _asked[python] = loop.create_task(_ask(python))
    return await asyncio.shield(known)


async def _ask(python: str) -> str | None:
    report = bytearray()
    try:
        async with Child([python, "-c", _ASK], script_environment(), _ignore) as asking:
            async for chunk in asking.output(ASKING):
                report += chunk
    except RunError:  # which its runs say better
        return None
    found = re.fullmatch(r"\s*(\S+ \S+)\s*", report.decode(errors="replace"))
    return found and found[1]


def _ignore(_: bytes) -> None:
    """What it writes to stderr, its runs show."""
