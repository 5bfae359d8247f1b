"""A run in a fork of the fork server: from the fork to the end of the script.

Standard library only, Python 2.7 and every 3, like `fork_server`. A run must not be able to tell
that it was not started by itself. What cannot be had that way is started by itself after all: in
the process that was forked for it, the script's interpreter takes over.
"""

import json  # noqa: F401  which nearly every script imports, too
import os
import sys
from fcntl import F_SETFL, fcntl

try:
    import _signal as signal  # the other one, in Python, makes enumerations of numbers
except ImportError:
    import signal

NULL = b"/dev/null"

# A name is looked up with less ado than an attribute, when it is the first time in a process.
_close, _dup2, _getpid, _open = os.close, os.dup2, os.getpid, os.open
_putenv, _setsid, _write = os.putenv, os.setsid, os.write
_set_signal, _set_wakeup_fd = signal.signal, signal.set_wakeup_fd
_variables = os.environ.data if str is bytes else os.environ._data  # `os.environ` is a long way
_orig_argv = sys.orig_argv[: -len(sys.argv)] if hasattr(sys, "orig_argv") else None
_safe_path = getattr(sys.flags, "safe_path", False)


def become(name, streams, starts, folder, modes):
    """Be the process of the run `name`, which tells of itself on STARTS before anything else.

    Returns why it cannot be given its streams, or None.
    """
    _setsid()
    _write(starts, name + (" %d\n" % _getpid()).encode())
    try:
        for descriptor, mode in modes:
            stream = _open(folder + streams[descriptor] if streams[descriptor] else NULL, mode)
            if mode & os.O_NONBLOCK:
                fcntl(stream, F_SETFL, mode & ~os.O_NONBLOCK)
            _dup2(stream, descriptor)
            _close(stream)
    except OSError as error:
        return error
    return None


def limiter(cpu):
    """What a run calls to limit its CPU time."""
    if not cpu:
        return int
    import resource

    limits = [int(seconds) for seconds in cpu.split(",")]
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if most != resource.RLIM_INFINITY:
        limits = [min(seconds, most) for seconds in limits]
    return lambda: resource.setrlimit(resource.RLIMIT_CPU, limits)


def leave(server, before):
    """Be no server any more: `server` are its descriptors, `before` is what SIGCHLD did."""
    _set_wakeup_fd(-1)
    _set_signal(signal.SIGCHLD, before)
    for descriptor in server:
        _close(descriptor)


def run(fresh, script, arguments):
    """Be the process of the script; returns what `sys.exc_info` has of its end, if anything.

    `script` as of `Scripts`; `fresh` is what a namespace starts with.
    """
    path, code, folder = script
    argv = [path] + arguments
    for name in ("random", "numpy.random"):  # every fork would draw the same numbers
        if name in sys.modules:
            sys.modules[name].seed()
    if _orig_argv is not None:
        sys.orig_argv[:] = _orig_argv + argv
    sys.argv = argv
    if not _safe_path:
        sys.path.insert(0, folder)
    return _execute(code, _new_main(fresh, path))


def set_variables(variables):
    """Those of the environment; each is of bytes."""
    for variable in variables:
        name, _, value = variable.partition(b"=")
        _putenv(name, value)
        _variables[name] = value


def start_afresh(python, argv):
    """Have the interpreter itself take over; never returns."""
    for name in ("SIGPIPE", "SIGXFSZ"):  # which Python ignores, and hands down
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execv(python, [python] + argv)
    except OSError as error:
        os.write(2, ("%s cannot be started: %s\n" % (python, error)).encode())
    os._exit(127)


def _new_main(fresh, path):
    """The namespace of a new `__main__`, which nothing but `sys.modules` and this keeps."""
    module = sys.modules["__main__"] = type(sys)("__main__")
    module.__dict__.update(fresh, __file__=path, __doc__=None)
    if fresh.get("__loader__"):
        module.__loader__ = type(fresh["__loader__"])("__main__", path)
    return module.__dict__


def _execute(code, namespace):
    try:
        exec(code, namespace)
        return []
    except BaseException:
        kind, value, trace = sys.exc_info()
    return [kind, value, trace.tb_next]  # without this function


REHEARSED = """
import json, os, sys, time
def main():
    values = [int(os.environ.get("AOBA_RUN", 0)), round(time.time() % 7, 2)] + list(range(3))
    cells = [{"address_start": 0, "initial_values": values}]
    document = {"stations": [{"id": 1, "map": {"holding": cells}}], "a": None, "b": True}
    for text in (json.dumps(document), json.dumps(document, sort_keys=True, indent=2)):
        sys.stdout.write(text[:0])
    sys.stdout.flush()
main()
"""


def rehearse(fresh, wind_up):
    """Let the interpreter learn what every run does: then its notes are there before the forks.

    A run writes to less memory then, and each page of it that a run writes to has to be copied.
    """
    modules, argv, path = dict(sys.modules), sys.argv, list(sys.path)
    script = ("", compile(REHEARSED, "", "exec", 0, True), "")
    for _ in range(20):
        run(fresh, script, [])
        wind_up(0)
        sys.modules.clear()
        sys.modules.update(modules)  # with `__main__` in its place
    sys.argv, sys.path[:] = argv, path
