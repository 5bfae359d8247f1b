"""The standard streams, as the rest of the program takes them for granted.

Whoever starts Aoba may have closed some of 0, 1 and 2. Then the next descriptor opened, a socket or
a part of the event loop, gets that number, and is written to or closed by those who take it for
the stream; and Python has None for it.
"""

import io
import os
import sys

from aoba.logs.printable import printable


def repair() -> None:
    r"""Open the null device where a standard stream is closed; before anything else is opened.

    What a stream's encoding cannot express comes out as `\xb0`, whichever stream it is.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def complain(error: object, code: int) -> int:
    """Say in one line what is wrong; returns `code`."""
    line = printable(" ".join(str(error).splitlines()))  # it may name what a user typed
    try:
        sys.stderr.write(f"aoba: {line}\n")
    except OSError:
        sys.stderr = None  # nobody can be told, and the interpreter need not try again
    return code
