"""Which libraries a run may find loaded: each is imported on trial, twice, to see what that does.

CPython from 3.8 on. A trial is a fork of its own, so that nothing stays of it. The two of one root
are at different times, in different processes, folders and scripts: what a library holds has to be
the same in both, or a script could tell that it was not imported for it. And the process has to be
the same behind it as before, but for the modules that there are then: see `State`.
"""

import _locale
import _signal
import _thread
import gc
import os
import sys
import time

LONGEST = 120.0  # seconds of a trial,
ALL = 300.0  # and of all of them
SPARE = 5.0  # seconds for what is to be done with them
NICE = 10  # meanwhile, scripts go on
APART = 1.1  # seconds from one trial to the other, which clocks that count seconds tell apart

HOOKS = ("breakpointhook", "displayhook", "excepthook", "unraisablehook")
SETTINGS = ("getdlopenflags", "getrecursionlimit", "getswitchinterval", "get_int_max_str_digits")


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
        if name not in parts["learn"].EXPECTED:
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
    before, state = set(sys.modules), State(parts["end"].has_finalizer)
    calls = parts["calls"].Calls(parts["learn"].CLOCKS, parts["learn"].is_standard)
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


class State:
    """What there is before an import; `has_finalizer` is that of `forks/end`."""

    def __init__(self, has_finalizer):
        self._has_finalizer = has_finalizer
        gc.collect()
        gc.freeze()  # what is there now is not what the library makes
        self._before = _now()
        self._filters, self._finders = list(_filters()), list(sys.meta_path)
        self._modules = {
            name: dict(vars(module))
            for name, module in sys.modules.items()
            if type(module) is type(sys) and not name.startswith("_frozen_importlib")
        }

    def changes(self):
        """What has changed, in words. What can be added again in each run is no change."""
        now = _now()
        found = ["changes " + what for what in now if now[what] != self._before[what]]
        if _filters()[len(_filters()) - len(self._filters) :] != self._filters:
            found.append("changes filters of warnings")
        if sys.meta_path[: len(self._finders)] != self._finders:
            found.append("changes sys.meta_path")
        found += ["changes " + name for name in self._changed_names()]
        finalize = getattr(sys.modules.get("weakref"), "finalize", None)
        if getattr(finalize, "_registry", None) or any(map(self._has_finalizer, gc.get_objects())):
            found.append("has objects that finalize something")
        return found

    def _changed_names(self):
        """What has been put in the place of something in a module that was there before."""
        for module, names in self._modules.items():
            for name, value in list(vars(sys.modules.get(module, sys)).items()):
                if value is not names.get(name, names) and not _is_same(names.get(name), value):
                    yield "%s.%s" % (module, name)


def _now():
    """How all that is looked at is now, by what it is called."""
    return {
        "environment variables": dict(os.environ._data),
        "the search path": (list(sys.path), list(sys.path_hooks)),
        "standard streams": (id(sys.stdin), id(sys.stdout), id(sys.stderr)),
        "hooks of the interpreter": [id(getattr(sys, name)) for name in HOOKS],
        "settings of the interpreter": [getattr(sys, name, int)() for name in SETTINGS],
        "the garbage collector": (gc.isenabled(), gc.get_threshold(), len(gc.callbacks)),
        "signal handlers": list(map(_signal.getsignal, sorted(_signal.valid_signals()))),
        "timers": [any(_signal.getitimer(which)) for which in range(3)],
        "the working directory": os.getcwd(),
        "the umask": _umask(),
        "the priority": os.nice(0),
        "the locale": _locale.setlocale(_locale.LC_ALL),
        "open files": _descriptors(),
        "threads": _thread._count(),
        "logging": _logging(),
    }


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _descriptors():
    found = []
    for descriptor in range(256):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    return found


def _logging():
    logging = sys.modules.get("logging")
    if logging is None:
        return [], 30, 0, "logging", "logging"  # as where nobody has changed it
    root, makers = logging.root, (logging.getLoggerClass(), logging.getLogRecordFactory())
    return (list(root.handlers), root.level, root.manager.disable, *(m.__module__ for m in makers))


def _filters():
    return sys.modules["_warnings"].filters


def _is_same(before, after):
    """Whether nobody can tell the two values apart, or the new one is a module of a package."""
    if type(after) is type(sys):
        return True
    try:
        return type(before) is type(after) and bool(before == after)
    except Exception:  # whatever an object makes of being compared
        return False
