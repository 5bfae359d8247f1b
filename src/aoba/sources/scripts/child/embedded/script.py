"""A script in the resident interpreter: executed in each run, or loaded once and then updated.

A script that defines `update()` is executed once, keeps its state, and its `update` is called in
each run, until one of its own modules is edited. Any other one is executed in each run, in a
namespace of its own. What a run may change of the process is `embedded/process`'s.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import os
import sys
import time
import warnings
from _contextvars import copy_context
from _signal import SIG_DFL, SIGINT, signal
from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, TypeGuard

from .own_builtins import own as __builtins__
from .process import Process

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context


class Script:
    """Raises SyntaxError, or what else the compiler may, where `source` is no program.

    `fresh` is what the namespace of a script starts with. Where it `leaves`, each run is the only
    one of its interpreter.
    """

    def __init__(
        self, path: str, arguments: list[str], source: bytes, fresh: dict[str, Any], *, leaves: bool
    ) -> None:
        self._path, self._source = path, source
        self._code = compile(source, path, "exec", 0, dont_inherit=True)
        self._process = Process(path, arguments, source, fresh)
        if leaves:
            self._process.leaves = ""
        self._has_been_well = False
        self._update: FunctionType | None = None
        self._context: Context | None = None  # of `update`

    @property
    def leaves(self) -> str | None:
        """Why this interpreter can carry out no other run, in words; None if it can."""
        return self._process.leaves

    def run(self, number: int, feedback: bytes | None) -> int:
        """Carry out one run; returns its exit status."""
        status = 1
        try:
            if self._update is not None and self._process.modules.edited():
                self._end(0)
            # A run has one of its own, with the context of decimals and the like.
            context = self._context or copy_context()
            status = context.run(self._carry_out, number, feedback)
            self._context = context if self._update else None
        finally:
            if os.getpid() != self._process.id:  # a copy by `os.fork()`, which takes no commands
                os._exit(status)
        return status

    def _carry_out(self, number: int, feedback: bytes | None) -> int:
        update = self._update
        if update is None:
            return self._execute(number, feedback)
        self._process.environment.number_run(number)
        if feedback is not None:
            self._process.streams.feed(feedback)
        with warnings.catch_warnings():  # what was warned of in this run is again in the next
            return self._guarded(lambda: self._call(update, number, feedback)) or 0

    def _execute(self, number: int, feedback: bytes | None) -> int:
        self._process.begin(number, feedback)
        status = self._guarded(lambda: exec(self._code, self._process.namespace))
        if status is None and _is_update(self._process.namespace.get("update")):
            return self._begin_updates(number, feedback)
        self._end(status or 0)
        # A run that fails where an earlier one did not may do so for what that has left behind.
        if status and self._has_been_well:
            self._process.leaves = self._process.leaves or ""
        self._has_been_well |= not status
        return status or 0

    def _begin_updates(self, number: int, feedback: bytes | None) -> int:
        update = self._update = self._process.namespace["update"]
        self._process.keep()
        return self._guarded(lambda: self._call(update, number, feedback)) or 0

    def _end(self, status: int) -> None:
        """Of the script, or of its namespace that was updated."""
        self._update = None
        try:
            self._process.end(self._guarded, status)
        except Exception as error:
            self._process.leaves = f"its process cannot be put back: {error!r}"

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
        self._process.streams.print(text)

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
        self._process.streams.flush()
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
