"""The fork server: runs under a script's interpreter, and forks once for each run.

Runs of a script are forks of it: a process of their own every time, without the start-up of
Python. Standard library only, and as little of that as can be; Python 2.7 and every 3.

    python fork_server.py COMMANDS STARTS REPORTS FOLDER NAME CPU PYTHON [MODULE ...]

The first three are descriptors. A command is its length in decimal, a colon, and fields with NUL in
between: run id; what becomes stdin, stdout and stderr, as names in FOLDER, which ends with a slash
(empty: the null device); path of the script; how many variables there are; these, `NAME=VALUE`;
and the arguments. A line on STARTS is `ID PID`, written by the run itself before the script begins,
so that no script is ever under way that Aoba does not know of. A line on REPORTS is `ready`, or
`failed` and the reason where a MODULE cannot be imported or NAME is not to be seen in FOLDER;
`unable ID REASON` where a run could not be forked, or not be given its streams; `exited ID STATUS`,
negative for a signal. CPU is `SOFT,HARD`, the seconds of CPU time that a run may take, or empty.
When COMMANDS ends, Aoba has, and nobody is left who would stop a run: each that is under way gets
SIGTERM, and SIGKILL two seconds later. Then the server ends, too. On SIGINT it just ends.

What is written to after a fork is copied first, by the page, in the server and in the run. That is
most of what a warm run costs, so both do little, and the server keeps what it can work out.
"""

_FRESH = dict(globals())  # what the namespace of a script starts with

import sys

_AT_START = frozenset(sys.modules)

import errno
import fcntl
import gc
import os
import select
import time

try:
    import _signal as signal  # the other one, in Python, makes enumerations of numbers
except ImportError:
    import signal

__name__ = "aoba_fork_server"  # this file's own warnings are none of a script's

PATH = 4  # where that field is
TERM_TO_KILL = 2.0  # seconds, as where Aoba stops a script
ROOM = 448  # bytes that are read at once, still taken from one page that is in use anyway


class Server:
    def __init__(self, descriptors, folder, cpu, python, scripts):
        self._commands, self._starts, self._reports = descriptors
        self._folder = folder if str is bytes else os.fsencode(folder)
        self._limit_cpu = fork_run.limiter(cpu)
        self._python, self._scripts = python, scripts
        # A FIFO is opened without blocking, which would wait for a reader that is gone.
        writing = os.O_WRONLY if folder.startswith("/proc/") else os.O_WRONLY | os.O_NONBLOCK
        self._modes = ((0, os.O_RDONLY), (1, writing), (2, writing))
        self._runs = {}  # pid -> run id
        self._wake, self._woken = os.pipe()
        for descriptor in (self._wake, self._woken):
            _add_flag(descriptor, fcntl.F_GETFL, fcntl.F_SETFL, os.O_NONBLOCK)
            _keep(descriptor)
        self._descriptors = descriptors + [self._wake, self._woken]
        self._before = signal.signal(signal.SIGCHLD, _ignore)
        signal.set_wakeup_fd(self._woken)

    def serve(self):
        """Until COMMANDS ends."""
        pending = b""
        while True:
            readable = _readable(self._commands, self._wake)
            if self._wake in readable:
                os.read(self._wake, ROOM)
                self._reap()
            if self._commands in readable:
                data = os.read(self._commands, ROOM)
                if not data:
                    return
                commands, pending = parse(pending + data)
                for fields in commands:
                    self._start(fields)

    def stop_runs(self):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else Python 2 does not sleep
        self._signal_all(signal.SIGTERM)
        for _ in range(100):
            self._reap(tell=False)
            if not self._runs:
                return
            time.sleep(TERM_TO_KILL / 100)
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number):
        for pid in self._runs:
            for send in (os.killpg, os.kill):  # the latter where it has no group yet
                try:
                    send(pid, number)
                    break
                except OSError:
                    pass

    def _start(self, fields):
        script = self._scripts.find(fields[PATH])
        try:
            pid = os.fork()
        except OSError as error:
            self._unable(fields[0], error)
            return
        if pid:
            self._runs[pid] = fields[0]
            return
        try:
            self._be(fields, script)
        except BaseException:  # there is a defect here, or nobody reads the reports any more
            sys.__excepthook__(*sys.exc_info())
        finally:
            os._exit(1)

    def _be(self, fields, script):
        """Be the process of a run, and never return."""
        name, streams = fields[0], fields[1:PATH]
        error = fork_run.become(name, streams, self._starts, self._folder, self._modes)
        if error:
            self._unable(name, error)
            return
        self._limit_cpu()
        fork_run.leave(self._descriptors, self._before)
        end = PATH + 2 + int(fields[PATH + 1])
        fork_run.set_variables(fields[PATH + 2 : end])
        arguments = [text(argument) for argument in fields[end:]]
        if script is None:
            fork_run.start_afresh(self._python, [text(fields[PATH])] + arguments)
        fork_end.end(fork_run.run(_FRESH, script, arguments))

    def _unable(self, run, error):
        report(self._reports, b"unable " + run + (" %s" % error).encode("utf-8", "replace"))

    def _reap(self, tell=True):
        while self._runs:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except OSError:
                return
            if pid == 0:
                return
            run = self._runs.pop(pid, None)
            if run and tell:
                code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
                report(self._reports, b"exited " + run + (" %d" % code).encode())


