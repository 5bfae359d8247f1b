"""The environment of the resident interpreter: put back behind a run, with the number of the next.

`os.putenv` copies what it is given and never lets go of it, since someone may still look at it. At
a hundred runs a second that is half a gigabyte a day. So the number stands in a string of ours that
is part of the environment, as `putenv` of the C library has it, and is written to.

Standard library only; it runs beside `resident`, without the package.
"""

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
else:
    from resident_builtins import own as __builtins__

_NAME = b"AOBA_RUN"
_LONGEST = 32  # bytes of the name, the number and what stands around it


class Environment:
    def __init__(self) -> None:
        self._mapping, self._bytes = os.environ, os.environb
        self._before = dict(os.environ)
        # Beneath the mapping, so that it shows without a look at all of them.
        self._variables = _Noted(os.environ._data)  # type: ignore[attr-defined]
        os.environ._data = os.environb._data = self._variables  # type: ignore[attr-defined]
        self._write: Callable[[bytes, bool], None]
        try:
            self._write = _in_place()
        except (ImportError, OSError, AttributeError):  # an interpreter without `ctypes`
            self._write = lambda value, _: os.putenv(_NAME, value)

    def put_back(self) -> None:
        """Have it be what it was, and the time zone, too."""
        os.environ, os.environb = self._mapping, self._bytes
        if self._variables.changed:
            for name in set(os.environ) - set(self._before):
                del os.environ[name]
            for name, value in self._before.items():
                os.environ[name] = value
            time.tzset()

    def number_run(self, number: int) -> None:
        """What `os.environ["AOBA_RUN"] = str(number)` does, without a trace of it."""
        value = b"%d" % number
        dict.__setitem__(self._variables, _NAME, value)
        self._write(value, self._variables.changed)
        self._variables.changed = False


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


class _Noted(dict[bytes, bytes]):
    """Notes that it was changed."""

    changed = True  # as far as anyone knows

    def __setitem__(self, name: bytes, value: bytes) -> None:
        self.changed = True
        super().__setitem__(name, value)

    def __delitem__(self, name: bytes) -> None:
        self.changed = True
        super().__delitem__(name)
