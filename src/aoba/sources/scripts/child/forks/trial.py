"""Which libraries a run may find loaded: each is imported on trial, twice, to see what that does.

CPython from 3.8 on. A trial is a fork of its own, so that nothing stays of it. The two of one root
are at different times, in different processes, folders and scripts: what a library holds has to be
the same in both, or a script could tell that it was not imported for it.
"""

import os
import sys
import time

LONGEST = 120.0  # seconds of a trial,
ALL = 300.0  # and of all of them
SPARE = 5.0  # seconds for what is to be done with them
NICE = 10  # meanwhile, scripts go on
APART = 1.1  # seconds from one trial to the other, which clocks that count seconds tell apart


class Root:
    """What there is to know of one that may be loaded."""

    def __init__(self, name, modules, files, warns):
        self.name = name
        self.modules = modules  # names of those that it brings along, and its own
        self.files = files  # paths of what has been read
        self.warns = warns  # whether there are warnings


def tried(names, parts, commands):
    """Of the roots of these names, those that may be loaded: `Root`s; and of others, why not.

    `parts` has what this is done with, by name. When COMMANDS ends, so does the process, which has
    to be the leader of its group.
    """
    elsewhere, deadline = parts["serve"].elsewhere, time.monotonic() + ALL
    # What is compared is large, and would leave holes in the memory of the server.
    try:
        found = elsewhere(
            lambda: _compared(names, deadline, parts, commands), ALL + SPARE, commands
        )
    except (OSError, ValueError):
        return [], dict.fromkeys(names, "cannot be tried")
    return [Root(*root) for root in found[0]], found[1]


def _compared(names, deadline, parts, commands):
    os.nice(NICE)
    began = time.monotonic()
    first, refused, roots = {}, {}, []
    for name in names:
        found = _trial(name, 1, deadline, parts, commands)
        (refused if isinstance(found, str) else first)[name] = found
    time.sleep(max(0.0, began + APART - time.monotonic()) if first else 0.0)
    for name, found in first.items():
        again = _trial(name, 2, deadline, parts, commands)
        reason = again if isinstance(again, str) else _difference(found, again, parts)
        if reason:
            refused[name] = reason
        else:
            roots.append((name, *found[:3]))
    return roots, refused


def _difference(one, other, parts):
    """Why the second trial was another than the first; None where it was the same."""
    if one[:3] != other[:3]:
        return "does not import the same each time"
    for name in parts["digest"].differences(one[3], other[3]):
        if name not in parts["renewal"].EXPECTED:
            return "has another %s in each process" % name
    return None


def _trial(name, turn, deadline, parts, commands):
    """What came of it, names of modules, files, warnings, digests; or what is against it."""
    seconds = min(deadline - time.monotonic(), LONGEST)
    begun = time.monotonic()
    try:
        return parts["serve"].elsewhere(lambda: _observed(name, turn, parts), seconds, commands)
    except (OSError, ValueError):
        is_late = time.monotonic() >= begun + seconds
        return "takes too long" if is_late else "ends the interpreter"


def _observed(name, turn, parts):
    output = _captured()
    _be_script(turn)
    before, state = set(sys.modules), parts["state"].State(parts["end"].has_finalizer)
    calls = parts["calls"].Calls(parts["renewal"].CLOCKS, parts["learn"].is_standard)
    calls.watch()
    try:
        __import__(name)
    except BaseException as error:  # whatever a module does
        return "fails: %s: %s" % (type(error).__name__, error)
    finally:
        calls.unwatch()
    main = sys.modules["__main__"]
    modules = {n: m for n, m in sys.modules.items() if n not in before and m is not main}
    reasons = calls.reasons + state.changes() + _of_processes() + _of_output(output)
    if not all(parts["libraries"].is_found(*pair) for pair in modules.items()):
        reasons.append("is imported in a way of its own")
    if reasons:
        return reasons[0]
    try:
        held = parts["digest"].digest(modules)
    except OverflowError as error:
        return str(error)
    return list(modules), sorted(calls.files), calls.warns, held


def _captured():
    """The reading end of a pipe to which output goes; what does not fit in it, fails."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    for stream in (1, 2):
        os.dup2(writer, stream)
    os.close(writer)
    return reader


def _be_script(turn):
    """Have what a script has, another one in each turn."""
    folder = "/aoba/trial/%d" % turn
    path = "%s/script%d.py" % (folder, turn)
    os.environ.update(AOBA_RUN=str(turn), AOBA_SCRIPT=path)
    os.environ.update(AOBA_INTERVAL=str(turn), AOBA_TIMEOUT=str(turn))
    sys.argv = [path] * turn
    sys.path.insert(0, folder)
    module = sys.modules["__main__"] = type(sys)("__main__")
    module.__file__ = path
    os.chdir("/" if turn > 1 else ".")


def _of_processes():
    """Whether there are processes, or threads that do not end for a fork.

    Libraries that know of forks end theirs before one, and start them again when they need them.
    """
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        pass
    else:
        return ["starts a process"]
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    for _ in range(50):  # one that has ended may be seen for a moment
        if _threads() == 1:
            return []
        time.sleep(0.01)
    return ["starts a thread"]


def _threads():
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:  # not Linux: those of Python are known already
        return 1


def _of_output(reader):
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return ["writes to standard output or error"] if os.read(reader, 1) else []
    except BlockingIOError:  # nothing has come
        return []
