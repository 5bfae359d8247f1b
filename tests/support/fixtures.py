"""Fixtures for tests with real processes; the conftest files of the folders import them."""

import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from aoba.cli import check as check_command
from aoba.cli import engine as engine_command
from support.commands import refused
from support.hanging import CannotMountError, HangingFolder
from support.pythons import VERSIONS, python
from support.runs import Runs
from support.server import Server

__all__ = ["hanging_folder", "runs", "script", "serve", "shared_serve", "wrong_usage"]


def _servers() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*sources: object, **options: Any) -> Server:
        servers.append(stack.enter_context(Server(*sources, **options)))
        return servers[-1]

    with ExitStack() as stack:
        yield start
    for server in servers:  # pytest shows it where the test has failed
        print("\n".join(server.log[-60:]))  # noqa: T201  which is what it captures


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers, with the arguments of `Server`, that end with the test."""
    yield from _servers()


@pytest.fixture(scope="module")
def shared_serve() -> Iterator[Callable[..., Server]]:
    """The same for servers that all tests of a file share, which only read."""
    yield from _servers()


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Write parts of source code, one below the other, to a file."""

    def write(*parts: str, name: str = "source.py") -> Path:
        path = tmp_path / name
        # Complete in one step: it may be a script that is being run again and again.
        draft = path.with_suffix(".draft")
        draft.write_text("".join(map(textwrap.dedent, parts)), encoding="utf-8")
        draft.replace(path)
        return path

    return write


@pytest.fixture
def hanging_folder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[HangingFolder]:
    """A folder whose file system hangs when the test wants it to, and may cache till then."""
    try:
        folder = HangingFolder(tmp_path, cached=getattr(request, "param", False)).__enter__()
    except CannotMountError as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        yield folder
    finally:
        folder.__exit__()


@pytest.fixture(scope="module", params=VERSIONS)
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Runs under each interpreter that there is, warm ones of one fork server for all of a file."""
    with Runs(python(request.param)) as runs:
        assert runs.process.ready, runs.lines
        yield runs


@pytest.fixture
def wrong_usage(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Give arguments of `aoba` that are wrong usage, in this process; returns what it says.

    A process of its own would take a hundred times as long. What is taken for good usage fails.
    """

    def never(*_: object) -> None:
        pytest.fail("nothing was wrong")

    monkeypatch.setattr(check_command, "run_loop", never)
    monkeypatch.setattr(engine_command, "run_engine", never)
    return lambda *arguments: refused(2, *arguments)
