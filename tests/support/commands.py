"""Commands that end by themselves, in this process: a new one takes longer than what they do."""

import contextlib
import io
import sys
from typing import NamedTuple
from unittest import mock

from aoba.cli.app import run


class Ended(NamedTuple):
    code: int
    stdout: str
    stderr: str


def command(*arguments: object) -> Ended:
    stdout, stderr = io.StringIO(), io.StringIO()
    argv = ["aoba", *map(str, arguments)]
    with (
        mock.patch.object(sys, "argv", argv),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        code = run()
    return Ended(code, stdout.getvalue(), stderr.getvalue())


def done(*arguments: object) -> str:
    """What a command says that goes well."""
    ended = command(*arguments)
    assert (ended.code, ended.stderr) == (0, "")
    return ended.stdout


def refused(code: int, *arguments: object) -> str:
    """The one line of a command that does not."""
    ended = command(*arguments)
    assert (ended.code, ended.stdout) == (code, "")
    assert ended.stderr.startswith("aoba: ")
    assert ended.stderr.count("\n") == 1
    return ended.stderr.removeprefix("aoba: ").rstrip("\n")
