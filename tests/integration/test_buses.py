"""Buses on real links: by name, by the port that was called, by the address that was called."""

import json
import os
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER
from support.server import Server, run_aoba
from support.waiting import eventually
from support.wire import Client, write_register_pdu

Serve = Callable[..., Server]
Script = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """A file of documents with one register in each station, by bus."""

    def write(name: str, *stations: tuple[str, int, int]) -> Path:
        path = tmp_path / f"{name}.json"
        document = [
            {"id": unit, "mode": "master", "map": {"holding": [register(value)]}}
            | ({"bus": bus} if bus else {})
            for bus, unit, value in stations
        ]
        path.write_text(json.dumps(document))
        return path

    return write


def register(value: int) -> dict[str, object]:
    return {"address_start": 0, "initial_values": [value]}


def read(address: str, port: int, unit: int = 1) -> int | str:
    """The register, or the exception, of who is called there."""
    with socket.create_connection((address, port), timeout=30) as connection:
        # transaction, protocol, length, unit, function 3, address, quantity
        try:
            connection.sendall(b"\0\1\0\0\0\6" + bytes([unit]) + b"\3\0\0\0\1")
            answer = connection.recv(100)
        except ConnectionError:
            return "closed"
    if not answer:
        return "closed"
    return f"exception {answer[8]}" if answer[7] & 0x80 else int.from_bytes(answer[9:], "big")


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody has at the moment."""
    # Other tests look for some at the same time.
    for first in range(21_000 + 10 * (os.getpid() % 1000), 60_000, 10):
        taken = []
        try:
            for port in range(first, first + count):
                taken.append(socket.create_server(("127.0.0.1", port)))  # noqa: PERF401  closed below
        except OSError:
            continue
        else:
            return first
        finally:
            for each in taken:
                each.close()
    raise AssertionError("no ports are free")


def ports(server: Server) -> list[int]:
    server.wait_for_log("listening on .*\n?")
    return [int(re.findall(r":(\d+)", line)[-1]) for line in server.logged("listening on tcp:")]


def test_a_link_serves_the_bus_that_it_names_and_no_other(
    serve: Serve, file: Callable[..., Path]
) -> None:
    server = serve(
        f"file:{file('a', ('', 1, 11))}",
        f"file:{file('b', ('', 1, 12))}?bus=north",
        f"file:{file('c', ('south', 1, 13), ('', 2, 14))}",
        options=(
            "--listen",
            "tcp://127.0.0.1:0?bus=north",
            "--listen",
            "tcp://127.0.0.1:0?bus=south",
        ),
    )
    eventually(lambda: len(server.logged("listening on tcp:")) == 3)
    main, north, south = ports(server)
    values = [[read("127.0.0.1", port, unit) for unit in (1, 2)] for port in (main, north, south)]
    assert sorted(values, key=str) == sorted(
        [[11, 14], [12, "exception 11"], [13, "exception 11"]], key=str
    )


def test_each_port_of_a_range_serves_the_bus_of_its_number(
    serve: Serve, file: Callable[..., Path]
) -> None:
    first = free_ports(4)
    path = file("a", (str(first), 1, 5), (str(first + 3), 1, 8))
    server = serve(
        f"file:{path}", options=("--listen", f"tcp://127.0.0.1:{first}-{first + 3}?bus={{port}}")
    )
    server.wait_for_log(f"listening on tcp://127.0.0.1:{first}-{first + 3}")
    found = [read("127.0.0.1", port) for port in range(first, first + 4)]
    assert found == [5, "exception 11", "exception 11", 8]


@pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is there on Linux only")
def test_each_address_of_a_network_serves_the_bus_of_its_name(
    serve: Serve, file: Callable[..., Path]
) -> None:
    path = file("a", ("127.9.0.5", 1, 5), ("127.9.255.254", 1, 6))
    port = free_ports(1)
    server = serve(f"file:{path}", options=("--listen", f"tcp://127.9.0.0/16:{port}?bus={{ip}}"))
    server.wait_for_log(f"listening on tcp://127.9.0.0/16:{port}")
    assert [read(f"127.9.{rest}", port) for rest in ("0.5", "255.254", "0.6")] == [
        5,
        6,
        "exception 11",
    ]
    assert not server.logged("is open to everyone")  # who can reach 127.9.0.0/16
    assert read("127.0.0.1", port) == "closed"  # one socket hears it, but it is no address of ours


def test_a_client_is_there_before_its_bus(serve: Serve, script: Script) -> None:
    path = script(
        RUN_NUMBER,
        """
        if run > 3:
            print(json.dumps([{"id": 1, "bus": "late", "mode": "master",
                "map": {"holding": [{"address_start": 0, "initial_values": [7]}]}}]))
        put(run)
        """,
    )
    server = serve(path, options=("--listen", "tcp://127.0.0.1:0?bus=late"))
    eventually(lambda: len(server.logged("listening on tcp:")) == 2)
    late = next(port for port in ports(server) if port != server.port)
    with Client(late) as client:
        assert client.ask(b"\3\0\0\0\1")[0] in (0x83, 3)
        eventually(lambda: client.ask(b"\3\0\0\0\1") == b"\3\2\0\7")


@pytest.mark.parametrize("unit", [1, 7, 247, 255])
def test_any_unit_id_means_the_only_station(
    serve: Serve, file: Callable[..., Path], unit: int
) -> None:
    server = serve(
        f"file:{file('a', ('', 1, 11))}",
        options=("--listen", "tcp://127.0.0.1:0?any_unit=true"),
    )
    eventually(lambda: len(server.logged("listening on tcp:")) == 2)
    answers = [read("127.0.0.1", port, unit) for port in ports(server) for _ in range(3)]
    expected = {1: {11}, 255: {11}}.get(unit, {11, "exception 11"})
    assert set(answers) == expected


def test_a_script_is_told_of_writes_on_each_bus(serve: Serve, script: Script) -> None:
    path = script(
        """
        import json, sys
        told = json.load(sys.stdin)
        seen = [(w.get("bus"), w["values"]) for w in told["writes"]]
        if seen:
            sys.stderr.write("told %s\\n" % json.dumps(seen))
            sys.stderr.write("has %s\\n" % json.dumps([s.get("bus") for s in told["stations"]]))
        stations = [{"id": 1, "mode": "slave", "bus": bus,
            "map": {"holding": [{"address_start": 0, "initial_values": [1]}]}}
            for bus in ("main", "north")]
        print(json.dumps({"stations": stations, "reboot_interval": 100}))
        """
    )
    server = serve(f"{path}?feed=writes", options=("--listen", "tcp://127.0.0.1:0?bus=north"))
    eventually(lambda: len(server.logged("listening on tcp:")) == 2)
    for port, value in zip(ports(server), (21, 22), strict=True):
        with Client(port) as client:
            client.ask(write_register_pdu(0, value))
    eventually(
        lambda: (
            len("".join(server.logged("told")))
            and _told(server)
            == {
                (None, 21 if ports(server)[0] == server.port else 22),
                ("north", 22 if ports(server)[0] == server.port else 21),
            }
        )
    )
    server.wait_for_log(r'has \[null, "north"\]')


def _told(server: Server) -> set[tuple[str | None, int]]:
    found = [json.loads(line.partition("told ")[2]) for line in server.logged("told")]
    return {(bus, value) for writes in found for bus, (value,) in writes}


def test_a_check_says_which_bus(file: Callable[..., Path]) -> None:
    spec = f"file:{file('a', ('', 1, 1), ('north', 1, 2))}"
    done = run_aoba("check", spec)
    assert re.findall(r"^.*station 1", done.stdout, re.MULTILINE) == [
        "station 1",
        "bus north station 1",
    ]
    stations = json.loads(run_aoba("check", spec, "--json").stdout)["stations"]
    assert [station.get("bus") for station in stations] == [None, "north"]
