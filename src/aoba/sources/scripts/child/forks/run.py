"""A run in a fork of the fork server: from the fork to the end of the script.

Standard library only, Python 2.7, and 3 from 3.5 on, like `fork_server`. A run must not be able to
tell that it was not started by itself. What cannot be had that way is started by itself after all:
in the process that was forked for it, the script's interpreter takes over.
"""

import json  # noqa: F401  which nearly every script imports, too
import os
import sys
from os import close, dup2, getpid, putenv, setsid, write

try:
    import _signal as signal  # the other one, in Python, makes enumerations of numbers
except ImportError:
    import signal

LOCKS = 10  # RLIMIT_LOCKS, of Linux
LOWEST = 1 << 30  # of marks, which are below twice of that; as `orphans/marks` has it

_variables = os.environ.data if str is bytes else os.environ._data  # `os.environ` is a long way
_orig_argv = sys.orig_argv[: -len(sys.argv)] if hasattr(sys, "orig_argv") else None


def be(given, name, new, script, undo):
    """Be the process of a run, and no server any more; never returns.

    `given` are STARTS, what tells that there is no run and why, the same where the script has
    changed, how streams are opened for writing, what limits the CPU time, PYTHON, what has a run
    tell of its imports, what ends it, libraries that are loaded, or None, and what tells that they
    have changed. `name` and `new` are of the command, and `script` is as of `Scripts`. What is to
    undo are descriptors of the server, and what SIGCHLD did before.
    """
    starts, refuse, tell_outdated, writing, limit_cpu, python = given[:6]
    telling, end, libraries, tell_changed = given[6:]
    path, code, argv, folder, namespace, has_changed = script
    try:
        setsid()
        write(starts, b"%s %d\n" % (name, getpid()))
        fields = new.split(b"\0")
        run_and_times, stdin, stdout, stderr = fields[:4]
        number, interval, timeout = run_and_times.split(b" ")
        more = fields[4:]
        if b"look" in more and has_changed and has_changed():
            tell_outdated(name)
            return
        if b"libraries" in more and libraries.files.have_changed():
            tell_changed()
            code = None
        try:
            _open(stdin, 0, os.O_RDONLY)
            _open(stdout, 1, writing)
            _open(stderr, 2, writing)
        except OSError as error:
            refuse(name, error)
            return
        limit_cpu()
        descriptors, before = undo
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, before)
        for descriptor in descriptors:
            close(descriptor)
        for variable, value in (
            (b"AOBA_RUN", number),
            (b"AOBA_SCRIPT", path),
            (b"AOBA_INTERVAL", interval),
            (b"AOBA_TIMEOUT", timeout),
        ):
            putenv(variable, value)
            _variables[variable] = value
        if code is None:
            _start_afresh(python, argv)
        begin = None if libraries is None else libraries.begin
        if more and more[0][:1] == b"/":
            begin, end = telling(begin, end, folder, more[0])
        end(run(code, argv, folder, namespace, begin))
    except BaseException:  # there is a defect here, or nobody reads the reports any more
        sys.__excepthook__(*sys.exc_info())
    finally:
        os._exit(1)


def _open(path, descriptor, mode):
    stream = os.open(path, mode)
    if mode & os.O_NONBLOCK:
        from fcntl import F_SETFL, fcntl

        fcntl(stream, F_SETFL, mode & ~os.O_NONBLOCK)
    dup2(stream, descriptor)
    close(stream)


def writing(folder):
    """How pipes of FOLDER are opened: a FIFO would wait for a reader that is gone."""
    return os.O_WRONLY if folder.startswith("/proc/") else os.O_WRONLY | os.O_NONBLOCK


def limiter(cpu):
    """What a run calls to limit its CPU time, and to mark itself as the leader of what it starts.

    What that mark is stands in `orphans/marks`.
    """
    import resource

    del sys.modules["resource"]  # a script finds it as it would in a fresh interpreter
    limit = resource.setrlimit
    limits = [int(seconds) for seconds in cpu.split(",")] if cpu else None
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if limits and most != resource.RLIM_INFINITY:
        limits = [min(seconds, most) for seconds in limits]
    marks = sys.platform.startswith("linux")
    aoba = resource.getrlimit(LOCKS)[1] if marks else 0
    marks = LOWEST <= aoba < 2 * LOWEST  # any other limit was set by somebody else

    def be_limited():
        if marks:
            limit(LOCKS, (getpid(), aoba))
        if limits:
            limit(resource.RLIMIT_CPU, limits)

    return be_limited


def teller(parts, mode):
    """What has a run tell of its imports: in place of `begin` and `end`, what does that, too.

    `parts` are those of the server, by name. It takes the script's folder, and where the run is to
    tell them.
    """

    def telling(begin, end, folder, path):
        if "learn" not in parts:  # nothing is learned on this Python
            return begin, end
        imports = []

        def begin_to_learn():
            if begin is not None:
                begin()
            calls = parts["calls"].Calls(parts["learn"].CLOCKS, parts["learn"].is_standard)
            imports.append(parts["learn"].Imports(folder, calls))
            imports[0].watch()

        def tell_and_end(failure):
            parts["learn"].tell(imports[0], path, mode)
            end(failure)

        return begin_to_learn, tell_and_end

    return telling


def run(code, argv, folder, namespace, begin=None):
    """Be the process of a script; returns what `sys.exc_info` has of its end, if anything.

    `begin`, if there is one, is called when all is ready for it.
    """
    for name in ("random", "numpy.random"):  # every fork would draw the same numbers
        if name in sys.modules:
            sys.modules[name].seed()
    if _orig_argv is not None:
        sys.orig_argv[:] = _orig_argv + argv
    sys.argv = argv
    if folder is not None:
        sys.path.insert(0, folder)
    module = sys.modules["__main__"] = type(sys)("__main__")
    module.__dict__.update(namespace)
    namespace = module.__dict__
    del module  # which `sys.modules` alone keeps
    if begin is not None:
        begin()
    return _execute(code, namespace)


def _start_afresh(python, argv):
    """Have the interpreter itself take over; never returns."""
    for name in ("SIGPIPE", "SIGXFSZ"):  # which Python ignores, and hands down
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execv(python, [python] + argv)
    except OSError as error:
        os.write(2, ("%s cannot be started: %s\n" % (python, error)).encode())
    os._exit(127)


def _execute(code, namespace):
    try:
        exec(code, namespace)
        return []
    except BaseException:
        kind, value, trace = sys.exc_info()
    return [kind, value, trace.tb_next]  # without this function


def rehearse(code, fresh, wind_up):
    """Let the interpreter learn what every run does: then its notes are there before the forks.

    A run writes to less memory then, and each page of it that a run writes to has to be copied.
    """
    modules, argv, path = dict(sys.modules), sys.argv, list(sys.path)
    for _ in range(20):
        run(code, [""], "", fresh)
        wind_up(0)
        sys.modules.clear()
        sys.modules.update(modules)  # with `__main__` in its place
    sys.argv, sys.path[:] = argv, path
