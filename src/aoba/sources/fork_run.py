"""A run in a fork of the fork server: from the namespace of the script to the end of the process.

Standard library only, Python 2.7 and every 3, like `fork_server`. A run must not be able to tell
that it was not started by itself. What cannot be had that way is started by itself after all: in
the process that was forked for it, the script's interpreter takes over.
"""

import gc
import json  # noqa: F401  which nearly every script imports, too
import os
import signal
import sys
import time
import warnings
from _io import _IOBase
from _weakref import ref

try:
    from ctypes import CDLL

    _flush_c = CDLL(None).fflush
except Exception:  # left out of this interpreter
    _flush_c = None

SETTLED = 1.0  # seconds after which a second change of a file cannot have the time of the first
SUFFIXES = (".py", ".pyc", ".so", ".pyd")
BOM = b"\xef\xbb\xbf"
PYTHON_2 = str is bytes


class Scripts:
    """What the server knows of scripts from one run to the next."""

    def __init__(self, python, loaded):
        """`loaded` are the modules that a script finds loaded, other than in a fresh start."""
        self._python = python
        self._loaded = {name.partition(".")[0] for name in loaded}
        self._loaded.difference_update(sys.builtin_module_names)  # these come before any file
        self._codes = {}
        self._folders = {}

    def code(self, path):
        """The script's code; the interpreter's path where it has to be started by itself.

        For want of a file, of sense in it, or of warnings: the interpreter tells it best. And
        where modules of the script's own have names of those that are loaded already.
        """
        try:
            code = _kept(self._codes, path, path, _compile)
            folder = os.path.dirname(os.path.realpath(path))
            if not getattr(sys.flags, "safe_path", False) and _kept(
                self._folders, folder, folder, self._shadows
            ):
                return self._python
            return code
        except Exception:
            return self._python

    def _shadows(self, folder):
        for name in os.listdir(folder):
            module, dot, _ = name.partition(".")
            if module in self._loaded:
                inside = os.path.join(folder, name, "__init__.py")
                if name.endswith(SUFFIXES) if dot else os.path.exists(inside):
                    return True
        return False


def _kept(memory, key, path, make):
    """`make(path)`, once for each version of what stands there."""
    status = os.stat(path)
    version = (status.st_mtime, status.st_ctime, status.st_size, status.st_ino, status.st_dev)
    known = memory.get(key)
    if known and known[0] == version:
        return known[1]
    memory.pop(key, None)
    made = make(path)
    if abs(time.time() - status.st_ctime) > SETTLED:
        memory[key] = (version, made)
    return made


