"""A script in the resident interpreter: executed in each run, or loaded once and then updated.

A script that defines `update()` is executed once, keeps its state, and its `update` is called in
each run. Any other one is executed in each run, in a namespace of its own that is emptied when the
run is over. What a run may change of the process is `resident_process`'s.

Standard library only; it runs beside `resident`, without the package.
"""

import os
import sys
import time
import warnings
from _signal import SIG_DFL, SIGINT, signal
from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable

    from aoba.sources.residents.resident_process import Process
else:
    from resident_process import Process


class Script:
    """Raises SyntaxError, or what else the compiler may, where `source` is no program.

    `fresh` is what the namespace of a script starts with.
    """

    def __init__(
        self, path: str, arguments: list[str], source: bytes, fresh: dict[str, Any]
    ) -> None:
        self._path, self._source = path, source
        self._code = compile(source, path, "exec", 0, dont_inherit=True)
        self._process = Process(path, arguments, source, fresh)
        self._update: FunctionType | None = None

    def run(self, number: int, feedback: bytes | None) -> int:
        """Carry out one run; returns its exit status."""
        update = self._update
        if update is None:
            self._process.restore(number, feedback)
            return self._execute(number, feedback)
        self._process.environment.number_run(number)
        if feedback is not None:
            self._process.feed(feedback)
        with warnings.catch_warnings():  # what was warned of in this run is again in the next
            return self._guarded(lambda: self._call(update, number, feedback)) or 0

    def _execute(self, number: int, feedback: bytes | None) -> int:
        namespace = self._process.new_main()
        status = self._guarded(lambda: exec(self._code, namespace))
        update = namespace.get("update")
        if status is None and _is_update(update):
            self._update = update
            self._process.keep()
            return self._guarded(lambda: self._call(update, number, feedback)) or 0
        self._process.clean_up(self._guarded)
        if not self._process.has_threads():
            namespace.clear()  # what the end of a process would let go, open files first
        return status or 0

    def _call(self, update: FunctionType, number: int, feedback: bytes | None) -> None:
        import json

        context = {"run": number, "time": time.time()}
        if feedback is not None:
            context.update(json.loads(feedback))
        made = update(*(context,)[: update.__code__.co_argcount])
        if made is None:
            return
        if not isinstance(made, dict | list):
            kind = type(made).__name__
            sys.exit(f"update() returned {kind}; expected a dict, a list of stations or None")
        try:
            text = json.dumps(made)
        except (TypeError, ValueError, RecursionError) as error:
            sys.exit(f"update() returned what JSON cannot express: {error}")
        self._process.print(text)

    def _guarded(self, function: "Callable[[], object]") -> int | None:
        """Call what is the script's; the exit status it ended with, or None if it just returned."""
        status, error = None, None
        try:
            function()
        except SystemExit as end:
            status = _exit_status(end.code)
        except BaseException as raised:  # shown below, where it is no other error's context
            error = raised
        if error is not None:
            status = self._show(error)
        self._process.flush()
        if os.getpid() != self._process.id:  # a copy by `os.fork()`, which must take no commands
            os._exit(status or 0)
        return status

    def _show(self, error: BaseException) -> int:
        """What the interpreter does with an exception that nobody has caught; the exit status."""
        error.__traceback__ = _of_script(error.__traceback__)
        another = None
        try:
            self._display(error)
        except SystemExit as end:
            return _exit_status(end.code)
        except BaseException as raised:
            another = raised
        if another is not None:
            another.__traceback__ = _of_script(another.__traceback__)
            _complain("Error in sys.excepthook:\n")
            sys.__excepthook__(type(another), another, another.__traceback__)
            _complain("\nOriginal exception was:\n")
            sys.__excepthook__(type(error), error, error.__traceback__)
        if isinstance(error, KeyboardInterrupt):
            die_of_interrupt()
        return 1

    def _display(self, error: BaseException) -> None:
        if sys.excepthook is not sys.__excepthook__ or self._file_is_the_source():
            sys.excepthook(type(error), error, error.__traceback__)
            return
        # Up to 3.12 the interpreter's own display takes the lines from the file, as it is now.
        import traceback

        self._process.keep_lines()
        traceback.print_exception(error)

    def _file_is_the_source(self) -> bool:
        try:
            with open(self._path, "rb") as file:
                return file.read() == self._source
        except OSError:
            return False


def die_of_interrupt() -> None:
    """As an interpreter does whose script has not caught a KeyboardInterrupt."""
    signal(SIGINT, SIG_DFL)
    os.kill(os.getpid(), SIGINT)


def _is_update(candidate: object) -> TypeGuard[FunctionType]:
    """Whether it is a function with at most one parameter."""
    if not isinstance(candidate, FunctionType):
        return False
    code = candidate.__code__
    return code.co_argcount <= 1 and not code.co_kwonlyargcount


def _of_script(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace


def _exit_status(code: object) -> int:
    """What the interpreter makes of the argument of `sys.exit`."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if -(2**63) <= code < 2**63 else 0xFF
    _complain(f"{code}\n")
    return 1


def _complain(words: str) -> None:
    try:
        sys.stderr.write(words)
    except (AttributeError, ValueError, OSError):  # none there, or closed
        pass
