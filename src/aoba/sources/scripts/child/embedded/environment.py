"""The environment of the resident interpreter: put back behind a run, with the number of the next.

`os.putenv` copies what it is given and never lets go of it, since someone may still look at it. At
a hundred runs a second that is half a gigabyte a day. So the number stands in a string of ours that
is part of the environment, as `putenv` of the C library has it, and is written to.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import os
import time
from typing import TYPE_CHECKING

from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable

    Text = bytes | str | os.PathLike[bytes] | os.PathLike[str]

_NAME = b"AOBA_RUN"
_LONGEST = 32  # bytes of the name, the number and what stands around it


class Environment:
    def __init__(self) -> None:
        self._mappings = os.environ, os.environb
        self._variables: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
        self._before = dict(self._variables)
        self._touched: set[bytes] = set()
        self._is_numbered = False  # by a string of ours
        self._putenv, self._unsetenv = os.putenv, os.unsetenv
        os.putenv, os.unsetenv = self._note_put, self._note_unset  # also for the mappings
        self._write: Callable[[bytes, bool], None]
        try:
            self._write = _in_place()
        except (ImportError, OSError, AttributeError):  # an interpreter without `ctypes`
            self._write = lambda value, _: self._putenv(_NAME, value)

    def put_back(self) -> None:
        """Have it be what it was, and the time zone, too."""
        os.environ, os.environb = self._mappings
        if not self._touched:
            return
        for name in self._touched:
            value = self._before.get(name)
            if value is None:
                self._variables.pop(name, None)
                self._unsetenv(name)
            else:
                self._variables[name] = value
                self._putenv(name, value)
        self._touched.clear()
        self._is_numbered = False
        time.tzset()

    def number_run(self, number: int) -> None:
        """What `os.environ["AOBA_RUN"] = str(number)` does, without a trace of it."""
        value = b"%d" % number
        self._variables[_NAME] = value
        self._write(value, not self._is_numbered or _NAME in self._touched)
        self._is_numbered = True

    def _note_put(self, name: "Text", value: "Text", /) -> None:
        """In place of `os.putenv`."""
        self._putenv(name, value)
        self._touched.add(os.fsencode(name))

    def _note_unset(self, name: "Text", /) -> None:
        """In place of `os.unsetenv`."""
        self._unsetenv(name)
        self._touched.add(os.fsencode(name))


def _in_place() -> "Callable[[bytes, bool], None]":
    """What writes a value, and has to be told whether the variable may have been changed."""
    import ctypes

    string = ctypes.create_string_buffer(_LONGEST)
    put = ctypes.CDLL(None).putenv
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(string))  # it stays, come what may

    def write(value: bytes, changed: bool) -> None:
        string.value = b"%b=%b" % (_NAME, value)
        if changed:
            put(string)

    return write
