"""Scripts that look around, so that each way to start scripts can be compared with the plain one.

A script that tells the same however it is started cannot tell how it was. The tables are by theme;
`written` adds those that are about where a file is.
"""

import re
import textwrap
from pathlib import Path

from support.curious import company, complaints, ends, output, surroundings
from support.runs import Outcome

THEMES = (surroundings, output, complaints, ends, company)
CASES = {name: source for theme in THEMES for name, source in theme.CASES.items()}


def written(folder: Path) -> dict[str, Path]:
    """The file of each script, in `folder` and below."""
    (folder / "beside.py").write_text("import sys\nwho = __name__\n")
    paths = {}
    for name, source in CASES.items():
        paths[name] = folder / f"case_{name.replace(' ', '_')}.py"  # none of a module
        data = source if isinstance(source, bytes) else textwrap.dedent(source).encode()
        paths[name].write_bytes(data)
    shadow = folder / "shadow"
    shadow.mkdir()
    (shadow / "json.py").write_text("def dumps(_): return 'mine'\n")
    (shadow / "script.py").write_text("import json\nprint(json.dumps(1), json.__file__)\n")
    paths["module that shadows"] = shadow / "script.py"
    paths["script that shadows"] = shadow / "json.py"
    links = folder / "links"
    links.mkdir()
    (links / "link.py").symlink_to(paths["names"])
    paths["symbolic link"] = links / "link.py"
    odd = folder / "a b\u00fc.py"
    odd.write_text("import sys\nsys.stdout.write(repr((sys.argv, __file__)))\n1 / 0\n")
    paths["odd name"] = odd
    return paths


def normal(outcome: Outcome) -> Outcome:
    """Without what differs from run to run anyway: addresses, and numbers of threads."""
    out, errors = (re.sub("0x[0-9a-f]+|Thread-[0-9]+", "0x", text) for text in outcome[:2])
    out = re.sub(r"(MainThread, started) \d+", r"\1", out)
    return Outcome(out, errors, outcome.failure)
