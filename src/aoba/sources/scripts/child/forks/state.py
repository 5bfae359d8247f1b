"""What is different in a process after a library was imported, but for modules that there are now.

CPython from 3.8 on.
"""

import _locale
import _signal
import _thread
import gc
import os
import sys

HOOKS = ("breakpointhook", "displayhook", "excepthook", "unraisablehook")
SETTINGS = ("getdlopenflags", "getrecursionlimit", "getswitchinterval", "get_int_max_str_digits")


class State:
    """To be made before the import; `has_finalizer` is that of `forks/end`."""

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
