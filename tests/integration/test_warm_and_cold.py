"""A script cannot tell whether it was started afresh or is a fork of a kept interpreter."""

import difflib
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from aoba.sources import fork_process
from aoba.sources.names import FifoNames
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
    "interpreter": """
        import gc, locale, os, site, sys
        print(sys.warnoptions, getattr(sys, "_xoptions", 0), sys.dont_write_bytecode, site.PREFIXES)
        print([type(f).__name__ for f in sys.meta_path], len(sys.path_hooks), sys.gettrace())
        print(locale.setlocale(locale.LC_ALL), locale.getpreferredencoding(False), sys.byteorder)
        print(sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__)
        print(sys.getswitchinterval() if hasattr(sys, "getswitchinterval") else 0)
        print(os.nice(0), os.times()[2:4], os.sep, sys.platform, os.getcwd() == sys.path[0])
    """,
    "input": "import sys\ninput() if sys.version_info[0] > 2 else raw_input()",
    "read": "import sys; print(repr(sys.stdin.readline()), sys.stdin.tell())",
    "descriptors of a child": """
        import subprocess
        print(subprocess.check_output("ls /proc/self/fd", shell=True, close_fds=False))
    """,
    "main thread": """
        import os, threading
        main = threading.current_thread()
        print(main.name, main.daemon, main.ident == threading.enumerate()[0].ident)
        if hasattr(threading, "main_thread"):
            print(threading.main_thread() is main, main.is_alive())
        if hasattr(threading, "get_native_id"):
            print(threading.get_native_id() == os.getpid())
    """,
    "daemon that works": """
        import sys, threading, time
        def work():
            while True:
                time.sleep(0.001)
        for _ in range(3 if sys.version_info[0] > 2 else 0):  # 2.7 may complain at its end
            thread = threading.Thread(target=work)
            thread.daemon = True
            thread.start()
        time.sleep(0.02)
        print("over")
    """,
    "multiprocessing forkserver": """
        import multiprocessing, sys
        def double(n):
            return 2 * n
        if __name__ == "__main__" and sys.version_info[0] > 2:
            with multiprocessing.get_context("forkserver").Pool(1) as pool:
                print(pool.map(double, [1, 2]))
    """,
    "pool of processes": """
        import sys
        class Thing(object):
            def __init__(self, n):
                self.n = n
        def wrap(n):
            return Thing(n + 1)
        if __name__ == "__main__" and sys.version_info[0] > 2:
            from concurrent.futures import ProcessPoolExecutor
            with ProcessPoolExecutor(1) as pool:
                print([thing.n for thing in pool.map(wrap, [1, 2])])
    """,
    "faulthandler": """
        import sys
        if sys.version_info[0] > 2:
            import faulthandler
            print(faulthandler.is_enabled())
    """,
    "locals of an exception": """
        import sys
        def f(secret):
            raise ValueError(secret)
        try:
            f(3)
        except ValueError:
            trace = sys.exc_info()[2]
        print(trace.tb_lineno, trace.tb_frame.f_globals is globals(), trace.tb_frame.f_code.co_name)
        print(sorted(trace.tb_next.tb_frame.f_locals), trace.tb_next.tb_frame.f_code.co_filename)
    """,
    "warning of the caller": """
        import warnings
        def f():
            warnings.warn("old", stacklevel=2)
        f()
    """,
    "deprecation in main": """
        import warnings
        warnings.warn("old", DeprecationWarning)
        warnings.warn("soon", PendingDeprecationWarning)
    """,
    "resource warning": "import sys\nopen(sys.argv[0])\nprint(1)",
    "recursion": """
        import sys
        def f(n):
            return f(n + 1)
        try:
            f(0)
        except RuntimeError as error:
            print(type(error).__name__)
    """,
    "exit in a function": """
        import sys
        def f():
            sys.exit("why")
        try:
            f()
        finally:
            print(1)
    """,
    "exception with exit handler and thread": """
        import atexit, threading, time, sys
        atexit.register(sys.stdout.write, "handler\\n")
        threading.Thread(target=lambda: (time.sleep(0.05), sys.stdout.write("thread\\n"))).start()
        raise LookupError("main")
    """,
    "tempfile": """
        import os, tempfile
        with tempfile.NamedTemporaryFile() as file:
            print(os.path.dirname(file.name), len(os.path.basename(file.name)))
    """,
    "ids": "import os\nprint(os.getuid(), os.getegid(), os.getgroups(), os.umask(0))",
    "own handler": """
        import os, signal, sys
        def heard(number, frame):
            print(number, frame.f_globals is globals())
            sys.exit(5)
        signal.signal(signal.SIGTERM, heard)
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    """,
    "alarm": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.05)\nsignal.pause()",
    "broken pipe": """
        import os, sys
        read, write = os.pipe()
        os.close(read)
        os.write(write, b"a")
    """,
    "random": "import random, os, sys\nsys.stdout.write('%d' % (random.random() < 1))",
}