def _compile(path):
    with open(path, "rb") as script:
        source = script.read()
    if b"coding" not in b"".join(source.split(b"\n", 2)[:2]):  # `compile` does not look so closely
        source.decode("ascii" if PYTHON_2 and not source.startswith(BOM) else "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return compile(source, path, "exec", 0, True)


def run(fresh, code, path, arguments, variables):
    """Be the process of the script from here to its end; `code` as of `Scripts`."""
    for variable in variables:
        name, _, value = variable.partition("=")
        os.environ[name] = value
    if isinstance(code, str):
        _start_afresh(code, [path] + arguments)
    for name in ("random", "numpy.random"):  # every fork would draw the same numbers
        if name in sys.modules:
            sys.modules[name].seed()
    if hasattr(sys, "orig_argv"):
        before = len(sys.orig_argv) - len(sys.argv)
        sys.orig_argv[before:] = [path] + arguments
    sys.argv = [path] + arguments
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    known = set(sys.modules)
    _end(_execute(code, _new_main(fresh, path)), known)


def _start_afresh(python, arguments):
    for name in ("SIGPIPE", "SIGXFSZ"):  # which Python ignores, and hands down
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execv(python, [python] + arguments)
    except OSError as error:
        os.write(2, ("%s cannot be started: %s\n" % (python, error)).encode())
    os._exit(127)


def _new_main(fresh, path):
    """The namespace of a new `__main__`, which nothing but `sys.modules` and this keeps."""
    module = sys.modules["__main__"] = type(sys)("__main__")
    module.__dict__.update(fresh, __file__=path, __doc__=None)
    if fresh.get("__loader__"):
        module.__loader__ = type(fresh["__loader__"])("__main__", path)
    return module.__dict__


def _execute(code, namespace):
    """Run the script; its exit status, or None where it is to end by SIGINT."""
    try:
        exec(code, namespace)
        return 0
    except BaseException:  # shown elsewhere, or errors in that would have a context
        error = sys.exc_info()
    del namespace
    status = _show(*error)
    if issubclass(error[0], KeyboardInterrupt) and sys.version_info >= (3, 8):
        return None
    return status


def _show(kind, value, trace):
    """What the interpreter does with an exception that nobody has caught; the exit status."""
    if issubclass(kind, SystemExit):
        return _status(value.code)
    trace = _of_script(trace)
    if not PYTHON_2:
        value.__traceback__ = trace
    sys.last_type, sys.last_value, sys.last_traceback = kind, value, trace
    if sys.version_info >= (3, 12):
        sys.last_exc = value
    try:
        sys.excepthook(kind, value, trace)
        return 1
    except BaseException:
        error = sys.exc_info()
    if issubclass(error[0], SystemExit):
        return _status(error[1].code)
    if not PYTHON_2:
        error[1].__traceback__ = _of_script(error[2])
    _complain("Error in sys.excepthook:\n")
    sys.__excepthook__(error[0], error[1], _of_script(error[2]))
    _complain("\nOriginal exception was:\n")
    sys.__excepthook__(kind, value, trace)
    return 1


def _of_script(trace):
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace


def _status(code):
    """What the interpreter makes of the argument of `sys.exit`."""
    if code is None:
        return 0
    if isinstance(code, (int, type(2**64))):
        return code & 0xFF if -(2**63) <= code < 2**63 else 0xFF
    try:
        _complain(code if PYTHON_2 and isinstance(code, type("")) else "%s" % (code,))
    except Exception:
        pass
    _complain("\n")
    return 1


def _complain(words):
    try:
        if sys.stderr is None:
            os.write(2, words.encode("utf-8", "backslashreplace"))
        else:
            sys.stderr.write(words)
    except (AttributeError, ValueError, OSError):  # closed, or nobody reads
        pass


def _end(status, known):
    """End the process as the interpreter would, but for the 10 ms it takes to free all memory.

    What a script can notice of that happens: threads are waited for, exit handlers run, objects of
    the script and of modules that it has imported are finalized, streams are flushed.
    """
    if "threading" in sys.modules:
        _quietly(sys.modules["threading"]._shutdown)
    status = _run_exit_handlers(status)
    status = _flush(status)
    _finalize(known)
    status = _flush(status)
    _flush_the_rest()
    if status is None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status or 0)


def _run_exit_handlers(status):
    if PYTHON_2:
        try:
            getattr(sys, "exitfunc", int)()
        except SystemExit as end:
            return _status(end.code)
        except BaseException:
            error = sys.exc_info()
            _complain("Error in sys.exitfunc:\n")
            _show(*error)
    elif "atexit" in sys.modules:
        _quietly(sys.modules["atexit"]._run_exitfuncs)  # shows errors by itself
    return status


def _quietly(function):
    try:
        function()
    except BaseException:
        pass


def _finalize(known):
    for name in ("last_type", "last_value", "last_traceback", "last_exc", "exc_traceback"):
        sys.__dict__.pop(name, None)
    names = ["__main__"] + [name for name in list(sys.modules) if name not in known]
    modules = [module for module in map(sys.modules.get, names) if type(module) is type(sys)]
    for name in names:
        sys.modules.pop(name, None)
    if PYTHON_2:
        while modules:
            _clear(vars(modules.pop(0)))
        return
    left = [ref(module) for module in modules]
    del modules[:]
    gc.collect()
    for module in [module() for module in reversed(left)]:
        if module is not None:
            _clear(vars(module))


def _clear(names):
    """Empty a module that something still keeps, in the interpreter's order."""
    for private in (True, False):
        for name in list(names):
            if name != "__builtins__" and private == (name[:1] == "_" != name[1:2]):
                names[name] = None


def _flush(status):
    for stream in (sys.stdout, sys.stderr):
        try:
            if not PYTHON_2 or isinstance(stream, type(sys.__stdout__)):
                stream.flush()
        except (AttributeError, ValueError):  # none, or closed by the script
            pass
        except Exception:
            status = 120 if sys.version_info >= (3, 7) and not status else status
    return status


def _flush_the_rest():
    if not PYTHON_2:
        for left in gc.get_objects():  # files that something without an end has kept
            if isinstance(left, _IOBase):
                _quietly(left.flush)
    if _flush_c:
        _flush_c(None)  # what libraries in C have printed
