"""The fork server: runs under a script's interpreter, and forks once for each run.

Runs of a script are forks of it: a process of their own every time, without the start-up of
Python. Standard library only, and as little of that as can be; Python 2.7 and every 3.

    python fork_server.py COMMANDS REPORTS FOLDER PYTHON [MODULE ...]

COMMANDS and REPORTS are descriptors. A command is seven fields, each its length in decimal, a
colon and the bytes: run id, path of the script, arguments each ended by NUL, variables `NAME=VALUE`
each ended by NUL, and the FIFOs in FOLDER that become stdin, stdout and stderr (empty: the null
device). A report is a line: `ready`, or `failed` and the reason where a MODULE cannot be imported;
`started ID PID`, written by the run itself before the script begins, so that no script is ever
under way that Aoba does not know of; `unable ID REASON` where it could not be forked; `exited ID
STATUS`, negative for a signal. When COMMANDS ends the server removes FOLDER and ends; runs that are
under way go on.
"""

_FRESH = dict(globals())  # what the namespace of a script starts with

import sys

_AT_START = frozenset(sys.modules)

import errno
import fcntl
import gc
import os
import select
import signal

__name__ = "aoba_fork_server"  # this file's own warnings are none of a script's

FIELDS = 7
MODES = (os.O_RDONLY, os.O_WRONLY | os.O_NONBLOCK, os.O_WRONLY | os.O_NONBLOCK)


class Server:
    def __init__(self, commands, reports, folder, scripts):
        self._commands, self._reports, self._folder = commands, reports, folder
        self._scripts = scripts
        self._runs = {}  # pid -> run id
        self._wake, self._woken = os.pipe()
        for descriptor in (self._wake, self._woken):
            _add_flag(descriptor, fcntl.F_GETFL, fcntl.F_SETFL, os.O_NONBLOCK)
            _keep(descriptor)
        self._before = signal.signal(signal.SIGCHLD, _ignore)
        signal.set_wakeup_fd(self._woken)

    def serve(self):
        """Until COMMANDS ends."""
        pending = b""
        while True:
            readable = _readable(self._commands, self._wake)
            if self._wake in readable:
                os.read(self._wake, 4096)
                self._reap()
            if self._commands in readable:
                data = os.read(self._commands, 65536)
                if not data:
                    return
                commands, pending = parse(pending + data)
                for fields in commands:
                    self._start(*fields)

    def _start(self, run, path, arguments, variables, *names):
        path = text(path)
        code = self._scripts.code(path)
        streams = []
        try:
            for name, mode in zip(names, MODES):
                streams.append(self._open(name, mode))
            pid = os.fork()
        except OSError as error:
            report(self._reports, b"unable " + run + (" %s" % error).encode("utf-8", "replace"))
        else:
            if pid == 0:
                self._become(run, streams, code, path, split(arguments), split(variables))
            self._runs[pid] = run
        for stream in streams:
            os.close(stream)

    def _open(self, name, mode):
        descriptor = os.open(os.path.join(self._folder, text(name)) if name else os.devnull, mode)
        if mode & os.O_NONBLOCK:  # only for opening, which would wait for a reader that is gone
            fcntl.fcntl(descriptor, fcntl.F_SETFL, mode & ~os.O_NONBLOCK)
        return descriptor

    def _become(self, run, streams, *script):
        """Be the run; never returns."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, self._before)
            os.setsid()
            report(self._reports, b"started " + run + (" %d" % os.getpid()).encode())
            for descriptor in (self._commands, self._reports, self._wake, self._woken):
                os.close(descriptor)
            for descriptor, stream in enumerate(streams):
                os.dup2(stream, descriptor)
                os.close(stream)
            fork_run.run(_FRESH, *script)
        finally:
            os._exit(1)  # nobody reads the reports any more, or there is a defect here

    def _reap(self):
        while self._runs:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except OSError:
                return
            if pid == 0:
                return
            if pid in self._runs:
                code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
                line = b"exited " + self._runs.pop(pid) + (" %d" % code).encode()
                report(self._reports, line)


def main():
    commands, reports = int(sys.argv[1]), int(sys.argv[2])
    folder, python = sys.argv[3:5]
    for descriptor in (commands, reports):
        _keep(descriptor)
    failure = _preload(sys.argv[5:])
    report(reports, b"failed " + failure if failure else b"ready")
    if not failure:
        scripts = fork_run.Scripts(python, loaded=set(sys.modules) - _AT_START)
        gc.collect()
        if hasattr(gc, "freeze"):
            gc.freeze()  # runs leave what is here alone, so that its memory stays shared
        try:
            Server(commands, reports, folder, scripts).serve()
        except OSError as error:
            if error.errno != errno.EPIPE:  # Aoba has ended
                raise
    _remove(folder)
    os._exit(0)  # without what a module may have left to be run at the end


def _preload(names):
    """Import modules; returns why that cannot be done, or nothing."""
    for name in names:
        try:
            __import__(name)
        except BaseException as error:  # whatever a module does
            reason = "%s: %s: %s" % (name, type(error).__name__, error)
            return " ".join(reason.split()).encode("utf-8", "replace")
    for stream in (sys.stdout, sys.stderr):  # what is left here, every run would write
        stream.flush()
    return b""


def parse(data):
    """The commands in `data`, each a list of fields, and what is behind them: not whole as yet."""
    commands, fields, rest = [], [], data
    while True:
        size, colon, tail = rest.partition(b":")
        if not colon or len(tail) < int(size):
            return commands, data
        fields.append(tail[: int(size)])
        rest = tail[int(size) :]
        if len(fields) == FIELDS:
            commands.append(fields)
            fields, data = [], rest


def text(data):
    """`str` as this interpreter has it in arguments, paths and the environment."""
    return data if str is bytes else os.fsdecode(data)


def split(data):
    return [text(part) for part in data.split(b"\0")[:-1]]


def report(descriptor, line):
    os.write(descriptor, line + b"\n")  # a pipe takes a short one whole


def _readable(*descriptors):
    try:
        return select.select(descriptors, [], [])[0]
    except (OSError, select.error) as error:  # Python 2 does not try again by itself
        if error.args[0] != errno.EINTR:
            raise
        return []


def _keep(descriptor):
    """From programs that a module may start."""
    _add_flag(descriptor, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.FD_CLOEXEC)


def _add_flag(descriptor, get, put, flag):
    fcntl.fcntl(descriptor, put, fcntl.fcntl(descriptor, get) | flag)


def _ignore(*_):
    """A handler there must be, or the wake-up descriptor stays silent."""


def _remove(folder):
    try:
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
    except OSError:  # Aoba was quicker
        pass


def _import_beside():
    """The other half of this, from beside this file, which is then out of everyone's way."""
    folder = os.path.dirname(os.path.abspath(__file__))
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    safe = getattr(sys.flags, "safe_path", False)
    sys.path[: 0 if safe else 1] = [folder]
    try:
        import fork_run
    finally:
        sys.dont_write_bytecode = writes
        del sys.path[0], sys.modules["fork_run"]
        sys.path_importer_cache.pop(folder, None)
    return fork_run


if _FRESH["__name__"] == "__main__":
    fork_run = _import_beside()
    main()
