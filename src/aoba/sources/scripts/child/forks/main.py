"""The fork server from its start to its end, but for what `forks/serve` does in between.

Standard library only, Python 2.7, and 3 from 3.5 on, like `fork_server`.
"""

import os
import sys
from functools import partial


def main(fresh, at_start, compiled, parts):
    """`fresh` is what the namespace of a script starts with, and `at_start` the modules then.

    `compiled` makes code of files; `parts` are modules by name, and the code of what is rehearsed.
    """
    code, run, end, serve = [parts[name] for name in ("code", "run", "end", "serve")]
    commands, starts, reports = [int(number) for number in sys.argv[1:4]]
    folder, name, cpu, python = sys.argv[4:8]
    for descriptor in (commands, starts, reports):
        serve.keep(descriptor)
    if os.environ.get("LD_BIND_NOW") == "aoba":  # which is for this process
        del os.environ["LD_BIND_NOW"]
    failure, libraries = _look(folder + name), None
    if not failure and sys.argv[8:9] == ["--learned"]:
        libraries, failure = _load(sys.argv[9:], parts, commands, reports)
    elif not failure:
        failure = _preload(sys.argv[8:])
    os.write(reports, b"failed " + failure + b"\n" if failure else b"ready\n")
    if not failure:
        loaded, is_due = set(sys.modules) - at_start, None
        if libraries is not None:
            loaded, is_due = loaded.union(libraries.hidden), libraries.files.is_due
            code.freeze()  # of what a rehearsal need not go through
        scripts = code.Scripts(fresh, compiled, loaded)
        end.remember_modules(libraries)
        run.rehearse(parts["rehearsal"], fresh, end.wind_up)
        refuse = partial(serve.refuse, reports)
        tell_outdated = partial(serve.tell_outdated, reports)
        writing, limit_cpu = run.writing(folder), run.limiter(cpu)
        telling, tell_changed = run.teller(parts, writing), partial(serve.tell_changed, reports)
        given = (starts, refuse, tell_outdated, writing, limit_cpu, python)
        given += (telling, end.end, libraries, tell_changed)
        server = serve.Server(commands, starts, reports, scripts, partial(run.be, given), is_due)
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


def _load(names, parts, commands, reports):
    """Load the libraries of these roots that no run can tell from fresh ones.

    Returns them, and why that cannot be done, or nothing.
    """
    environment = dict(os.environ)
    roots, refused = parts["trial"].tried(names, parts, commands)
    for name, reason in refused.items():
        _report(reports, "refused %s %s" % (name, reason))
    if not roots:
        return None, b"none of what was learned can be loaded beforehand"
    libraries = parts["libraries"].Libraries(parts["learn"], parts["learn"].RENEWALS)
    for name in ("RUN", "SCRIPT", "INTERVAL", "TIMEOUT"):  # as where scripts run
        os.environ["AOBA_" + name] = "0"
    try:
        libraries.load(roots, parts["end"].look_for_c)
    except BaseException as error:  # whatever a module does
        return None, _line("%s: %s" % (type(error).__name__, error))
    os.environ.clear()
    os.environ.update(environment)
    libraries.hide()
    _report(reports, "loaded %s" % " ".join(root.name for root in roots))
    _report(reports, "hides %s" % " ".join(sorted(libraries.names())))
    return libraries, b""


def _report(reports, words):
    os.write(reports, _line(words) + b"\n")


def _line(words):
    return " ".join(words.split()).encode("utf-8", "replace")


def _preload(names):
    """Import modules; returns why that cannot be done, or nothing."""
    for name in names:
        try:
            __import__(name)
        except BaseException as error:  # whatever a module does
            return _line("preload failed: %s: %s: %s" % (name, type(error).__name__, error))
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
