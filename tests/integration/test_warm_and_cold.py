"""A script cannot tell whether it was started afresh or is a fork of a kept interpreter."""

import difflib
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pythons import VERSIONS, python
from support.runs import Outcome, Runs

CASES = {
    "nothing": "",
    "names": """
        import sys
        print(sorted(globals()), __name__, __file__, __doc__, __package__)
        print(sys.argv, sys.path, sys.modules["__main__"].__file__, sys.flags)
        print(getattr(sys, "orig_argv", None), sys.executable, sys.prefix, sys.version)
        print(type(__builtins__), globals().get("__spec__"), globals().get("__cached__"))
        import __main__
        print(vars(__main__) is globals(), repr(__main__), globals().get("__loader__"))
    """,
    "docstring": '"""Words."""\nprint(__doc__)\n',
    "future": "from __future__ import division\nprint(1 / 2)",
    "no future of ours": "print(1 / 2, type('a'), type(b'a'))",
    "environment": """
        import os, sys
        print(sorted((n, v) for n, v in os.environ.items() if "PYTEST" not in n))
        sys.stdout.flush()
        os.system("echo $AOBA_RUN")
    """,
    "directory and group": """
        import os
        print(os.getcwd(), os.getpid() == os.getpgrp() == os.getsid(0), os.umask(0))
    """,
    "descriptors": """
        import os
        for number in range(256):
            try:
                kind = os.fstat(number).st_mode & 0o170000
            except OSError:
                continue
            print(number, kind)
    """,
    "inherited descriptors": """
        import os
        os.execv("/bin/sh", ["sh", "-c", "ls /proc/self/fd | wc -l"])
    """,
    "signals": """
        import signal
        for number in range(1, signal.NSIG):
            if number not in (32, 33):
                print(number, signal.getsignal(number))
        print(signal.set_wakeup_fd(-1), signal.getitimer(signal.ITIMER_REAL))
        kept = ("SigBlk", "SigIgn", "SigCgt")
        print([s for s in open("/proc/self/status") if s.startswith(kept)])
    """,
    "streams": """
        import sys
        for s in (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__):
            print(s.encoding, getattr(s, "errors", 0), s.isatty(), s.name, s.mode, s.fileno())
            print(getattr(s, "line_buffering", 0), getattr(s, "write_through", 0))
        print(repr(sys.stdin.read()))
        sys.stderr.write("seen\\n")
    """,
    "bytes and unicode": """
        # coding: utf-8
        import os, sys
        print(u"Kessel \\u00b0C \\u6e29")
        sys.stderr.write(u"\\u00fcbrig\\n")
        sys.stdout.flush()
        os.write(1, b"\\xff\\xfe\\n")
    """,
    "exit 3": "import sys; sys.exit(3)",
    "exit 300": "import sys; sys.exit(300)",
    "exit -1": "import sys; sys.exit(-1)",
    "exit huge": "import sys; sys.exit(2 ** 70 if sys.version_info < (3, 12) else 0)",
    "exit None": "import sys; sys.exit(None)",
    "exit True": "import sys; sys.exit(True)",
    "exit text": "import sys; sys.exit('sensor does not answer')",
    "exit unicode": "import sys; sys.exit(u'sensor \\u00fc')",
    "exit tuple": "import sys; sys.exit((1, 2))",
    "exit float": "import sys; sys.exit(2.0)",
    "exit without stderr": "import sys; sys.stderr = None; sys.exit('lost')",
    "raise SystemExit": "raise SystemExit",
    "quit": "quit(4)",
    "hard exit": "import os, sys; sys.stdout.write('half'); sys.stdout.flush(); os._exit(7)",
    "abort": "import os; os.abort()",
    "SIGTERM": "import os; os.kill(os.getpid(), 15)",
    "SIGKILL": "import os; os.kill(os.getpid(), 9)",
    "SIGSEGV": "import os; os.kill(os.getpid(), 11)",
    "SIGINT": "import os, time; os.kill(os.getpid(), 2); time.sleep(5)",
    "KeyboardInterrupt": "def f():\n    raise KeyboardInterrupt('by hand')\nf()",
    "exception": """
        def outer(n):
            return 1 / n
        outer(0)
    """,
    "no exception text": "raise ValueError",
    "exception of its own": """
        class Mine(Exception):
            def __str__(self):
                return u"text"
        raise Mine(1)
    """,
    "context": """
        try:
            {}["a"]
        except KeyError:
            [][1]
    """,
    "cause": """
        import sys
        if sys.version_info[0] == 2:
            raise SystemExit
        exec('''
        try:
            {}["a"]
        except KeyError as error:
            raise ValueError("b") from error
        '''.replace("\\n        ", "\\n"))
    """,
    "group": """
        import sys
        if sys.version_info >= (3, 11):
            raise ExceptionGroup("some", [ValueError(1), KeyError(2)])
    """,
    "note": """
        error = ValueError("a")
        if hasattr(error, "add_note"):
            error.add_note("b")
        raise error
    """,
    "name error": "import json\njson.dupms",
    "import error": "import no_such_module",
    "in a module": "import json\njson.loads('{')",
    "syntax error": "x = 1\nprint('a'\ny = 2\n",
    "indentation": "if True:\nprint(1)\n",
    "bad encoding": b"# \xff\nprint(1)\n",
    "latin-1": b"# coding: latin-1\nprint(u'\xe4')\n",
    "NUL": b"print(1)\n\0",
    "BOM": b"\xef\xbb\xbfprint(1)\n",
    "CR LF": b"print(1)\r\nprint(2)\r\n",
    "syntax warning": "import sys\nprint(1 is 1)\n",
    "warning": "import warnings\ndef f():\n    warnings.warn('mind', UserWarning)\nf()\nf()",
    "excepthook": """
        import sys
        def hook(kind, value, trace):
            print(kind, value, trace.tb_frame.f_code.co_name, trace.tb_lineno)
        sys.excepthook = hook
        1 / 0
    """,
    "failing excepthook": """
        import sys
        def hook(kind, value, trace):
            raise KeyError("in hook")
        sys.excepthook = hook
        1 / 0
    """,
    "exit in excepthook": """
        import sys
        sys.excepthook = lambda *_: sys.exit(9)
        1 / 0
    """,
    "traceback module": """
        import sys, traceback
        try:
            1 / 0
        except ZeroDivisionError:
            traceback.print_exc()
            print(traceback.format_exc())
    """,
    "logging": """
        import logging
        logging.basicConfig(format="%(funcName)s %(lineno)d %(pathname)s %(message)s")
        def f():
            logging.warning("mind")
        f()
        logging.warning("too")
        try:
            1 / 0
        except Exception:
            logging.exception("so")
    """,
    "atexit": """
        import atexit, sys
        for number in range(3):
            atexit.register(lambda number=number: print_(number))
        def print_(number):
            sys.stdout.write("%d %s\\n" % (number, __name__))
        print_("main")
    """,
    "failing atexit": """
        import atexit, sys
        atexit.register(sys.stdout.write, "first\\n")
        atexit.register(lambda: 1 / 0)
        atexit.register(sys.stdout.write, "last\\n")
    """,
    "exit in atexit": """
        import atexit, sys
        atexit.register(sys.stdout.write, "first\\n")
        atexit.register(lambda: sys.exit(6))
        sys.exit(2)
    """,
    "last exception in atexit": """
        import atexit, sys
        atexit.register(lambda: sys.stdout.write("%r\\n" % sys.last_value))
        raise ValueError("a")
    """,
    "threads": """
        import threading, time, sys
        def slow(name):
            time.sleep(0.1)
            sys.stdout.write(name)
        threads = [threading.Thread(target=slow, args=(name,)) for name in "a"]
        daemon = threading.Thread(target=time.sleep, args=(60,))
        daemon.daemon = True
        print(threading.current_thread(), threading.active_count())
        [thread.start() for thread in threads + [daemon]]
        import atexit
        atexit.register(sys.stdout.write, "exit handler\\n")
        print("main is over")
    """,
    "exception in a thread": """
        import threading
        def f():
            1 / 0
        thread = threading.Thread(target=f)
        thread.start()
        thread.join()
        print("on it goes")
    """,
    "exit in a thread": """
        import threading, sys
        thread = threading.Thread(target=sys.exit, args=(5,))
        thread.start()
        thread.join()
    """,
    "pool of threads": """
        import sys
        if sys.version_info[0] > 2:
            from concurrent.futures import ThreadPoolExecutor
            pool = ThreadPoolExecutor(2)
            print(pool.submit(sum, [1, 2]).result())
            pool.submit(print, "late")
    """,
    "multiprocessing fork": """
        import multiprocessing, sys
        def double(n):
            return 2 * n
        if sys.version_info[0] > 2:
            multiprocessing.set_start_method("fork")
        if __name__ == "__main__":
            pool = multiprocessing.Pool(2)
            print(pool.map(double, range(5)))
            pool.close()
            pool.join()
    """,
    "multiprocessing spawn": """
        import multiprocessing, sys
        def say(queue):
            queue.put((__name__, sys.argv, sys.path[0]))
        if __name__ == "__main__" and sys.version_info[0] > 2:
            context = multiprocessing.get_context("spawn")
            queue = context.Queue()
            process = context.Process(target=say, args=(queue,))
            process.start()
            print(queue.get(timeout=20))
            process.join()
            print(process.exitcode)
    """,
    "os.fork": """
        import os, sys, atexit
        atexit.register(lambda: sys.stdout.write("end\\n"))
        pid = os.fork()
        if pid:
            print(os.waitpid(pid, 0)[1])
        else:
            sys.exit(3)
    """,
    "subprocess": """
        import subprocess, sys
        print(subprocess.call([sys.executable, "-c", "print(1); raise SystemExit(2)"]))
        print(subprocess.Popen(["sh", "-c", "echo $$ > /dev/null; exit 4"]).wait())
    """,
    "asyncio": """
        import sys
        if sys.version_info >= (3, 7):
            import asyncio
            async def main():
                process = await asyncio.create_subprocess_exec("sh", "-c", "exit 3")
                print(await process.wait(), await asyncio.sleep(0.01, "slept"))
            asyncio.run(main())
    """,
    "unclosed files": """
        import os, sys
        held = open(sys.argv[0] + ".held", "w")
        held.write("a" * 100)
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        import json
        json.kept = os.fdopen(os.dup(1), "w")
        json.kept.write("kept by another module\\n")
        mine = os.fdopen(os.dup(1), "w")
        mine.write("never closed\\n")
    """,
    "finalizers": """
        import sys
        class Loud(object):
            def __init__(self, name):
                self.name = name
            def __del__(self, write=sys.stdout.write):
                write("gone: %s\\n" % self.name)
        first = Loud("first")
        def f():
            return first
        ring = Loud("ring")
        ring.ring = ring
    """,
    "finalizer that needs its module": """
        import sys
        word = "here"
        class Loud(object):
            def __del__(self):
                sys.stdout.write("%s\\n" % word)
        one = Loud()
    """,
    "failing finalizer": """
        class Loud(object):
            def __del__(self):
                1 / 0
        one = Loud()
        del one
    """,
    "weak callbacks": """
        import sys, weakref
        if sys.version_info[0] > 2:
            class Thing:
                pass
            thing = Thing()
            weakref.finalize(thing, print, "finalized")
    """,
    "output without line feed": "import sys; sys.stdout.write('{\"a\"'); sys.stderr.write('b')",
    "closed stdout": "import sys; sys.stdout.close()",
    "closed descriptor": "import os; os.close(1)",
    "write to closed descriptor": "import os, sys; os.close(1); sys.stdout.write('a')",
    "replaced stdout": """
        import sys
        class Mine:
            def write(self, text):
                sys.__stdout__.write(text.upper())
            def flush(self):
                sys.__stdout__.write("flushed")
        sys.stdout = Mine()
        print("text")
    """,
    "no stdout": "import sys; sys.stdout = None; print('nothing')",
    "pickle": """
        import pickle
        class Thing(object):
            pass
        print(type(pickle.loads(pickle.dumps(Thing(), 2))))
    """,
    "inspect": """
        import inspect
        def f():
            return 1
        print(inspect.getsource(f), inspect.getfile(f), inspect.getmodule(f))
    """,
    "resources": "import resource\nprint([resource.getrlimit(n) for n in range(10)])",
    "limits": """
        import sys
        print(sys.getrecursionlimit(), sys.getdefaultencoding(), sys.getfilesystemencoding())
    """,
    "gc": "import gc\nprint(gc.isenabled(), gc.get_threshold(), gc.garbage)",
    "own module": "import beside\nprint(beside.__file__.rstrip('c'), beside.who)",
    "printf": """
        try:
            from ctypes import CDLL
        except ImportError:
            pass
        else:
            CDLL(None).printf(b"from C\\n")
    """,
    "random": "import random, os, sys\nsys.stdout.write('%d' % (random.random() < 1))",
}


