"""The fork server: runs under a script's interpreter, and forks once for each run.

Runs of a script are forks of it: a process of their own every time, without the start-up of
Python. Standard library only, and as little of that as can be; Python 2.7 and every 3. A run must
not be able to tell that it was not started by itself.

    python fork_server.py COMMANDS REPORTS [MODULE ...]

COMMANDS and REPORTS are descriptors. A command is seven fields, each its length in decimal, a
colon and the bytes: run id, path of the script, arguments each ended by NUL, variables `NAME=VALUE`
each ended by NUL, and the FIFOs that become stdin, stdout and stderr (empty: the null device). A
report is a line: `ready`, or `failed` and the reason where a MODULE cannot be imported; `started ID
PID`; `exited ID STATUS`, negative for a signal, where PID is 0 if it could not be forked. When
COMMANDS ends the server does, too; runs that are under way go on.
"""

_FRESH = dict(globals())  # what the namespace of a script starts with

import errno
import gc
import os
import select
import signal
import sys
import warnings

__name__ = "aoba_fork_server"  # this file's own warnings are none of a script's

FIELDS = 7


def main():
    commands, reports = int(sys.argv[1]), int(sys.argv[2])
    failure = _preload(["json"] + sys.argv[3:])  # which nearly every script imports
    _report(reports, "failed " + failure if failure else "ready")
    if failure:
        return
    wake, woken = os.pipe()
    for descriptor in (woken, wake):
        _set_nonblocking(descriptor)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, _ignore)
    if hasattr(gc, "freeze"):
        gc.freeze()  # runs leave what is here alone, so that its memory stays shared
    runs = {}  # pid -> run id
    codes = {}  # path -> (version of the file, its code)
    pending = b""
    while True:
        readable = _readable(commands, wake)
        if wake in readable:
            os.read(wake, 4096)
            _reap(runs, reports)
        if commands not in readable:
            continue
        data = os.read(commands, 65536)
        if not data:
            os._exit(0)  # without what a script's module may have left to be run at the end
        pending += data
        while True:
            fields, pending = _parse(pending)
            if fields is None:
                break
            run = _text(fields[0])
            code = _compiled(_text(fields[1]), codes)
            try:
                streams = _open(fields[4:])
                pid = os.fork()
            except OSError as error:
                os.write(2, ("fork server: %s\n" % error).encode())
                _report(reports, "started %s 0\nexited %s 1" % (run, run))
                continue
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for descriptor in (commands, reports, wake, woken):
                    os.close(descriptor)
                _become(streams, code, *fields[1:4])
            for stream in streams:
                os.close(stream)
            runs[pid] = run
            _report(reports, "started %s %d" % (run, pid))


def _preload(names):
    for name in names:
        try:
            __import__(name)
        except BaseException as error:  # whatever a module does
            return " ".join(("%s: %s: %s" % (name, type(error).__name__, error)).split())
    return ""


def _open(names):
    """Before the fork, so that Aoba knows, once a run is started, that it holds its streams."""
    modes = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)
    return [os.open(name or os.devnull, mode) for name, mode in zip(names, modes)]


def _become(streams, code, path, arguments, variables):
    """Be the process in which the script runs, from session to namespace, to its end."""
    os.setsid()
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    for variable in _split(variables):
        name, _, value = variable.partition("=")
        os.environ[name] = value
    if "random" in sys.modules:  # every fork would draw the same numbers
        sys.modules["random"].seed()
    path = _text(path)
    sys.argv = [path] + _split(arguments)
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = [sys.orig_argv[0]] + sys.argv
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    main_module = type(sys)("__main__")
    main_module.__dict__.update(_FRESH, __file__=path, __doc__=None)
    if "__annotations__" in _FRESH:
        main_module.__annotations__ = {}
    if _FRESH.get("__loader__"):
        main_module.__loader__ = type(_FRESH["__loader__"])("__main__", path)
    sys.modules["__main__"] = main_module
    known = set(sys.modules)
    _end(_execute(code, path, main_module.__dict__), known)


def _compiled(path, codes):
    """The script's code, kept until the file changes; None where compiling it has side effects."""
    try:
        status = os.stat(path)
        version = (status.st_mtime, status.st_size, status.st_ino)
        if path not in codes or codes[path][0] != version:
            codes[path] = (version, None)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                codes[path] = (version, _compile(path))
        return codes[path][1]
    except Exception:  # the run itself meets it again, and says so on its stderr
        return None


def _compile(path):
    with open(path, "rb") as script:
        return compile(script.read(), path, "exec", 0, True)


def _execute(code, path, namespace):
    """Run the script; its exit status, or None where it is to end by SIGINT."""
    try:
        exec(code or _compile(path), namespace)
    except SystemExit as end:
        return _status(end.code)
    except KeyboardInterrupt:
        _show_exception()
        return None if sys.version_info >= (3, 8) else 1
    except BaseException:
        _show_exception()
        return 1
    return 0


def _status(code):
    """What the interpreter makes of the argument of `sys.exit`."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    sys.stderr.write("%s\n" % (code,))
    return 1


def _end(status, known):
    """End the process as the interpreter would, but for the 10 ms it takes to free all memory.

    What a script can notice of that happens: threads are waited for, exit handlers run, objects of
    the script and of modules that it has imported are finalized, streams are flushed.
    """
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    if "atexit" in sys.modules:
        sys.modules["atexit"]._run_exitfuncs()
    status = _flush(status)
    imported = [name for name in sys.modules if name not in known]
    sys.modules.pop("__main__").__dict__.clear()
    gc.collect()
    for module in [sys.modules.pop(name) for name in reversed(imported)]:
        getattr(module, "__dict__", {}).clear()
    gc.collect()
    status = _flush(status)
    if status is None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status or 0)


def _flush(status):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError):  # none, or closed by the script
            pass
        except Exception:
            status = 120 if sys.version_info >= (3, 6) and not status else status
    return status


def _show_exception():
    kind, value, trace = sys.exc_info()
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    if hasattr(value, "__traceback__"):
        value.__traceback__ = trace
    sys.excepthook(kind, value, trace)


def _parse(data):
    """The fields of the first command and what is behind it; (None, data) where it is not whole."""
    fields, rest = [], data
    while len(fields) < FIELDS:
        size, colon, rest = rest.partition(b":")
        if not colon or len(rest) < int(size):
            return None, data
        fields.append(rest[: int(size)])
        rest = rest[int(size) :]
    return fields, rest


def _reap(runs, reports):
    while runs:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except OSError:
            return
        if pid == 0:
            return
        if pid in runs:
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            _report(reports, "exited %s %d" % (runs.pop(pid), code))


def _readable(*descriptors):
    try:
        return select.select(descriptors, [], [])[0]
    except (OSError, select.error) as error:  # Python 2 does not try again by itself
        if error.args[0] != errno.EINTR:
            raise
        return []


def _report(descriptor, line):
    data = line.encode("utf-8", "replace") if not isinstance(line, bytes) else line
    os.write(descriptor, data + b"\n")


def _split(data):
    return [_text(part) for part in data.split(b"\0")[:-1]]


def _text(data):
    """`str` as this interpreter has it in arguments, paths and the environment."""
    return data if str is bytes else os.fsdecode(data)


def _set_nonblocking(descriptor):
    import fcntl

    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_NONBLOCK)


def _ignore(*_):
    """A handler there must be, or the wake-up descriptor stays silent."""


if _FRESH["__name__"] == "__main__":
    main()
