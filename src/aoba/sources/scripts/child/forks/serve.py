"""What the fork server does: starts runs, waits for their ends, and tells Aoba of both.

Standard library only, Python 2.7, and 3 from 3.5 on, like `fork_server`.

A command has three parts, with two NULs in between, and ends with a NUL and the end of a line;
fields of a part have one NUL in between, and none is empty. The first is the run id. The second is
what is new in each run: its number, for its environment; the paths of what becomes stdin, stdout
and stderr; where Aoba wants to know what the script imports, the path of what that is written to,
as `forks/learn` has it; `look`, where the run has to see first whether script and folder are as
they were; and, added here, `libraries`, where it has to see the same of libraries. The third is
what is the same as long as nothing changes: stamps of the script and of its folder, which are
others once these have changed, or `-`; the path of the script; and its arguments, each behind a
`=`. The stamp of a file is `MTIME.CTIME.SIZE.INODE.DEVICE`, with times in nanoseconds.

A line on STARTS is `ID PID`, written by the run itself before the script begins, so that no script
is ever under way that Aoba does not know of. A line on REPORTS is `ready`, or `failed` and the
reason where a MODULE cannot be imported or NAME is not to be seen in FOLDER; `unable ID REASON`
where a run could not be forked, or not be given its streams; `outdated ID` where script or folder
have changed; `exited ID STATUS`, as `waitpid` has it. Of learned modules there are, before `ready`,
`refused NAME REASON`, `loaded NAME ...`, and `hides NAME ...` with all modules, but for those of
packages, that runs find loaded when they import them; and `changed` where a run finds that one of
their files is another, and is left to a fresh interpreter.

When COMMANDS ends, Aoba has, and nobody is left who would stop a run: each that is under way gets
SIGTERM, and SIGKILL two seconds later. Then the server ends, too. On SIGINT it just ends.
"""

import errno
import marshal
import os
import select
import time

try:
    import _signal as signal  # the other one, in Python, makes enumerations of numbers
except ImportError:
    import signal

END = b"\0\n"  # of a command
EXITED = b"exited %s %d\n"
EXITED % (b"", 0)  # where Python cannot do that, 3.0 to 3.4, scripts start cold
LIBRARIES = b"\0libraries"
TERM_TO_KILL = 2.0  # seconds, as where Aoba stops a script
SURVEY = 3.0  # seconds, less than Aoba has patience for a run to begin
ROOM = 448  # bytes that are read at once, still taken from one page that is in use anyway


class Server:
    def __init__(self, commands, starts, reports, scripts, be, is_due=None):
        """`be` is called in each fork, to be a run: `forks/run.be` with its first argument.

        `is_due`, where there are libraries, says whether the next run is to see if they are others.
        """
        self._is_due = is_due
        self._commands, self._reports, self._be = commands, reports, be
        self._known, self._find = scripts.known, scripts.find
        scripts.elsewhere = elsewhere
        self._runs = {}  # pid -> run id
        self._wake, woken = os.pipe()
        for descriptor in (self._wake, woken):
            keep(descriptor)
            _never_wait(descriptor)
        before = signal.signal(signal.SIGCHLD, {}.get)  # which takes two arguments, in C
        signal.set_wakeup_fd(woken)
        self._undo = (commands, starts, reports, self._wake, woken), before

    def serve(self):
        """Until COMMANDS ends, and all runs have; or until SIGINT."""
        try:
            self._carry_out_commands()
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
        except KeyboardInterrupt:  # Aoba takes care of the runs
            return
        self._stop_runs()

    def _carry_out_commands(self):
        commands, pending, poll = self._commands, b"", select.poll()
        for descriptor in (commands, self._wake):
            poll.register(descriptor, select.POLLIN)
        while True:
            try:
                readable = poll.poll()
            except (OSError, select.error) as error:  # Python 2 does not try again by itself
                if error.args[0] != errno.EINTR:
                    raise
                continue
            for descriptor, _ in readable:
                data = os.read(descriptor, ROOM)
                if descriptor != commands:
                    self._reap()
                elif data:
                    lines = (pending + data).split(END)
                    pending = lines.pop()
                    for line in lines:
                        self._start(*line.split(b"\0\0"))
                else:
                    return

    def _start(self, name, new, same):
        script = self._known.get(same) or self._find(same)
        if self._is_due is not None and self._is_due():
            new += LIBRARIES
        try:
            pid = os.fork()
        except OSError as error:
            refuse(self._reports, name, error)
            return
        if pid:
            self._runs[pid] = name
        else:
            self._be(name, new, script, self._undo)

    def _reap(self):
        while self._runs:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except OSError:
                return
            if pid == 0:
                return
            name = self._runs.pop(pid, None)
            if name and self._reports:
                os.write(self._reports, EXITED % (name, status))

    def _stop_runs(self):
        self._reports = None
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else Python 2 does not sleep
        self._signal_all(signal.SIGTERM)
        for _ in range(100):
            self._reap()
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


def elsewhere(function, seconds=None, commands=None):
    """What `function` returns, which a process of its own calls, so many seconds at most.

    None are `SURVEY`. So a file system that hangs keeps only that process. Raises OSError or
    ValueError where there is none, or nothing comes of it. When COMMANDS ends meanwhile, so do all
    of our group.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reader)
            with os.fdopen(writer, "wb") as pipe:
                marshal.dump(function(), pipe)
        except Exception:
            pass
        finally:
            os._exit(0)
    os.close(writer)
    try:
        data = _read(reader, time.time() + (SURVEY if seconds is None else seconds), commands)
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)
    if data is None:
        raise ValueError("does not answer")  # whenever it ends, it is waited for with the runs
    os.waitpid(pid, 0)
    if not data:
        raise ValueError("has nothing to say")
    return marshal.loads(data)


def _read(reader, deadline, commands):
    """All that comes until the end; None where that does not come in time."""
    data, poll = b"", select.poll()
    poll.register(reader, select.POLLIN)
    if commands is not None:
        poll.register(commands, 0)  # of which the end is told all the same
    while True:
        left = deadline - time.time()
        try:
            ready = poll.poll(1000 * left) if left > 0 else []
            if not ready:
                return None
            if ready[0][0] == commands:
                os.killpg(0, signal.SIGKILL)
            more = os.read(reader, 65536)
        except (OSError, select.error) as error:  # Python 2 does not try again by itself
            if error.args[0] != errno.EINTR:
                raise
            continue
        if not more:
            return data
        data += more


def refuse(reports, name, reason):
    """Report that there is no run; a pipe takes a short line whole."""
    os.write(reports, b"unable %s %s\n" % (name, ("%s" % reason).encode("utf-8", "replace")))


def tell_changed(reports):
    """Report that libraries have changed."""
    os.write(reports, b"changed\n")


def tell_outdated(reports, name):
    """Report that there is no run, since script or folder have changed."""
    os.write(reports, b"outdated %s\n" % name)


def keep(descriptor):
    """From programs that a module may start."""
    if hasattr(os, "set_inheritable"):
        os.set_inheritable(descriptor, False)
    else:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)


def _never_wait(descriptor):
    if hasattr(os, "set_blocking"):
        os.set_blocking(descriptor, False)
    else:
        import fcntl

        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
