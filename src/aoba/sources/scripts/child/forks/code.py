"""What the fork server has made of scripts, for runs to execute.

Standard library only, Python 2.7, and 3 from 3.5 on, like `fork_server`.
"""

import gc
import os
import sys
import time
from functools import partial
from stat import S_ISREG

STABLE_AFTER = 0.05  # seconds after which a second change cannot have the time of the first,
STABLE_AFTER_IN_SECONDS = 2.0  # and where the file system counts in seconds
UNKNOWN = b"-"  # stamp of what Aoba could not see
LARGEST = 1024 * 1024  # bytes of a script that is compiled here, where others wait for it
SUFFIXES = (".py", ".pyc", ".so", ".pyd")
PYTHON_2 = str is bytes

_safe_path = getattr(sys.flags, "safe_path", False)


class Scripts:
    """What the server knows of scripts from one run to the next."""

    def __init__(self, fresh, compiled, loaded):
        """`fresh` is what the namespace of a script starts with; `compiled` makes code of files.

        `loaded` are the modules that a script finds loaded, other than in a fresh start.
        """
        self._fresh, self._compiled = fresh, compiled
        self._loaded = {name.partition(".")[0] for name in loaded}
        self._loaded.difference_update(sys.builtin_module_names)  # these come before any file
        self.known = {}  # what `find` takes -> what it gave
        self.elsewhere = lambda function: function()
        """Calls what may hang, with the file system it looks at, and returns what that returns."""
        self._stamped = {}  # path and arguments -> the same with stamps
        self._codes = {}  # path -> stamp, code

    def find(self, same):
        """The script that `same` is about, the third part of a command.

        What was found is `known` from then on, if it lasts. A script is path, code, `sys.argv`,
        folder, or None where that is not searched, what its namespace starts with, and what a run
        calls to see whether file or folder have changed since, or None where that is just now.
        Code is None where an interpreter is to be started: for want of a file, of sense in it, or
        of warnings, the interpreter tells it best; and where modules of the script's own have names
        of those that are loaded already.
        """
        stamp, folder_stamp, name = same.split(b"\0", 2)
        self.known.pop(self._stamped.pop(name, None), None)
        path = name.partition(b"\0")[0]
        argv = [_text(part) for part in name.replace(b"\0=", b"\0").split(b"\0")]
        try:
            found = self.elsewhere(partial(self._survey, stamp, argv[0]))
        except Exception:
            return path, None, argv, None, None, None
        folder, places, seen, is_lasting, compiled = found
        code = self._kept(stamp, argv[0], *compiled)
        script = path, code, argv, None if _safe_path else folder, self._namespace(argv[0])
        if is_lasting and folder_stamp != UNKNOWN:
            script += (partial(_has_changed, places, seen),)
            self.known[same], self._stamped[name] = script, same
            freeze()
            return script
        return script + (None,)

    def _survey(self, stamp, path):
        """What is to be seen of a script: its folder, how both look, and the code, if it is new."""
        folder = os.path.dirname(os.path.realpath(path))
        places = path, folder, os.path.dirname(path)
        seen = _look(*places)
        is_lasting = _is_stable(os.stat(folder))
        hides, may_change = self._hides(folder)
        compiled = ("none", None, True) if hides else self._code(stamp, path)
        return folder, places, seen, is_lasting and compiled[2] and not may_change, compiled

    def _kept(self, stamp, path, kind, code, is_lasting):
        """The code that a survey has found, kept as long as it holds for the stamp."""
        if kind == "known":
            return self._codes[path][1]
        if kind == "new":
            self._codes.pop(path, None)
            if is_lasting:
                self._codes[path] = stamp, code
        return code

    def _hides(self, folder):
        """Whether modules in it are in place of loaded ones, and that may change without a sign."""
        hides = may_change = False
        for name in () if _safe_path else os.listdir(folder):
            module, dot, _ = name.partition(".")
            if module not in self._loaded:
                continue
            path = os.path.join(folder, name)
            if dot:
                hides = hides or name.endswith(SUFFIXES)
            elif os.path.isdir(path):
                may_change = True
                hides = hides or os.path.exists(os.path.join(path, "__init__.py"))
        return hides, may_change

    def _code(self, stamp, path):
        """Kind, what the script is compiled to, or None; and whether that holds for its stamp."""
        known = self._codes.get(path)
        if known is not None and known[0] == stamp:
            return "known", None, True
        before = os.stat(path)
        code = self._compile(path) if _is_fit(before) else None
        # It may be another file than Aoba has seen, or have been written to meanwhile.
        is_lasting = _is_stable(before) and _is(stamp, before) and _is(stamp, os.stat(path))
        return "new", code, is_lasting

    def _compile(self, path):
        try:
            return self._compiled([path])[0]
        except ValueError:
            return None

    def _namespace(self, path):
        namespace = dict(self._fresh, __file__=path, __doc__=None)
        if namespace.get("__loader__"):
            namespace["__loader__"] = type(namespace["__loader__"])("__main__", path)
        return namespace


def freeze():
    """Have runs leave alone what is here now, so that its memory stays shared."""
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()


def _look(path, folder, beside):
    """What of these would be different in the stamps of a command."""
    script, around, link = os.stat(path), os.stat(folder), os.stat(beside)
    return (
        (script.st_mtime, script.st_ctime, script.st_size, script.st_ino, script.st_dev),
        (around.st_mtime, around.st_ctime, around.st_ino, around.st_dev),
        (link.st_ino, link.st_dev),
    )


def _has_changed(places, seen):
    """Whether they look different; called in a run, where a file system may hang."""
    try:
        return _look(*places) != seen
    except OSError:
        return True


def _is_fit(status):
    return S_ISREG(status.st_mode) and status.st_size <= LARGEST


def _is_stable(status):
    in_seconds = status.st_ctime == int(status.st_ctime)
    needed = STABLE_AFTER_IN_SECONDS if in_seconds or PYTHON_2 else STABLE_AFTER
    return abs(time.time() - status.st_ctime) > needed


def _is(stamp, status):
    """Whether that is how Aoba has seen the file; Python 2 does not tell times that exactly."""
    if stamp == UNKNOWN or PYTHON_2:
        return stamp != UNKNOWN
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return stamp == b"%d.%d.%d.%d.%d" % (times + (status.st_size, status.st_ino, status.st_dev))


def _text(data):
    """`str` as this interpreter has it in arguments, paths and the environment."""
    return data if PYTHON_2 else os.fsdecode(data)
