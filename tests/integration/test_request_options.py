"""Devices that want to be asked in their own way: options of every URL of a device."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.commands import done, refused
from support.documents import document, printing, station
from support.push import Push
from support.recording import Recording
from support.server import Server
from support.waiting import eventually
from support.wire import Client, read_pdu

Serve = Callable[..., Server]


def values(device: Recording, options: str, count: int) -> list[int]:
    line = json.loads(done("read", f"{device.url}?{options}", "holding", 0, count, "--json"))
    return line["values"]


def test_a_device_is_deaf_after_connecting() -> None:
    with Recording(deaf=0.5) as device:
        url = f"{device.url}?connect_delay=600ms"
        assert "0 1" in done("read", url, "holding", 0, 2, "--timeout", "5s", "--retries", 0)
        assert len(device.asked) == 1
        assert device.asked[0].at - device.opened_at[0] >= 0.6


def test_a_device_that_is_deaf_at_first_is_reached_with_the_defaults(serve: Serve) -> None:
    with Recording(deaf=3.0) as device:
        server = serve(f"modbus:{device.url}?holding=0-9")
        server.wait_for_log("first document: ")
        assert device.connections == 1


def test_time_between_an_answer_and_the_next_request() -> None:
    with Recording() as device:
        assert values(device, "delay=60ms", 400) == list(range(400))
        pauses = [b.at - a for a, b in zip(device.answered, device.asked[1:], strict=False)]
        assert len(pauses) == 3
        assert min(pauses) >= 0.055


def test_so_many_registers_in_a_request() -> None:
    with Recording() as device:
        assert values(device, "max_registers=50", 120) == list(range(120))
        assert device.spans() == [(0, 50), (50, 50), (100, 20)]
        device.asked.clear()
        done("write", f"{device.url}?max_registers=2", "holding", 10, 7, 8, 9)
        assert device.spans() == [(10, 2), (12, 1)]
        assert device.registers[9:14] == [9, 7, 8, 9, 13]


def test_a_value_is_not_torn_where_a_request_can_hold_it() -> None:
    with Recording() as device:
        done("read", f"{device.url}?max_registers=5", "holding", 0, 4, "--type", "float32")
        assert device.spans() == [(0, 4), (4, 4)]


@pytest.mark.parametrize(
    ("options", "arguments", "functions"),
    [
        ("single=true", (1, 2, 3), [6, 6, 6]),
        ("multiple=true", (1,), [16]),
        ("multiple=true", (1, 2), [16]),
        ("", (1,), [6]),
        ("", (1, 2), [16]),
    ],
)
def test_the_functions_that_a_device_knows(options, arguments, functions) -> None:
    with Recording() as device:
        done("write", f"{device.url}?{options}", "holding", 5, *arguments)
        assert device.functions() == functions
        assert device.registers[5 : 5 + len(arguments)] == list(arguments)


def test_a_device_that_is_busy_is_asked_again() -> None:
    with Recording(busy=3) as device:
        assert values(device, "busy_retries=3", 2) == [0, 1]
        assert len(device.asked) == 4
    with Recording(busy=3) as device:
        url = f"{device.url}?busy_retries=2"
        assert refused(1, "read", url, "holding", 0).startswith("exception 06, ")
        assert len(device.asked) == 3
    with Recording(busy=1) as device:
        assert refused(1, "read", device.url, "holding", 0).startswith("exception 06, ")


def test_blocks_of_a_source_are_asked_for_as_they_are_written(serve: Serve) -> None:
    with Recording() as device:
        server = serve(f"modbus:{device.url}?holding=80-119,0-39,40-79")
        with Client(server.port) as client:
            eventually(lambda: client.ask(read_pdu("holding", 0, 120))[0] == 3)
            assert client.holding(0, 120) == list(range(120))
        assert device.spans()[:3] == [(80, 40), (0, 40), (40, 40)]


def test_blocks_with_intervals_of_their_own(serve: Serve) -> None:
    with Recording() as device:
        serve(f"modbus:{device.url}?holding=0-9,10-19@1h&interval=50ms")
        eventually(lambda: device.spans().count((0, 10)) >= 10)
        assert device.spans().count((10, 10)) == 1


def test_the_connection_is_closed_between_polls(serve: Serve) -> None:
    with Recording() as device:
        serve(f"modbus:{device.url}?holding=0-9,10-19&keep_open=false&interval=300ms")
        eventually(lambda: device.connections >= 3)
        by_connection = {}
        for asked in device.asked:
            by_connection.setdefault(asked.connection, []).append(asked.span)
        assert by_connection[1] == [(0, 10), (10, 10)]
        assert by_connection[2] == [(0, 10), (10, 10)]


def test_writes_of_clients_are_passed_on_in_the_same_way(serve: Serve) -> None:
    with Recording() as device:
        server = serve(f"modbus:{device.url}?holding=0-9&write=true&single=true&interval=1h")
        with Client(server.port) as client:
            eventually(lambda: client.ask(read_pdu("holding", 0, 1))[0] == 3)
            device.asked.clear()
            # Write Multiple Registers: address 2, quantity 2, byte count 4, values 7 and 8
            assert client.ask(bytes.fromhex("10 0002 0002 04 0007 0008")) == bytes.fromhex(
                "10 0002 0002"
            )
            assert client.holding(0, 5) == [0, 1, 7, 8, 4]
        assert device.functions() == [6, 6]
        assert device.registers[2:4] == [7, 8]


def test_so_is_a_push(tmp_path: Path) -> None:
    script = tmp_path / "values.py"
    script.write_text(printing(document(station(1, holding=[7, 8, 9, 10, 11]))))
    with Recording() as device:
        url = f"{device.url}?max_registers=2&keep_open=false&delay=1ms"
        with Push(url, script):
            eventually(lambda: device.registers[:5] == [7, 8, 9, 10, 11])
        assert max(count for _, count in device.spans()) == 2


def test_stations_of_one_line_may_differ_in_what_they_stand(serve: Serve) -> None:
    with Recording() as device:
        one = f"modbus:{device.url}?unit=1&holding=0-9&max_registers=5&delay=1ms"
        two = f"modbus:{device.url}?unit=2&holding=0-9&delay=1ms"
        serve(one, two)
        eventually(lambda: {(0, 5), (5, 5), (0, 10)} <= set(device.spans()))
        assert "with other options; expected the same everywhere" in refused(
            2, "serve", one, f"modbus:{device.url}?unit=3&holding=0&delay=2ms"
        )
