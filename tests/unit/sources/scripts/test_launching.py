"""Programs that Aoba would have to wait for are started by another one."""

import asyncio
import os
import sys
import tempfile

import pytest

from aoba.errors import RunError
from aoba.sources.scripts import launching
from aoba.sources.scripts.launching import ENV, file_of, launched, look_at


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(launching, "_near", set())
    monkeypatch.setattr(launching, "_callers", {})


DEVICES = {ENV: {1}, sys.executable: {1, 2}, "/near": {2}, "/far": {3}, "/link/to/far": {2, 3}}


class Devices:
    """In place of a `Caller`: what file systems programs are on."""

    hangs = False

    async def call(self, _, *paths):
        if self.hangs:
            raise TimeoutError(110, "the file system does not answer")
        if paths[0] not in DEVICES:
            raise FileNotFoundError(2, "No such file or directory", paths[0])
        return DEVICES[paths[0]]


@pytest.mark.parametrize(
    ("program", "way"),
    [
        (sys.executable, []),
        ("/near", []),
        ("/far", [ENV]),
        ("/link/to/far", [ENV]),
    ],
)
def test_what_is_on_another_file_system_is_started_by_another_program(monkeypatch, program, way):
    monkeypatch.setattr(launching, "Caller", Devices)
    asyncio.run(look_at(program))

    assert launched([program, "-c", "x"]) == [*way, program, "-c", "x"]


def test_so_is_what_nobody_has_looked_at():
    assert launched(["/x", "a=b"]) == [ENV, "/x", "a=b"]
    assert launched(["/x=y"]) == ["/x=y"]  # which would be taken for a variable


def test_what_cannot_be_looked_at_is_not_started(monkeypatch):
    monkeypatch.setattr(launching, "Caller", Devices)
    with pytest.raises(RunError, match=r"^/gone cannot be started: .*No such file"):
        asyncio.run(look_at("/gone"))
    monkeypatch.setattr(Devices, "hangs", True)
    with pytest.raises(RunError, match=r"^/far: the file system does not answer$"):
        asyncio.run(look_at("/far"))


def test_without_env_all_programs_are_started_directly(monkeypatch):
    monkeypatch.setattr(launching, "Caller", Devices)
    monkeypatch.delitem(DEVICES, ENV)
    asyncio.run(look_at("/far"))

    assert launched(["/far", "-c", "x"]) == ["/far", "-c", "x"]


@pytest.mark.parametrize(("program", "way"), [("/near", [ENV]), (ENV, [])])
def test_an_interpreter_of_ours_that_is_gone_is_nobody_elses_fault(monkeypatch, program, way):
    monkeypatch.setattr(launching, "Caller", Devices)
    monkeypatch.delitem(DEVICES, sys.executable)
    asyncio.run(look_at(program))

    assert launched([program]) == [*way, program]


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="of Linux only")
@pytest.mark.parametrize("is_permitted", [True, False])
def test_what_is_read_on_stdin_is_in_no_folder_unless_it_has_to_be(monkeypatch, is_permitted):
    def refuse(*_):
        raise OSError(38, "Function not implemented")

    if is_permitted:
        monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    else:
        monkeypatch.setattr(os, "memfd_create", refuse)
    data = b"x" * 300_000
    with file_of(data) as file:
        assert file.read() == data
        assert not os.get_inheritable(file.fileno())
