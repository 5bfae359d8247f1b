"""Scripts and posters that do all that a source logs, as often as they can."""

import itertools
import random
import urllib.error
import urllib.request
from contextlib import suppress

from floods import Flood, Target

_PRELUDE = """
import json, os, random, sys, time
run = int(os.environ["AOBA_RUN"])
def put(value):
    holding = [{"address_start": 0, "initial_values": [value]}]
    stations = [{"id": 1, "mode": "master", "map": {"holding": holding}}]
    print(json.dumps({"stations": stations, "reboot_interval": 10}), flush=True)
"""
FAILING = _PRELUDE + "put(run % 60000)\n{}[f'sensor {random.random()} of run {run}']\n"
# Those that write little in a run would take ten minutes to use up what is let through at first.
_MANY_LINES = "sys.stderr.write(''.join(f'{run} {i} {random.random()}\\n' for i in range(300)))\n"
IN_TURNS = (
    _PRELUDE
    + "put(70000 if run % 2 else 1)\n"
    + _MANY_LINES
    + "if run % 3 == 0:\n    sys.exit(f'lost {run}')\n"
)
NEW_EACH_TIME = (
    _PRELUDE
    + "for _ in range(30):\n"
    + "    put(70000 + random.randrange(10**9))\n    print(f'line {random.random()}')\n"
    + _MANY_LINES
    + "sys.stderr.write(f'error {random.random()}\\n' * 20)\nsys.exit(random.randrange(1, 200))\n"
)
ENDLESS = (
    _PRELUDE
    + "put(1)\nwhile True:\n"
    + "    sys.stderr.write(f'{random.random()} ' + 'x' * 900 + '\\n')\n"
    + "    sys.stdout.write(f'{random.random()} {{\\n')\n"
)
TRACEBACKS = (
    _PRELUDE
    + "import traceback\nput(1)\nwhile True:\n    time.sleep(0.001)\n    try:\n"
    + "        exec(f'def f{random.random():.9f}'.replace('0.', '') + '(): 1 / 0')\n"
    + "        exec('raise KeyError(random.random())')\n"
    + "    except Exception:\n        traceback.print_exc()\n"
)
_AGAIN_AND_AGAIN = _PRELUDE + "put(1)\nwhile True:\n    time.sleep(0.005)\n"
EMOJI = (
    _AGAIN_AND_AGAIN
    + "    text = '\\U0001f600' * 450 + str(random.random())\n"
    + "    print(text, flush=True)\n    sys.stderr.write(text + '\\n')\n"
)
ESCAPED = (
    _AGAIN_AND_AGAIN
    + "    text = random.choice(['\\x1b', '\\x85', '\\u202e', '\\U000e0041']) * 600\n"
    + "    text += ''.join(random.choices('abcdefgh', k=20))\n"
    + "    print(text, flush=True)\n    sys.stderr.write(text + '\\n')\n"
)
NO_UNICODE = (
    _AGAIN_AND_AGAIN
    + "    text = os.urandom(1000).replace(b'\\n', b'') + b'\\n'\n"
    + "    os.write(1, text)\n    os.write(2, text)\n"
)
WRONG_VALUES = (
    _PRELUDE
    + "put(random.choice([-1, 70000, 0.5, 'x']) * random.randrange(1, 20))\n"
    + "print('\\U0001f600' * random.randrange(1, 400))\n"
)
GROUPS = (
    _PRELUDE
    + "put(1)\nwhile True:\n    time.sleep(0.005)\n"
    + "    name = ''.join(random.choices('abcdefgh', k=20))\n"
    + "    sys.stderr.write('  + Exception Group Traceback (most recent call last):\\n'\n"
    + "        + f'  | ExceptionGroup: {name}\\n  +-+------ 1 ------\\n    | KeyError: {name}\\n'\n"
    + "        + '    +------------\\n' + '\\U0001f600' * 400 + name + '\\n')\n"
)
FLAPPING = _PRELUDE + "while True:\n    put(1)\n    time.sleep(0.05)\n"
EDITED = _PRELUDE + "put(1)\nopen(os.environ['AOBA_SCRIPT'], 'a').write(f'# {run}\\n')\n"

POSTED = "http://127.0.0.1:18642/values"
_bodies = itertools.cycle(
    [b"no json", b'{"stations": 5}', b"[" * 100, b"\xff", b"{}", b'[{"id": 300, "mode": "x"}]']
)


def bad_posts(_: Target) -> None:
    """Bodies and paths that differ, so that no two errors are the same."""
    for path in ("", f"?x={random.random()}", f"/{random.random()}"):
        body = next(_bodies) + b" %f" % random.random()
        request = urllib.request.Request(POSTED + path, body, {"Content-Type": "application/json"})
        with suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=5):
            pass


def flood(name: str, script: str, options: str = "") -> Flood:
    return Flood(name, script=script, source=f"{{script}}{options}")


FLOODS = [
    flood("a script that fails in each run", FAILING),
    Flood("the same, embedded", script=FAILING, source="python:embedded:{script}"),
    flood("a script with errors in turns", IN_TURNS),
    flood("a script whose errors are always new", NEW_EACH_TIME),
    flood("a script that floods both streams", ENDLESS),
    flood("a script that goes on from error to error", TRACEBACKS),
    flood("a script that writes emojis", EMOJI),
    flood("a script that writes what is escaped", ESCAPED),
    flood("a script that writes no Unicode", NO_UNICODE),
    flood("a script of wrong values and emojis", WRONG_VALUES),
    flood("a script of groups of exceptions", GROUPS),
    flood("a script that is stale now and then", FLAPPING, "?stale_after=10ms&on_stale=zero"),
    flood("a script that edits itself", EDITED),
    Flood("bad posts", bad_posts, source=POSTED),
]