@pytest.fixture(scope="module", params=VERSIONS)
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    with Runs(python(request.param)) as runs:
        assert runs.process.ready, runs.lines
        yield runs


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("scripts")
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
    out, errors = (re.sub("0x[0-9a-f]+|Thread-[0-9]+", "0x", text) for text in outcome[:2])
    out = re.sub(r"(MainThread, started) \d+", r"\1", out)
    return Outcome(out, errors, outcome.failure)


def differences(warm: Outcome, cold: Outcome) -> str:
    pair = ["\n".join(map(str, outcome)).splitlines() for outcome in (warm, cold)]
    return "\n".join(["", *difflib.unified_diff(*pair, "warm", "cold", n=0, lineterm="")])


def test_nobody_can_tell(runs: Runs, scripts: dict[str, Path]) -> None:
    names = list(scripts)
    different = {}
    for start in range(0, len(names), 8):
        part = names[start : start + 8]
        paths = [scripts[name] for name in part]
        warm = runs.warm(*paths, args=["one", "two words", ""])
        cold = runs.cold(*paths, args=["one", "two words", ""])
        for name, *pair in zip(part, map(normal, warm), map(normal, cold), strict=True):
            if pair[0] != pair[1]:
                different[name] = pair
    assert "\n".join(f"{name}: {differences(*pair)}" for name, pair in different.items()) == ""


def test_what_is_compared_are_forks(runs: Runs, scripts: dict[str, Path]) -> None:
    """Or a mistake that has all of them started afresh would go unnoticed."""
    path = scripts["nothing"].with_name("parent.py")
    path.write_text("import os, sys\nsys.stdout.write('%d' % os.getppid())\n")

    [outcome] = runs.warm(path)

    assert Path(f"/proc/{outcome.stdout}/cmdline").read_text().count("fork_server.py") == 1


def test_runs_draw_different_numbers(runs: Runs, tmp_path: Path) -> None:
    path = tmp_path / "draw.py"
    path.write_text("import random\nprint(random.random())\n")
    with Runs(runs.python, ("random",)) as preloaded:
        drawn = [outcome.stdout for outcome in preloaded.warm(*[path] * 5)]
    assert len(set(drawn)) == 5
