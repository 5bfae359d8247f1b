"""The fork server: runs under a script's interpreter, and forks once for each run.

Runs of a script are forks of it: a process of their own every time, without the start-up of
Python. Standard library only, and as little of that as can be; Python 2.7, and 3 from 3.5 on.

    python fork_server.py COMMANDS STARTS REPORTS FOLDER NAME CPU PYTHON [--learned] [MODULE ...]

The first three are descriptors; what is said on them stands in `forks/serve`, which does the work.
NAME is to be seen in FOLDER, which ends with a slash; CPU is `SOFT,HARD`, the seconds of CPU time
that a run may take, or empty; PYTHON is what has been started; each MODULE is imported beforehand,
and, where they were learned, only if no run can tell, as `forks/libraries` says.

Each page of memory that the server or a run writes to after a fork is copied first, and counting
references is writing. That is most of what a warm run costs, and the rest is for the pages that
there are. So both do little and touch few objects; the interpreter rehearses what every run does;
and memory is kept clean. Compiling leaves holes in it, which would be filled all over the place, so
that is done by processes of its own.
"""

_FRESH = dict(globals())  # what the namespace of a script starts with

import sys

_AT_START = frozenset(sys.modules)

import marshal
import os

__name__ = "aoba_fork_server"  # this file's own warnings are none of a script's

PARTS = ("main", "code", "run", "end", "serve", "rehearsal")
LEARNING = ("calls", "learn")  # from Python 3.8 on
LEARNED = LEARNING + ("digest", "trial", "libraries")
BOM = b"\xef\xbb\xbf"
PYTHON_2 = str is bytes


def compiled(paths):
    """The code of each of these files, compiled by another process.

    Raises ValueError where one of them cannot be read, or not be compiled without a warning, and
    OSError where no process can be had, or a signal comes in between on Python 2.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reader)
            with os.fdopen(writer, "wb") as pipe:
                marshal.dump([_compile(path) for path in paths], pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    if not data:
        raise ValueError("not to be compiled without a word")
    return marshal.loads(data)


def _compile(path):
    import warnings

    with open(path, "rb") as file:
        source = file.read()
    if b"coding" not in b"".join(source.split(b"\n", 2)[:2]):  # `compile` does not look so closely
        source.decode("ascii" if PYTHON_2 and not source.startswith(BOM) else "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return compile(source, path, "exec", 0, True)


def _parts(names):
    """What is in `forks`, by name: modules that no script can see, and one as code."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forks")
    parts = {}
    for name, code in zip(names, compiled([os.path.join(folder, n + ".py") for n in names])):
        parts[name] = code if name == "rehearsal" else type(sys)("aoba_fork_" + name)
        if name != "rehearsal":
            exec(code, parts[name].__dict__)
    return parts


if _FRESH["__name__"] == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # where this file is
    can_learn = sys.version_info >= (3, 8) and sys.implementation.name == "cpython"
    loaded = _parts(PARTS + (LEARNED if "--learned" in sys.argv else LEARNING if can_learn else ()))
    loaded["main"].main(_FRESH, _AT_START, compiled, loaded)
