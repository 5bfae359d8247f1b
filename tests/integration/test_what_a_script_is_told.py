"""What a script is told on stdin, with real clients that write, and whatever the script does."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import ModbusTcpClient

from support.documents import RUN_NUMBER, until_exists
from support.server import Server, run_aoba
from support.waiting import eventually
from support.wire import Client, write_register_pdu

pytestmark = pytest.mark.of_python

Serve = Callable[..., Server]
Script = Callable[..., Path]

EXAMPLES = Path(__file__).parents[2] / "examples"
TOLD = """
text = sys.stdin.read()
told = json.loads(text)
with open(os.path.join(os.path.dirname(sys.argv[0]), "told"), "a") as file:
    file.write(text + "\\n")
"""
SLAVE = """
def put_slave(**more):
    ranges = [{"address_start": 0, "length": 10}]
    station = {"id": 1, "mode": "slave", "map": {"holding": ranges, "coils": ranges}}
    print(json.dumps(dict({"stations": [station], "reboot_interval": 50}, **more)))
    sys.stdout.flush()
"""


def objects(folder: Path) -> list[dict[str, Any]]:
    """What the runs so far were told, in order."""
    path = folder / "told"
    whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
    return [json.loads(line) for line in whole.splitlines()]


def values_told(folder: Path) -> list[int]:
    return [value for told in objects(folder) for it in told["writes"] for value in it["values"]]


def write(client: Client, address: int, value: int) -> None:
    pdu = write_register_pdu(address, value)
    assert client.ask(pdu) == pdu


def test_every_write_is_told_once_and_in_order(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    server = serve(f"{script(RUN_NUMBER, SLAVE, TOLD, 'put_slave()')}?feed=writes")
    with Client(server.port) as client, Client(server.port) as other:
        for value in range(0, 200, 2):
            write(client, 3, value)
            write(other, 3, value + 1)
        eventually(lambda: len(values_told(tmp_path)) >= 200)
        eventually(lambda: objects(tmp_path)[-1]["writes"] == [])
    assert values_told(tmp_path) == list(range(200))
    runs = objects(tmp_path)
    assert [told["run"] for told in runs] == list(range(1, len(runs) + 1))
    assert (runs[0]["writes"], runs[0]["stations"]) == ([], [])
    assert len({it["client"] for told in runs for it in told["writes"]}) == 2
    assert {told["lost"] for told in runs} == {0}
    assert runs[-1]["stations"][0]["map"]["holding"] == [
        {"address_start": 0, "values": [0, 0, 0, 199, 0, 0, 0, 0, 0, 0]}
    ]


def test_writes_during_a_run_come_with_the_next_and_failed_runs_were_told_theirs(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    wait = "put_slave()\nif run != 2: sys.exit()\n" + until_exists(gate)
    server = serve(f"{script(RUN_NUMBER, SLAVE, TOLD, wait, 'sys.exit(3)')}?feed=writes")
    with Client(server.port) as client:
        eventually(lambda: len(objects(tmp_path)) == 2)
        write(client, 0, 7)
        gate.touch()
        server.wait_for_log("run 2: run failed: exit status 3")
        eventually(lambda: len(objects(tmp_path)) >= 4)
    assert [[it["values"] for it in told["writes"]] for told in objects(tmp_path)[:4]] == [
        [],
        [],
        [[7]],
        [],
    ]


def test_a_run_that_cannot_be_started_is_told_nothing(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    path = script(RUN_NUMBER, SLAVE, TOLD, "put_slave()")
    server = serve(f"{path}?feed=writes")
    with Client(server.port) as client:
        path.rename(tmp_path / "aside.py")
        server.wait_for_log("run failed: .*no such script")
        write(client, 1, 5)
        failed = len(objects(tmp_path))
        eventually(lambda: client.holding(1) == [5])
        (tmp_path / "aside.py").rename(path)
        eventually(lambda: len(objects(tmp_path)) > failed)
        write(client, 1, 6)
        eventually(lambda: values_told(tmp_path) == [5, 6])


def test_a_script_that_does_not_read_is_fed_in_vain(serve: Serve, script: Script) -> None:
    body = """
    if run % 2:
        sys.stdin.read(5)
    put(run, *[0] * 2000)
    """
    server = serve(f"{script(RUN_NUMBER, body)}?feed=writes")
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 6)
    assert not server.logged("failed")


def test_a_script_that_never_exits_is_told_once(serve: Serve, script: Script) -> None:
    body = """
    import time
    told = sys.stdin.read()
    n = 0
    while True:
        n += 1
        assert sys.stdin.read() == ""
        put(n)
        time.sleep(0.02)
    """
    server = serve(f"{script(RUN_NUMBER, body)}?feed=writes")
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 5)
    assert not server.logged("run 2")


def test_too_many_writes_cost_the_oldest(serve: Serve, script: Script, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    body = "put_slave()\nif run == 1:\n " + until_exists(gate).replace("\n", "\n ")
    server = serve(f"{script(RUN_NUMBER, SLAVE, TOLD, body)}?feed=writes")
    with Client(server.port) as client:
        pdus = [write_register_pdu(0, value) for value in range(10_050)]
        for start in range(0, len(pdus), 50):
            for pdu in pdus[start : start + 50]:
                client.send(struct.pack(">HHHB", 0, 0, 1 + len(pdu), 1) + pdu)
            for _ in range(50):
                client.answer()
        gate.touch()
        server.wait_for_log("WARNING .*run 2: clients wrote more since the last run than is kept")
        told = eventually(lambda: objects(tmp_path)[1:2])[0]
    assert told["lost"] == 50
    assert [it["values"] for it in told["writes"]] == [[value] for value in range(50, 10_050)]


def test_check_gives_an_object_without_writes(script: Script, tmp_path: Path) -> None:
    path = script(RUN_NUMBER, TOLD, "put(told['run'])\n")
    done = run_aoba("check", f"{path}?feed=writes")
    assert done.returncode == 0
    (told,) = objects(tmp_path)
    assert isinstance(told.pop("time"), float)
    assert told == {"run": 1, "writes": [], "lost": 0, "stations": []}


def test_without_feedback_stdin_is_at_its_end(serve: Serve, script: Script) -> None:
    body = "sys.stderr.write('stdin %r\\n' % sys.stdin.read())\nput(run)\n"
    serve(script(RUN_NUMBER, body)).wait_for_log("run 1: stdin ''")


@pytest.fixture(params=["external", "embedded"])
def tank(serve: Serve, request: pytest.FixtureRequest) -> Server:
    return serve(f"python:{request.param}:{EXAMPLES / 'tank.py'}?feed=writes")


def test_the_tank_follows_its_pump_and_its_set_point(tank: Server) -> None:
    with ModbusTcpClient("127.0.0.1", port=tank.port) as client:

        def level() -> float:
            registers = client.read_input_registers(0, count=2).registers
            return client.convert_from_registers(registers, client.DATATYPE.FLOAT32)

        before = level()
        eventually(lambda: level() < before - 0.4)  # it runs empty by itself
        set_point = client.convert_to_registers(before + 3.0, client.DATATYPE.FLOAT32)
        assert not client.write_registers(0, set_point).isError()
        assert not client.write_coil(0, value=True).isError()
        eventually(lambda: level() == before + 3.0)
        assert not client.write_coil(0, value=False).isError()
        eventually(lambda: level() < before + 2.6)
        assert client.read_holding_registers(0, count=2).registers == set_point
    tank.wait_for_log(r"WARNING .*tank.py run \d+: 127\.0\.0\.1 port \d+ wrote coils 0 = \[1\]")
