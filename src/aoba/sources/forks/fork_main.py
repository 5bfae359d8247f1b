"""The fork server from its start to its end, but for what `fork_serve` does in between.

Standard library only, Python 2.7, and 3 from 3.5 on, like `fork_server`.
"""

import os
import sys
from functools import partial


def main(fresh, at_start, compiled, parts):
    """`fresh` is what the namespace of a script starts with, and `at_start` the modules then.

    `compiled` makes code of files; `parts` are modules, and the code of what is rehearsed.
    """
    code, run, end, serve, rehearsal = parts
    commands, starts, reports = [int(number) for number in sys.argv[1:4]]
    folder, name, cpu, python = sys.argv[4:8]
    for descriptor in (commands, starts, reports):
        serve.keep(descriptor)
    if os.environ.get("LD_BIND_NOW") == "aoba":  # which is for this process
        del os.environ["LD_BIND_NOW"]
    failure = _look(folder + name) or _preload(sys.argv[8:])
    os.write(reports, b"failed " + failure + b"\n" if failure else b"ready\n")
    if not failure:
        scripts = code.Scripts(fresh, compiled, loaded=set(sys.modules) - at_start)
        end.remember_modules()
        run.rehearse(rehearsal, fresh, end.wind_up)
        refuse = partial(serve.refuse, reports)
        tell_outdated = partial(serve.tell_outdated, reports)
        writing, limit_cpu = run.writing(folder), run.limiter(cpu)
        given = (starts, refuse, tell_outdated, writing, limit_cpu, python, end.end)
        server = serve.Server(commands, starts, reports, scripts, partial(run.be, given))
        code.freeze()
        server.serve()
    if not folder.startswith("/proc/"):
        _remove(folder)
    os._exit(0)  # without what a module may have left to be run at the end


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
