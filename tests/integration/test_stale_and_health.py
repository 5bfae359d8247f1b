"""Stale values and the health of sources, as clients read them."""

import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, document, printing, until_exists
from support.server import Server, run_aoba
from support.waiting import eventually
from support.wire import Client, read_pdu, write_register_pdu

Serve = Callable[..., Server]
Script = Callable[..., Path]

WITHHELD = b"\x83\x04"
READ_HOLDING = read_pdu("holding", 0, 1)


def once(gate: Path, value: int = 7) -> str:
    """A script whose first run gives a document, and the others when `gate` is there."""
    return f"""
    if run > 1:
        if not os.path.exists({str(gate)!r}):
            sys.exit("sensor does not answer")
    put({value})
    """


def test_stale_values_are_refused_from_the_deadline_until_the_next_document(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    path = script(RUN_NUMBER, once(gate))
    server = serve(f"{path}?stale_after=500ms&on_stale=exception")
    with Client(server.port) as client:
        eventually(lambda: client.ask(READ_HOLDING) == WITHHELD)
        server.wait_for_log(
            r"WARNING .*source\.py: stale, newest document is \d\.\d s old; "
            r"reads answer exception 04$"
        )
        assert client.ask(read_pdu("holding", 0, 2)) == b"\x83\x02"  # which comes first
        assert client.ask(write_register_pdu(0, 9))[0] == 6
        time.sleep(0.2)  # three runs that fail
        gate.touch()
        eventually(lambda: client.ask(READ_HOLDING) == b"\x03\x02\0\x07")
    server.wait_for_log(r"INFO .*source\.py: fresh again, after \d+\.\d s$")
    assert len(server.logged("stale, newest")) == 1
    assert len(server.logged("fresh again")) == 1


def test_a_slow_run_does_not_put_off_the_deadline(serve: Serve, script: Script) -> None:
    body = "put(run, reboot_interval=86400000)\n"
    server = serve(f"{script(RUN_NUMBER, body)}?stale_after=300ms&on_stale=exception")
    with Client(server.port) as client:
        eventually(lambda: client.ask(READ_HOLDING) == WITHHELD)
    assert not server.logged("run 2")


def test_stale_values_as_zero_beside_fresh_ones(serve: Serve, script: Script) -> None:
    stale = script(printing(document(holding=[7, 8], interval=86_400_000)), name="stale.py")
    fresh = script(
        printing(
            '[{"id": 1, "mode": "master", "map": {"holding": '
            '[{"address_start": 2, "initial_values": [9]}]}}]'
        ),
        name="fresh.py",
    )
    server = serve(f"{stale}?stale_after=300ms&on_stale=zero", fresh)
    with Client(server.port) as client:
        eventually(lambda: client.holding(0, 3) == [0, 0, 9])
    server.wait_for_log("stale.py: stale, .*; reads answer zero$")
    assert not server.logged("fresh.py: stale")


def test_stale_values_that_hold(serve: Serve, script: Script) -> None:
    body = printing(document(holding=[7], interval=86_400_000))
    server = serve(f"{script(body)}?stale_after=300ms")
    with Client(server.port) as client:
        server.wait_for_log(
            r"stale, newest document is \d\.\d s old; reads answer the last values$"
        )
        assert client.holding() == [7]


def test_before_the_first_document_nothing_is_stale(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    path = script(RUN_NUMBER, until_exists(gate), "put(1)\n")
    server = serve(f"{path}?stale_after=100ms&on_stale=exception")
    port = int(server.wait_for_log(r"listening on tcp://127\.0\.0\.1:(\d+)")[1])
    with Client(port) as client:
        assert client.ask(READ_HOLDING) == b"\x83\x0b"
        gate.touch()
        eventually(lambda: client.ask(READ_HOLDING) == b"\x03\x02\0\x01")
    assert not server.logged("stale")


class Health:
    """The registers of a source's health, as a client reads them."""

    def __init__(self, client: Client) -> None:
        registers = client.read("input", 9000, 8)
        self.age, self.runs, self.failures, self.status, self.is_stale = struct.unpack(
            ">IIIhH", struct.pack(">8H", *registers)
        )


def test_health_of_a_source_that_dies_and_comes_back(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    path = script(RUN_NUMBER, once(gate))
    server = serve(f"{path}?stale_after=500ms&health=1:input:9000")
    with Client(server.port) as client:
        server.wait_for_log("reads answer the last values")
        health = Health(client)
        assert health.is_stale == 1
        assert health.age >= 500
        assert health.status == 1
        assert 1 <= health.failures <= health.runs
        assert eventually(lambda: Health(client).age > health.age)
        gate.touch()
        server.wait_for_log("fresh again")
        eventually(lambda: (Health(client).is_stale, Health(client).status) == (0, 0))
        eventually(lambda: Health(client).age < 500)


def test_health_before_the_first_document_and_of_a_run_that_was_killed(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    path = script(RUN_NUMBER, until_exists(gate), "os.kill(os.getpid(), 9)\n")
    server = serve(f"{path}?health=1:input:9000")
    port = int(server.wait_for_log(r"listening on tcp://127\.0\.0\.1:(\d+)")[1])
    with Client(port) as client:
        first = Health(client)
        assert (first.age, first.runs, first.failures) == (0xFFFFFFFF, 1, 0)
        assert (first.status, first.is_stale) == (0, 1)
        gate.touch()
        eventually(lambda: (Health(client).failures, Health(client).status) == (1, -9))
        path.unlink()
        eventually(lambda: Health(client).status == 127)
        assert Health(client).age == 0xFFFFFFFF


def test_health_stays_when_the_script_is_edited(serve: Serve, script: Script) -> None:
    path = script(printing(document(holding=[1], interval=50)))
    server = serve(f"{path}?health=1:input:9000")
    with Client(server.port) as client:
        script(printing(document(input=[2], interval=50)))
        server.wait_for_log("the script has changed")
        assert client.read("input", 0, 1) == [2]
        assert Health(client).is_stale == 0


def test_a_document_that_overlaps_the_health_of_its_source_is_refused(
    serve: Serve, script: Script
) -> None:
    body = printing(document(input=[1, 2]))
    server = serve(f"{script(body)}?health=1:input:1")
    server.wait_for_log(
        r"stations\[0\]\.map\.input\[0\]: station 1 input 1 already belongs to "
        r"the health of source\.py"
    )


@pytest.mark.parametrize("place", ["1:input:9000", "1:input:9007"])
def test_two_sources_with_their_health_in_the_same_registers(script: Script, place: str) -> None:
    one, two = script("", name="one.py"), script("", name="two.py")
    done = run_aoba("serve", f"{one}?health=1:input:9000", f"{two}?health={place}")
    assert done.returncode == 2
    assert done.stderr.startswith("aoba: health of two.py: station 1 input 900")
    assert done.stderr.endswith("already belongs to the health of one.py\n")
