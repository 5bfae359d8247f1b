"""Fixtures for tests with real processes; the conftest files of the folders import them."""

import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.pythons import VERSIONS, python
from support.runs import Runs
from support.server import Server

__all__ = ["runs", "script", "serve", "shared_serve"]


def _servers() -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:
        yield lambda *sources, **options: stack.enter_context(Server(*sources, **options))


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


@pytest.fixture(scope="module", params=VERSIONS)
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Runs under each interpreter that there is, warm ones of one fork server for all of a file."""
    with Runs(python(request.param)) as runs:
        assert runs.process.ready, runs.lines
        yield runs