def main():
    descriptors = [int(number) for number in sys.argv[1:4]]
    folder, name, cpu, python = sys.argv[4:8]
    for descriptor in descriptors:
        _keep(descriptor)
    if os.environ.get("LD_BIND_NOW") == "aoba":  # which is for this process
        del os.environ["LD_BIND_NOW"]
    failure = _look(folder + name) or _preload(sys.argv[8:])
    report(descriptors[2], b"failed " + failure if failure else b"ready")
    if not failure:
        scripts = fork_code.Scripts(loaded=set(sys.modules) - _AT_START)
        fork_end.remember_modules()
        fork_run.rehearse(_FRESH, fork_end.wind_up)
        gc.collect()
        if hasattr(gc, "freeze"):
            gc.freeze()  # runs leave what is here alone, so that its memory stays shared
        _serve(Server(descriptors, folder, cpu, python, scripts))
    if not folder.startswith("/proc/"):
        _remove(folder)
    os._exit(0)  # without what a module may have left to be run at the end


def _serve(server):
    try:
        server.serve()
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
    except KeyboardInterrupt:  # Aoba takes care of the runs
        return
    server.stop_runs()


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


def parse(data):
    """The commands in `data`, each a list of fields, and what is behind them: not whole as yet."""
    commands = []
    while True:
        size, colon, rest = data.partition(b":")
        if not colon or len(rest) < int(size):
            return commands, data
        commands.append(rest[: int(size)].split(b"\0"))
        data = rest[int(size) :]


def text(data):
    """`str` as this interpreter has it in arguments, paths and the environment."""
    return data if str is bytes else os.fsdecode(data)


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
            os.unlink(folder + name)
        os.rmdir(folder)
    except OSError:  # Aoba was quicker
        pass


def _import_beside(*names):
    """The other parts of this, from beside this file, which is then out of everyone's way."""
    folder = os.path.dirname(os.path.abspath(__file__))
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    safe = getattr(sys.flags, "safe_path", False)
    sys.path[: 0 if safe else 1] = [folder]
    try:
        return [__import__(name) for name in names]
    finally:
        sys.dont_write_bytecode = writes
        del sys.path[0]
        for name in names:
            sys.modules.pop(name, None)
        sys.path_importer_cache.pop(folder, None)


if _FRESH["__name__"] == "__main__":
    fork_code, fork_end, fork_run = _import_beside("fork_code", "fork_end", "fork_run")
    main()