@pytest.fixture(scope="module", params=VERSIONS)
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    with Runs(python(request.param)) as runs:
        assert runs.process.ready, runs.lines
        yield runs


ARGUMENTS = ["one", "two words", ""]


@pytest.fixture(scope="module")
def cold(runs: Runs, scripts: dict[str, Path]) -> dict[str, Outcome]:
    """What comes of each script when it is started afresh, with ARGUMENTS."""
    names = list(scripts)
    found = {}
    for part in (names[start : start + 8] for start in range(0, len(names), 8)):
        outcomes = runs.cold(*(scripts[name] for name in part), args=ARGUMENTS)
        found.update(zip(part, map(normal, outcomes), strict=True))
    return found


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


def test_nobody_can_tell(runs: Runs, scripts: dict[str, Path], cold: dict[str, Outcome]) -> None:
    names = list(scripts)
    different = {}
    for start in range(0, len(names), 8):
        part = names[start : start + 8]
        warm = runs.warm(*(scripts[name] for name in part), args=ARGUMENTS)
        for name, outcome in zip(part, map(normal, warm), strict=True):
            if outcome != cold[name]:
                different[name] = outcome, cold[name]
    assert "\n".join(f"{name}: {differences(*pair)}" for name, pair in different.items()) == ""


def test_what_is_compared_are_forks(runs: Runs, scripts: dict[str, Path]) -> None:
    """Or a mistake that has all of them started afresh would go unnoticed."""
    path = scripts["nothing"].with_name("parent.py")
    path.write_text("import os, sys\nsys.stdout.write('%d' % os.getppid())\n")

    [outcome] = runs.warm(path)

    assert Path(f"/proc/{outcome.stdout}/cmdline").read_text().count("fork_server.py") == 1


DRAWS = """
import random, ssl, tempfile, uuid, os
print(random.random())
print(next(tempfile._get_candidate_names()))
print(uuid.uuid4())
print(uuid.uuid1())
print(repr(os.urandom(4)))
print(repr(ssl.RAND_bytes(4)) if hasattr(ssl, "RAND_bytes") else random.random())
"""


@pytest.mark.parametrize("preload", [(), ("random", "ssl", "tempfile", "uuid")])
def test_runs_draw_different_numbers(runs: Runs, tmp_path: Path, preload: tuple[str, ...]) -> None:
    path = tmp_path / "draw.py"
    path.write_text(DRAWS)
    with Runs(runs.python, preload) as preloaded:
        assert preloaded.process.ready, preloaded.lines
        drawn = [outcome.stdout.splitlines() for outcome in preloaded.warm(*[path] * 5)]
    for numbers in zip(*drawn, strict=True):
        assert len(set(numbers)) == 5
    assert len(drawn[0]) == 6


PRELOADED = ("asyncio", "concurrent.futures", "logging", "multiprocessing", "random", "threading")


def test_modules_that_are_there_already_change_nothing(
    runs: Runs, scripts: dict[str, Path], cold: dict[str, Outcome]
) -> None:
    if runs.python.startswith(python("2.7")):
        pytest.skip("none of these modules is in it")
    names = [name for name in scripts if re.search("thread|process|pool|asyncio|log|atexit", name)]
    paths = [scripts[name] for name in names]
    with Runs(runs.python, PRELOADED) as preloaded:
        assert preloaded.process.ready, preloaded.lines
        warm = map(normal, preloaded.warm(*paths, args=ARGUMENTS))
    assert [
        f"{name}: {differences(outcome, cold[name])}"
        for name, outcome in zip(names, warm, strict=True)
        if outcome != cold[name]
    ] == []
    assert len(names) >= 10


def test_fifos_do_where_descriptors_have_no_names(
    runs: Runs, scripts: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["names", "descriptors", "streams", "exit text", "subprocess", "read"]
    paths = [scripts[name] for name in names]
    cold = [normal(outcome) for outcome in runs.cold(*paths, stdin=b"in")]
    monkeypatch.setattr(fork_process, "names", FifoNames)
    with Runs(runs.python) as others:
        folder = Path(others.process.names.folder)
        warm = [normal(outcome) for outcome in others.warm(*paths, stdin=b"in")]
        assert list(folder.iterdir()) == []
    assert not folder.exists()
    assert warm == cold


def test_feedback_is_on_stdin(runs: Runs, tmp_path: Path) -> None:
    path = tmp_path / "read.py"
    path.write_text("import sys\nprint(sys.stdin.read(), sys.stdin.read(), sys.stdin.isatty())\n")
    data = b'{"writes": "' + b"x" * 100_000 + b'"}'

    [warm], [cold] = runs.warm(path, stdin=data), runs.cold(path, stdin=data)

    assert warm == cold
    assert data.decode() in warm.stdout
