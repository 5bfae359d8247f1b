"""A run in a fork of the fork server: from the fork to the end of the script.

Standard library only, Python 2.7 and every 3, like `fork_server`. A run must not be able to tell
that it was not started by itself. What cannot be had that way is started by itself after all: in
the process that was forked for it, the script's interpreter takes over.
"""

import json  # which nearly every script imports, too
import os
import sys

try:
    import _signal as signal  # the other one, in Python, makes enumerations of numbers
except ImportError:
    import signal

_variables = (
    os.environ.data if str is bytes else os.environ._data
)  # assigned to a tenth as far away
_orig_argv = sys.orig_argv[: -len(sys.argv)] if hasattr(sys, "orig_argv") else None


def leave(server, before):
    """Be no server any more: `server` are its descriptors, `before` is what SIGCHLD did."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, before)
    for descriptor in server:
        os.close(descriptor)


def run(fresh, script, arguments, variables):
    """Be the process of the script; returns what `sys.exc_info` has of its end, if anything.

    `script` as of `Scripts`; `fresh` is what a namespace starts with.
    """
    path, code, folder = script
    argv = [path] + arguments
    set_variables(variables)
    for name in ("random", "numpy.random"):  # every fork would draw the same numbers
        if name in sys.modules:
            sys.modules[name].seed()
    if _orig_argv is not None:
        sys.orig_argv[:] = _orig_argv + argv
    sys.argv = argv
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, folder)
    return _execute(code, _new_main(fresh, path))


def set_variables(variables):
    """Those of the environment; each is of bytes."""
    for variable in variables:
        name, _, value = variable.partition(b"=")
        os.putenv(name, value)
        _variables[name] = value


def start_afresh(python, argv, variables):
    """Have the interpreter itself take over; never returns."""
    set_variables(variables)
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


def rehearse(fresh, finish):
    """Let the interpreter learn what every run does: then its notes are there before the forks.

    A run writes to less memory then, and each page of it that a run writes to has to be copied.
    """
    modules, argv, path = dict(sys.modules), sys.argv, list(sys.path)
    script = ("", compile("", "", "exec", 0, True), "")
    for _ in range(20):
        json.dumps({"stations": [{"id": 1, "map": {"holding": [1.5, None]}}], "a": True})
        run(fresh, script, [], [])
        finish()
        sys.modules.clear()
        sys.modules.update(modules)  # with `__main__` in its place
    sys.argv, sys.path[:] = argv, path
