"""What the fork server does: starts runs, waits for their ends, and tells Aoba of both.

Standard library only, Python 2.7 and every 3, like `fork_server`.

A command is its length in decimal, a colon, what is new in each run, two NULs, and what is the same
as long as nothing changes; in either, fields have a NUL in between. The former are run id; number
of the run, for its environment; and the paths of what becomes stdin, stdout and stderr. The latter
are stamps of the script and of its folder, which are others once these have changed; path of the
script; and its arguments.

A line on STARTS is `ID PID`, written by the run itself before the script begins, so that no script
is ever under way that Aoba does not know of. A line on REPORTS is `ready`, or `failed` and the
reason where a MODULE cannot be imported or NAME is not to be seen in FOLDER; `unable ID REASON`
where a run could not be forked, or not be given its streams; `exited ID STATUS`, as `waitpid` has
it.

When COMMANDS ends, Aoba has, and nobody is left who would stop a run: each that is under way gets
SIGTERM, and SIGKILL two seconds later. Then the server ends, too. On SIGINT it just ends.
"""

import errno
import os
import select
import time

try:
    import _signal as signal  # the other one, in Python, makes enumerations of numbers
except ImportError:
    import signal

TERM_TO_KILL = 2.0  # seconds, as where Aoba stops a script
ROOM = 448  # bytes that are read at once, still taken from one page that is in use anyway


class Server:
    def __init__(self, commands, starts, reports, scripts, be):
        """`be` is called in a fork with what is new in its command, what `scripts` have found,

        and what is to be undone there: the descriptors of this, and what SIGCHLD did before.
        """
        self._commands, self._reports, self._be = commands, reports, be
        self._known, self._find = scripts.known, scripts.find
        self._runs = {}  # pid -> what was new in its command
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
                    continue
                if not data:
                    return
                pending += data
                while pending:
                    size, _, rest = pending.partition(b":")
                    size = int(size)
                    if len(rest) < size:
                        break
                    self._start(rest[:size])
                    pending = rest[size:]

    def _start(self, command):
        new, _, same = command.partition(b"\0\0")
        script = self._known.get(same) or self._find(same)
        try:
            pid = os.fork()
        except OSError as error:
            report(self._reports, b"unable", new, error)
            return
        if pid:
            self._runs[pid] = new
        else:
            self._be(new, script, self._undo)

    def _reap(self):
        while self._runs:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except OSError:
                return
            if pid == 0:
                return
            new = self._runs.pop(pid, None)
            if new and self._reports:
                report(self._reports, b"exited", new, status)

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


def report(reports, kind, new, what):
    """Of the run with `new` in its command; a pipe takes a short line whole."""
    line = kind + b" " + new.partition(b"\0")[0] + (" %s\n" % what).encode("utf-8", "replace")
    os.write(reports, line)


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
