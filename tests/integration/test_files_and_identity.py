"""Files, queues and identities of a real server: two scripts, an edited one, the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.server import Server
from support.waiting import eventually
from support.wire import Client

IDENTIFY = bytes.fromhex("2B 0E 04 00")
READ_FILE_4 = bytes.fromhex("14 07 06 0004 0000 0001")
READ_QUEUE_10 = bytes.fromhex("18 000A")


def defining(
    *, file: int | None = None, queue: list[int] | None = None, vendor: str | None = None
) -> str:
    """A script that defines some of file 4, queue 10 and the vendor's name, in station 1."""
    holding = (
        [] if queue is None else [{"address_start": 10, "fifo": True, "initial_values": queue}]
    )
    station = {"id": 1, "mode": "master", "map": {"holding": holding}}
    if file is not None:
        station["files"] = {"4": {"records": [file]}}
    document = {"stations": [station], "reboot_interval": 50}
    if vendor is not None:
        document["identity"] = {"vendor_name": vendor}
    return f"print({json.dumps(document)!r})"


def test_an_edited_script_replaces_what_it_had_defined(
    serve: Callable[..., Server], script: Callable[..., Path]
) -> None:
    server = serve(
        script(defining(file=7, queue=[1, 2], vendor="one")),
        options=("--identity", "vendor_name=us"),
    )
    server.wait_for_log(r"first document: station 1 \(master\) fifo 10, file 4$")
    with Client(server.port) as client:
        assert client.ask(READ_FILE_4) == bytes.fromhex("14 04 03 06 0007")
        assert client.ask(READ_QUEUE_10) == bytes.fromhex("18 0006 0002 0001 0002")
        assert client.ask(IDENTIFY).endswith(b"\0\3one")

        script(defining(queue=[3]))
        eventually(lambda: client.ask(READ_FILE_4) == b"\x94\x02", "the end of the file")
        assert client.ask(READ_QUEUE_10) == bytes.fromhex("18 0004 0001 0003")
        assert client.ask(IDENTIFY).endswith(b"\0\2us")


def test_of_two_scripts_the_first_has_the_file(
    serve: Callable[..., Server], script: Callable[..., Path]
) -> None:
    first = script(defining(file=7), name="first.py")
    second = script(defining(file=8, vendor="second"), name="second.py")
    server = serve(first, second)
    server.wait_for_log(
        r"second\.py run 1: stations\[0\]\.files\.4: station 1 file 4 already belongs to first\.py"
    )
    with Client(server.port) as client:
        assert client.ask(READ_FILE_4) == bytes.fromhex("14 04 03 06 0007")
        assert client.ask(IDENTIFY).endswith(b"\0\4Aoba")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("vendor=x", "--identity vendor=x: unknown name 'vendor'; expected vendor_name, "),
        ("vendor_name", "--identity vendor_name: expected NAME=VALUE"),
        ("0x80=ü", "--identity 0x80: expected ASCII text of at most 244 characters"),
    ],
)
def test_a_wrong_identity_is_wrong_usage(
    script: Callable[..., Path], wrong_usage: Callable[..., str], option: str, message: str
) -> None:
    assert message in wrong_usage("serve", script(defining()), "--identity", option)
