"""The fork server: runs under a script's interpreter, and forks once for each run.

Runs of a script are forks of it: a process of their own every time, without the start-up of
Python. Standard library only, and as little of that as can be; Python 2.7 and every 3.

    python fork_server.py COMMANDS STARTS REPORTS FOLDER NAME CPU PYTHON [MODULE ...]

The first three are descriptors; what is said on them stands in `fork_serve`, which does the work.
NAME is to be seen in FOLDER, which ends with a slash; CPU is `SOFT,HARD`, the seconds of CPU time
that a run may take, or empty; PYTHON is what has been started; each MODULE is imported beforehand.

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
from functools import partial

__name__ = "aoba_fork_server"  # this file's own warnings are none of a script's

PARTS = ("code", "run", "end", "serve", "rehearsal")
BOM = b"\xef\xbb\xbf"
PYTHON_2 = str is bytes


def main(code, run, end, serve, rehearsal):
    """The arguments are the other parts of this: modules, and the code of what is rehearsed."""
    commands, starts, reports = [int(number) for number in sys.argv[1:4]]
    folder, name, cpu, python = sys.argv[4:8]
    for descriptor in (commands, starts, reports):
        serve.keep(descriptor)
    if os.environ.get("LD_BIND_NOW") == "aoba":  # which is for this process
        del os.environ["LD_BIND_NOW"]
    failure = _look(folder + name) or _preload(sys.argv[8:])
    os.write(reports, b"failed " + failure + b"\n" if failure else b"ready\n")
    if not failure:
        scripts = code.Scripts(_FRESH, compiled, loaded=set(sys.modules) - _AT_START)
        end.remember_modules()
        run.rehearse(rehearsal, _FRESH, end.wind_up)
        given = (starts, reports, run.writing(folder), run.limiter(cpu), python, end.end)
        server = serve.Server(commands, starts, reports, scripts, partial(run.be, given))
        code.freeze()
        server.serve()
    if not folder.startswith("/proc/"):
        _remove(folder)
    os._exit(0)  # without what a module may have left to be run at the end


def compiled(paths):
    """The code of each of these files, compiled by another process.

    Raises ValueError where one of them cannot be read, or not be compiled without a warning, and
    OSError where no process can be had.
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


def _look(path):
    try:
        os.stat(path)
    except OSError as error:
        return ("descriptors of Aoba are not to be seen: %s" % error).encode("utf-8", "replace")
    return b""


def _preload(names):
    """Import modules; returns why that cannot be done, or nothing."""
    for name in names:
        try:
            __import__(name)
        except BaseException as error:  # whatever a module does
            reason = "preload failed: %s: %s: %s" % (name, type(error).__name__, error)
            return " ".join(reason.split()).encode("utf-8", "replace")
    for stream in (sys.stdout, sys.stderr):  # what is left here, every run would write
        stream.flush()
    return b""


def _remove(folder):
    try:
        for name in os.listdir(folder):
            os.unlink(folder + name)
        os.rmdir(folder)
    except OSError:  # Aoba was quicker
        pass


def _parts():
    """What `main` takes: what stands beside this file, as modules that no script can see."""
    folder = os.path.dirname(os.path.abspath(__file__))
    codes = compiled([os.path.join(folder, "fork_%s.py" % name) for name in PARTS])
    rehearsal = codes.pop()
    modules = [type(sys)("aoba_fork_" + name) for name in PARTS[:-1]]
    for module, code in zip(modules, codes):
        exec(code, module.__dict__)
    return modules + [rehearsal]


if _FRESH["__name__"] == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # where this file is
    main(*_parts())
