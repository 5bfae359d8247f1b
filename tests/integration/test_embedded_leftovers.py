# ruff: noqa: E501  a script a line
"""What a run of an embedded script leaves to the next one: nothing, as with a process of its own."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.embedded import Hosted

pytestmark = pytest.mark.of_python

Script = Callable[..., Path]

PREAMBLE = "import os, sys, json\n"
LOGGER = "import logging\nlog = logging.getLogger('x')\n"
TO_STDOUT = "logging.basicConfig(format='%(message)s', stream=sys.stdout)\n"

EACH_RUN = {
    "a factory of log records": f"{LOGGER}{TO_STDOUT}tag = 'T'\nold = logging.getLogRecordFactory()\ndef factory(*a, **k):\n"
    "    record = old(*a, **k)\n    record.msg = tag + record.msg\n    return record\nlogging.setLogRecordFactory(factory)\nlog.warning('x')",
    "a formatter": f"{LOGGER}tag = 'T'\nclass F(logging.Formatter):\n    def format(self, record):\n        return tag + record.msg\n"
    "h = logging.StreamHandler(sys.stdout)\nh.setFormatter(F())\nlog.addHandler(h)\nlog.warning('x')",
    "a handler": f"{LOGGER}log.addHandler(logging.StreamHandler(sys.stdout))\nlog.warning('x')",
    "a handler of a library's": "import multiprocessing as m\nm.log_to_stderr().warning('w')",
    "basicConfig": f"{LOGGER}log.info('no')\nlogging.basicConfig(level=20, stream=sys.stdout)\nlog.info('yes')",
    "levels and filters": f"{LOGGER}log.warning('seen')\nlog.setLevel(50)\nlog.addFilter(lambda r: False)\nlog.propagate = False",
    "logging disabled": "import logging\nlogging.warning('a')\nlogging.disable()",
    "a class of loggers": "import logging\nprint(logging.getLoggerClass())\nn = 0\nclass L(logging.Logger):\n    def count(self):\n"
    "        global n\n        n += 1\n        print(n)\nlogging.setLoggerClass(L)\nlogging.getLogger('a.b').count()\nlogging.getLogger('a').count()",
    "a level's name": "import logging\nprint(logging.getLevelName(25))\nlogging.addLevelName(25, 'NOTICE')",
    "dictConfig": "import logging.config\nlogging.config.dictConfig({'version': 1, 'handlers': {'h': {'class': 'logging.StreamHandler',"
    " 'stream': 'ext://sys.stdout'}}, 'root': {'handlers': ['h']}})\nlogging.getLogger('late').warning('late')",
    "warnings captured": "import logging, warnings\nwarnings.warn('plain')\nlogging.captureWarnings(True)\nwarnings.warn('captured')",
    "print": "import builtins\nold = print\ndef print(*a):\n    old('>', *a)\nbuiltins.print = print\nprint(1)",
    "import": "import builtins\nold = builtins.__import__\nseen = 0\ndef mine(*a, **k):\n    global seen\n    seen += 1\n    return old(*a, **k)\n"
    "builtins.__import__ = mine\nimport json\nprint(seen)",
    "a name in builtins": "import builtins\nprint(hasattr(builtins, 'mine'))\nbuiltins.mine = 1",
    "json.dumps": "old = json.dumps\ndepth = 0\ndef dumps(*a):\n    global depth\n    depth += 1\n    return old(*a)\njson.dumps = dumps\njson.dumps(1)\nprint(depth)",
    "time.time": "import time\nprint(time.time() > 9)\ntime.time = lambda: 5.0\nprint(time.time())",
    "a method of a class": "old = json.JSONEncoder.default\ndef default(self, o):\n    print('asked')\n    try:\n        return old(self, o)\n"
    "    except TypeError:\n        return 1\njson.JSONEncoder.default = default\nprint(json.dumps({1}))",
    "a method of Thread": "import threading\nold = threading.Thread.start\ndef start(self):\n    print('starts')\n    old(self)\n"
    "threading.Thread.start = start\nt = threading.Thread(target=print)\nt.start()\nt.join()",
    "a class replaced": "import socket\nold = socket.socket\nclass S(old): pass\nsocket.socket = S\nprint(len(S.__mro__))",
    "a mock": "from unittest import mock\nprint(type(json.loads))\nmock.patch('json.loads').start()",
    "a constant": "import math\nprint(math.pi)\nmath.pi = 4",
    "a library's list": "import mimetypes\nprint(len(mimetypes.knownfiles))\nmimetypes.knownfiles.append('x')",
    "a library's registry": "import shutil\nshutil.register_unpack_format('mine', ['.mine'], print)\nprint(1)",
    "a library's variable": "import urllib.request as r\nprint(r._opener)\nr.install_opener(r.build_opener())",
    "a library's class attribute": "import http.client as h\nprint(h.HTTPConnection.debuglevel)\nh.HTTPConnection.debuglevel = 1",
    "fileinput": "import fileinput\nfor line in fileinput.input('/etc/hosts'):\n    break\nprint(1)",
    "a module made up": "import types\nprint('mine' in sys.modules)\nsys.modules['mine'] = types.ModuleType('mine')",
    "a module replaced": "import types\nprint(hasattr(json, 'loads'))\nsys.modules['json'] = types.ModuleType('json')",
    "finders": "print(len(sys.meta_path), len(sys.path_hooks))\nsys.meta_path.insert(0, type('F', (), {'find_spec': lambda *a: None}))\nsys.path_hooks.append(print)",
    "subclasses": "class E(json.JSONEncoder): pass\nprint(len(json.JSONEncoder.__subclasses__()))",
    "a codec": "import codecs\ndef search(name):\n    print('asked')\ncodecs.register(search)\ntry:\n    codecs.lookup('nope')\nexcept LookupError:\n    pass",
    "hooks": "print([getattr(sys, n) is getattr(sys, f'__{n}__') for n in ('displayhook', 'excepthook', 'unraisablehook', 'breakpointhook')])\n"
    "sys.displayhook = sys.excepthook = sys.unraisablehook = sys.breakpointhook = print",
    "trace and profile": "print(sys.gettrace(), sys.getprofile())\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)",
    "hooks of threads": "import threading\nprint(threading.excepthook is threading.__excepthook__, threading.gettrace())\n"
    "threading.excepthook = print\nthreading.settrace(lambda *a: None)",
    "names of threads": "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()\nprint(t.name)",
    "limits of the interpreter": "print(sys.getrecursionlimit(), sys.getswitchinterval(), sys.get_int_max_str_digits(), hasattr(sys, 'tracebacklimit'))\n"
    "sys.setrecursionlimit(5000)\nsys.setswitchinterval(1)\nsys.set_int_max_str_digits(0)\nsys.tracebacklimit = 0",
    "gc": "import gc\nprint(gc.isenabled(), gc.get_threshold(), len(gc.callbacks), gc.get_debug())\ngc.disable()\ngc.set_threshold(9)\n"
    "gc.callbacks.append(lambda *a: None)\ngc.set_debug(gc.DEBUG_UNCOLLECTABLE)",
    "an audit hook": "def hook(event, _):\n    if event == 'mine':\n        print('heard')\nsys.addaudithook(hook)\nsys.audit('mine')",
    "umask": "print(os.umask(0o77))",
    "a limit": "import resource as r\nprint(r.getrlimit(r.RLIMIT_NOFILE))\nr.setrlimit(r.RLIMIT_NOFILE, (200, r.getrlimit(r.RLIMIT_NOFILE)[1]))",
    "a limit for good": "import resource as r\nprint(r.getrlimit(r.RLIMIT_NOFILE))\nr.setrlimit(r.RLIMIT_NOFILE, (200, 200))",
    "priority": "print(os.nice(0))\nos.nice(3)",
    "locale": "import locale\nprint(locale.setlocale(locale.LC_ALL))\nlocale.setlocale(locale.LC_ALL, 'C')",
    "decimals": "import decimal\nprint(decimal.Decimal(1) / 3)\ndecimal.getcontext().prec = 4\ndecimal.DefaultContext.prec = 5",
    "a context variable": "import contextvars\nprint(len(contextvars.copy_context()))\ncontextvars.ContextVar('v').set(1)",
    "the timeout of sockets": "import socket\nprint(socket.getdefaulttimeout())\nsocket.setdefaulttimeout(3)",
    "dialects of csv": "import csv\nprint(csv.list_dialects(), csv.field_size_limit())\ncsv.register_dialect('mine', delimiter=';')\ncsv.field_size_limit(10)",
    "filters of warnings": "import warnings\nfor _ in range(2):\n    warnings.warn('w')\nwarnings.filterwarnings('once')\nwarnings.warn('once')\nwarnings.formatwarning = lambda *a, **k: 'mine\\n'",
    "an event loop": "import asyncio, warnings\nwarnings.simplefilter('ignore')\nasync def main():\n    print(1)\ntry:\n    loop = asyncio.get_event_loop()\n"
    "except RuntimeError:\n    loop = asyncio.new_event_loop()\nloop.run_until_complete(main())\nloop.close()\nasyncio.set_event_loop(loop)",
    "the start method": "import multiprocessing as m\nprint(m.get_start_method(True))\nm.set_start_method('spawn')",
    "a time zone": "import time\nprint(time.tzname, time.localtime(0).tm_hour)\nos.environ['TZ'] = 'XYZ-5'\nprint(time.localtime(0).tm_hour, time.mktime((2020, 1, 1, 0, 0, 0, 0, 0, 0)))",
    "a time zone that is set": "import time\nprint(time.tzname, time.localtime(0).tm_hour)\nos.environ['TZ'] = 'XYZ-5'\ntime.tzset()\nprint(time.tzname)",
    "the environment": "import subprocess\nprint(subprocess.check_output(['sh', '-c', 'echo $MINE $HOME'], text=True))\nos.putenv('MINE', '1')\nos.unsetenv('HOME')",
    "os.environ": "print(type(os.environ))\nos.environ = {}",
    "blocked signals": "import signal\nprint(signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]), signal.set_wakeup_fd(-1))\nr, w = os.pipe()\nos.set_blocking(w, False)\nsignal.set_wakeup_fd(w)",
    "faults": "import faulthandler, signal\nprint(faulthandler.is_enabled(), faulthandler.unregister(signal.SIGUSR1))\nfaulthandler.enable()\nfaulthandler.register(signal.SIGUSR1)",
    "the form of stdout": "print(sys.stdout.encoding, sys.stdout.errors, os.get_blocking(1), hasattr(sys.stdout, 'mine'))\n"
    "sys.stdout.mine = 1\nsys.stdout.reconfigure(encoding='latin-1', errors='replace')\nos.set_blocking(1, False)",
    "a lock": "import fcntl\nfd = os.open(__file__, os.O_RDWR)\nfcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\nprint('locked')",
}
"""Scripts that change something, and print first what an earlier run would have left of it."""


def told(outcome) -> tuple[str, str, str | None]:
    stdout, stderr, failure = outcome
    return re.sub("0x[0-9a-f]+", "0x", stdout), stderr, failure


@pytest.mark.parametrize("name", EACH_RUN)
def test_each_run_is_like_the_first(script: Script, name: str) -> None:
    with Hosted(script(PREAMBLE, EACH_RUN[name], "\n")) as hosted:
        first, *others = [told(hosted.run()) for _ in range(3)]
    assert first[0] or first[1]
    assert first[2] is None
    assert others == [first] * 2


SOME_RUNS = {
    "a run that fails": "json.dumps = lambda *a: 'PATCHED'\nsys.exit(3)",
    "a run that complains": "json.dumps = lambda *a: 'PATCHED'\nsys.stderr.write('fallback')",
    "a run that complains otherwise": "json.dumps = lambda *a: 'PATCHED'\nprint('fallback', file=sys.__stderr__)",
    "the umask": "os.umask(0)",
    "the priority": "os.nice(3)",
}
"""What scripts do once, long after the first runs."""


@pytest.mark.parametrize("name", SOME_RUNS)
def test_what_one_run_changes_that_goes_another_way_does_not_last(
    script: Script, name: str
) -> None:
    telling = "umask = os.umask(0o22)\nos.umask(umask)\nprint(json.dumps([umask, os.nice(0)]))\n"
    odd = "\n".join(f"    {line}" for line in SOME_RUNS[name].splitlines())
    body = f"{telling}if os.environ['AOBA_RUN'] in ('7', '11'):\n{odd}\n"
    with Hosted(script(PREAMBLE, body)) as hosted:
        printed = [hosted.run().stdout for _ in range(12)]
    assert printed == printed[:1] * 12


def test_its_stderr_looks_like_any_other(script: Script) -> None:
    telling = """
for stream in (sys.stderr, sys.__stderr__):
    print(stream, stream.buffer.name, stream.name, stream.fileno(), stream.isatty(), stream.closed)
    print(stream.encoding, stream.errors, stream.line_buffering, stream.write_through)
kind = type(sys.stderr.buffer)
print(sys.stderr is sys.__stderr__, kind.__module__, kind.__qualname__, sys.stderr.newlines)
"""
    outcomes = []
    for mode in ("embedded", "external"):
        with Hosted(script(PREAMBLE, telling), mode=mode) as hosted:
            outcomes.append(told(hosted.run()))
    assert outcomes[0] == outcomes[1]
