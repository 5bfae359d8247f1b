"""What is found out about a library before it is loaded for runs: by importing it, on trial."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from zipfile import ZipFile

import pytest

from aoba.sources.scripts.child import fork_server
from support.pythons import python

FORKS = Path(fork_server.__file__).parent
DRIVER = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
import fork_server
del sys.path[0], sys.modules["fork_server"]
parts = fork_server._parts(fork_server.PARTS + fork_server.LEARNED)
commands, _ = os.pipe()
roots, refused = parts["trial"].tried(sys.argv[2:], parts, commands)
print(json.dumps([{root.name: [root.modules, root.files, root.warns] for root in roots}, refused]))
"""

GOOD = {
    "plain": "x = 1\n",
    "slow": "import time\ntime.sleep(0.01)\n",
    "sets": "names = {str(n) for n in range(99)}\nfirst = tuple(names)\n",
    "objects": "class A:\n    pass\nall_of_them = {A(): object() for _ in range(9)}\n",
    "cycles": "a = []\na.append(a)\ndef f(x=a):\n    return a, f\n",
    "nan": "x = float('nan')\n",
    "lock": "import threading\nlock = threading.Lock()\nlocal = threading.local()\n",
    "logger": "import logging\nlogging.getLogger('logger').addHandler(logging.NullHandler())\n",
    "steps": "import time\nbegun = time.monotonic()\ndel begun\n",
    "own_thread": """
        import threading
        t = threading.Thread(target=int)
        t.start()
        t.join()
        del t
    """,
    "settings": "import os\nmode = os.environ.get('HOME')\n",
    "filters": "import warnings\nwarnings.filterwarnings('ignore', 'mine')\n",
    "finder": "import sys\nclass F:\n    find_spec = None\nsys.meta_path.append(F())\n",
    "constants": """
        import datetime, time
        d = datetime.date(2026, 1, 2)
        t = time.strftime('%d', d.timetuple()), time.gmtime(0)
    """,
    "generators": """
        unstarted, finished = (n for n in [1]), (n for n in [])
        list(finished)
        under_way = (n for n in [1, 2])
        next(under_way)
        def f():
            yield
        not_begun = f()
    """,
    "no_package": "__path__ = []\n__spec__.submodule_search_locations = []\n",
    "null": "import os\nwith open(os.devnull, 'w'):\n    pass\n",
}
BAD = {
    "prints": ("print('hello')", "writes to standard output or error"),
    "complains": ("import sys\nsys.stderr.write('no')", "writes to standard output or error"),
    "floods": ("print('x' * 1000000)", "writes to standard output or error"),
    "fails": ("import no_such_module", "fails: ModuleNotFoundError: No module named"),
    "exits": ("raise SystemExit(3)", "fails: SystemExit: 3"),
    "crashes": ("import os\nos.abort()", "ends the interpreter"),
    "pid": ("import os\nwho = os.getpid()", "has another pid.who in each process"),
    "nested": (
        "import os\nclass A:\n    kept = [(1, {'a': os.getpid()})]",
        "has another nested.A in each process",
    ),
    "closure": (
        "import os\ndef f(p):\n    def g():\n        return p\n    return g\ng = f(os.getpid())",
        "has another closure.g in each process",
    ),
    "slots": (
        "import os\nclass A:\n    __slots__ = 'p'\na = A()\na.p = os.getpid()",
        "has another slots.a in each process",
    ),
    "partial": (
        "import functools, os\nf = functools.partial(max, os.getpid())",
        "has another partial.f in each process",
    ),
    "since": ("import time\nat = time.monotonic()", "has another since.at in each process"),
    "seconds": ("import time\nat = int(time.monotonic())", "has another seconds.at in each"),
    "now": ("import time\ntime.time()", "looks at the clock"),
    "today": ("import datetime\nday = datetime.date.today()", "looks at the clock"),
    "a_day": (
        "from pathlib import Path\nimport datetime as d\nd.datetime.now().hour",
        "looks at the",
    ),
    "drawn": ("import random\nodds = random.random()", "draws random numbers"),
    "seeded": ("import random\nrandom.seed(1)", "draws random numbers"),
    "own_random": ("import random\nr = random.Random()", "draws random numbers"),
    "entropy": ("import os\nkey = os.urandom(8)", "has another entropy.key in each process"),
    "shown": ("import time\nday = time.strftime('%d')", "looks at the clock"),
    "year": ("import time\nyear = time.localtime(None).tm_year", "looks at the clock"),
    "arguments": ("import sys\nname = sys.argv[0]", "has another arguments.name in each process"),
    "main": (
        "import sys\nwho = sys.modules['__main__'].__file__",
        "has another main.who in each process",
    ),
    "path": ("import sys\nfirst = sys.path[0]", "has another path.first in each process"),
    "folder": ("import os\nhere = os.getcwd()", "has another folder.here in each process"),
    "interval": (
        "import os\ntimes = [os.environ['AOBA_' + name] for name in ('INTERVAL', 'TIMEOUT')]",
        "has another interval.times in each process",
    ),
    "run": ("import os\nrun = os.environ['AOBA_RUN']", "has another run.run in each process"),
    "thread": (
        """
        import threading, time
        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
        """,
        "changes threads",
    ),
    "child": ("import os\nif os.fork() == 0:\n    os._exit(0)", "starts a process"),
    "program": ("import os\nos.system('true')", "starts a program"),
    "opened": ("f = open(__file__)", "changes open files"),
    "written": ("open(__file__ + '.log', 'a').close()", "writes to files"),
    "folders": ("import os\nos.mkdir(__file__ + '.d')", "changes files"),
    "listens": ("import socket\nsocket.socket().close()", "opens sockets"),
    "database": ("import sqlite3\nsqlite3.connect(':memory:').close()", "opens files"),
    "handler": (
        "import signal\nsignal.signal(signal.SIGUSR1, print)",
        "changes signal handlers",
    ),
    "alarm": ("import signal\nsignal.alarm(60)", "changes timers"),
    "logs": ("import logging\nlogging.basicConfig()", "changes logging"),
    "level": ("import logging\nlogging.root.setLevel(10)", "changes logging"),
    "factory": ("import logging\nlogging.setLogRecordFactory(dict)", "changes logging"),
    "at_end": ("import atexit\natexit.register(print, 1)", "has something done at the end"),
    "finalizer": (
        "class A:\n    def __del__(self):\n        pass\na = A()",
        "has objects that finalize something",
    ),
    "generator": (
        """
        def f():
            try:
                yield
            finally:
                print("over")
        under_way = f()
        next(under_way)
        """,
        "has objects that finalize something",
    ),
    "environ": ("import os\nos.environ['NEW'] = '1'", "changes environment variables"),
    "search": ("import sys\nsys.path.append('/mine')", "changes the search path"),
    "first_finder": (
        "import sys\nclass F:\n    def find_spec(*_):\n        pass\nsys.meta_path.insert(0, F)",
        "changes sys.meta_path",
    ),
    "hook": ("import sys\nsys.excepthook = print", "changes hooks of the interpreter"),
    "limit": ("import sys\nsys.setrecursionlimit(999)", "changes settings of the interpreter"),
    "collector": ("import gc\ngc.disable()", "changes the garbage collector"),
    "stream": ("import io, sys\nsys.stdout = io.StringIO()", "changes standard streams"),
    "mask": ("import os\nos.umask(0o77)", "changes the umask"),
    "moved": ("import os\nos.chdir('/tmp')", "changes the working directory"),
    "patched": ("import json\njson.dumps = print", "changes json.dumps"),
    "builtin": ("import builtins\nbuiltins.mine = 1", "changes builtins.mine"),
    "silenced": ("import warnings\nwarnings.resetwarnings()", "changes filters of warnings"),
    "watches": ("import sys\nsys.addaudithook(lambda *_: None)", "watches the interpreter"),
    "each_time": (
        "import os\nif os.environ['AOBA_RUN'] == '1':\n    import colorsys",
        "does not import the same each time",
    ),
    "in_zip": ("x = 1", "is imported in a way of its own"),
}


def written(folder: Path) -> None:
    """All of them, in a folder that is in the path; one of them in an archive, which is, too."""
    sources = GOOD | {name: source for name, (source, _) in BAD.items()}
    for name, source in sources.items():
        if name != "in_zip":
            (folder / f"{name}.py").write_text(textwrap.dedent(source) + "\n")
    with ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr("in_zip.py", BAD["in_zip"][0])


def tried(interpreter: str, folder: Path, *names: str) -> tuple[dict, dict]:
    done = subprocess.run(
        [interpreter, "-c", DRIVER, FORKS, *names],
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'archive.zip'}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=["", "3.8"])
def verdicts(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("libraries")
    written(folder)
    interpreter = python(request.param) if request.param else sys.executable
    return tried(interpreter, folder, *GOOD, *BAD)


def test_what_no_script_could_tell(verdicts):
    good, refused = verdicts
    assert {name: refused.get(name) for name in GOOD} == dict.fromkeys(GOOD)
    assert list(good) == list(GOOD)


def test_what_a_script_could_tell(verdicts):
    _, refused = verdicts
    wrong = {
        name: (refused.get(name), reason)
        for name, (_, reason) in BAD.items()
        if not (refused.get(name) or "").startswith(reason)
    }
    assert wrong == {}
