"""Which Python an interpreter is: it is asked, once for all scripts that it runs."""

import asyncio
import platform
import re
import sys
from typing import Final

from aoba.sources.scripts.process_options import DEFAULTS, ProcessOptions
from aoba.sources.scripts.runners.asking import answer_of

# It imports nothing that stands in a file, which might be one of the working directory.
_ASK: Final = """
import sys
for name in ("PyPy", "IronPython", "GraalVM", "Jython", "CPython"):
    if name in sys.version or (name == "Jython" and sys.platform[:4] == "java"):
        break
sys.stdout.write("%s %s" % (name, sys.version.split()[0]))
"""

_asked: dict[tuple[str, ProcessOptions], "asyncio.Future[str | None]"] = {}


async def version_of(python: str, options: ProcessOptions = DEFAULTS) -> str | None:
    """As in `CPython 3.11.7`; None where the program at the path `python` does not say.

    `options` are those of its scripts.
    """
    if python == sys.executable:
        return f"{platform.python_implementation()} {platform.python_version()}"
    loop = asyncio.get_running_loop()
    known = _asked.get((python, options))
    if known is None or known.get_loop() is not loop:
        known = _asked[python, options] = loop.create_task(_ask(python, options))
    return await asyncio.shield(known)


async def _ask(python: str, options: ProcessOptions) -> str | None:
    answer = await answer_of(python, _ASK, options=options)
    found = re.fullmatch(r"\s*(\S+ \S+)\s*", answer or "")
    return found and found[1]
