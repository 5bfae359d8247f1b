"""The end of a run in a fork: what the interpreter does between the end of a script and its own.

Standard library only, Python 2.7, and 3 from 3.5 on, like `fork_server`.
"""

import gc
import os
import sys
from _io import _IOBase
from _weakref import ref

try:
    import _signal as signal  # the other one, in Python, makes enumerations of numbers
except ImportError:
    import signal

PYTHON_2 = str is bytes

_OWN_EXTENSIONS = os.path.join(os.path.dirname(os.__file__), "lib-dynload", "")
_SHARED = (".so", ".pyd")

_at_start = {}
_libraries = []  # the one `forks/libraries.Libraries`, if there is one
_path_at_start = []
_flush_c = []  # what flushes the streams of C, if need be


def remember_modules(libraries):
    """To be called before the forks: what is loaded now is not of a script.

    `libraries`, or None, are loaded, too, for scripts to import.
    """
    _path_at_start.extend(sys.path)
    look_for_c(list(sys.modules))
    _at_start.update(sys.modules)
    if libraries is not None:
        _libraries.append(libraries)


def end(error):
    """End the process as the interpreter would, after an exception of `sys.exc_info` or none.

    But for the 10 ms it takes to free all memory. What a script can notice of that happens:
    threads are waited for, exit handlers run, objects of the script and of modules that it has
    imported are finalized, streams are flushed.
    """
    interrupted = error and issubclass(error[0], KeyboardInterrupt) and sys.version_info >= (3, 8)
    status = _show(*error) if error else 0
    del error[:]  # which keeps the script's objects
    if "threading" in sys.modules:
        _quietly(sys.modules["threading"]._shutdown)
    status = wind_up(_run_exit_handlers(status))
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def wind_up(status):
    """Leave nothing undone that the script has begun; the exit status."""
    imported = _imported()
    if imported:
        look_for_c(imported)
    status = _flush(status)
    if _libraries and any(map(has_finalizer, gc.get_objects())):
        imported = _imported(with_libraries=True)  # which may have kept something of the script's
        _libraries.pop().forget()
        gc.unfreeze()
    _finalize(imported)
    status = _flush(status)
    _flush_the_rest()
    return status


def _show(kind, value, trace):
    """What the interpreter does with an exception that nobody has caught; the exit status."""
    if issubclass(kind, SystemExit):
        return _status(value.code)
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


def _run_exit_handlers(status):
    if PYTHON_2:
        try:
            getattr(sys, "exitfunc", int)()
        except SystemExit as end:
            return _status(end.code)
        except BaseException:
            kind, value, trace = sys.exc_info()
            _complain("Error in sys.exitfunc:\n")
            _show(kind, value, _of_script(trace))
    elif "atexit" in sys.modules:
        _quietly(sys.modules["atexit"]._run_exitfuncs)  # shows errors by itself
    return status


def _quietly(function):
    try:
        function()
    except BaseException:
        pass


def _finalize(names):
    for name in ("last_type", "last_value", "last_traceback", "last_exc", "exc_traceback"):
        sys.__dict__.pop(name, None)
    modules = []
    for name in ["__main__"] + names:
        module = sys.modules.pop(name, None)
        if type(module) is type(sys):
            modules.append(module)
    if PYTHON_2:
        while modules:
            _clear(vars(modules.pop(0)))
        return
    left = list(map(ref, modules))
    del modules[:], module
    gc.collect()
    for kept in reversed(left):
        module = kept()
        if module is not None:
            _clear(vars(module))


def _imported(with_libraries=False):
    """Names of the modules that came with the script; looking at each name has its price."""
    if len(sys.modules) == len(_at_start) and sys.version_info >= (3, 8):
        if next(reversed(sys.modules)) == next(reversed(_at_start)):
            return []
    names = [name for name in list(sys.modules) if name not in _at_start]
    if _libraries and not with_libraries:
        hidden = _libraries[0].hidden
        names = [name for name in names if hidden.get(name) is not sys.modules[name]]
    return names


def has_finalizer(value):
    """Whether it may have something to say at its end, as what a library keeps for a script."""
    kind = type(value)
    if not hasattr(kind, "__del__") or isinstance(value, (_IOBase, type)):
        return False
    if not hasattr(kind, "gi_frame"):
        return True
    frame = value.gi_frame  # of a generator, in which a `finally` may come, once it is under way
    if frame is None or frame.f_code.co_name == "<genexpr>":
        return False
    return getattr(value, "gi_suspended", frame.f_lasti >= 0)


def look_for_c(names):
    """Be ready to flush what C has printed, where there is code in C that may print.

    The interpreter itself does not, nor do extensions that come with it, but for Python 2. To load
    `ctypes` for each script would make all forks dearer.
    """
    if _flush_c or not (PYTHON_2 or any(map(_may_print_in_c, names))):
        return
    path, sys.path = sys.path, list(_path_at_start)  # in which a script has no part
    try:
        from ctypes import CDLL

        _flush_c.append(CDLL(None).fflush)
    except BaseException:  # left out of this interpreter, or the script's own
        pass
    sys.path = path


def _may_print_in_c(name):
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return name == "_ctypes" or (
        isinstance(file, str) and file.endswith(_SHARED) and not file.startswith(_OWN_EXTENSIONS)
    )


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
    for flush in _flush_c:
        flush(None)
