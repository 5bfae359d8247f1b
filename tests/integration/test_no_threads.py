"""Where the system permits no other thread: everything goes on, and the log is written."""

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, document
from support.server import Server
from support.waiting import eventually
from support.wire import Client

Serve = Callable[..., Server]
Script = Callable[..., Path]

NO_ROOM = 1 << 48
"""Bytes for the stack of a thread: more than there are addresses."""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere stacks of threads have a fixed size")
def test_what_threads_are_for_is_done_without_them(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    """Decoding what is large, telling a script of much, writing the log."""
    body = "sys.stderr.write('hello\\n')\nput(run, *range(60000))\n"
    file = tmp_path / "large.json"
    file.write_text(document({"id": 2, "mode": "master", "map": {"input": [large()]}}))
    before = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (NO_ROOM, before[1]))
    try:
        server = serve(f"{script(RUN_NUMBER, body)}?feed=writes", f"file:{file}")
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, before)
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 3)
        assert client.read("input", 0, 2, unit=2) == [7, 7]
    code, _ = server.stop()
    assert code == 0
    assert server.logged("WARNING .* run 1: hello")
    assert server.logged("stopping")
    assert not server.logged("Traceback|Logging error|defect|thread")


def large() -> dict[str, object]:
    return {"address_start": 0, "length": 60000, "initial_values": [7] * 60000}
