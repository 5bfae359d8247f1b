"""`aoba push` to Aoba's own server and to that of pymodbus, over TCP and a serial line."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, Self

import pytest

from support.commands import done
from support.device import FAILING, STUCK, Device
from support.documents import document, printing, station
from support.lines import Cable
from support.push import Push, Values
from support.server import Server
from support.waiting import eventually


class Restartable(Protocol):
    url: str

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Own:
    """Aoba as the device, which like that of pymodbus forgets what it held."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._script = folder / "device.py"
        tables = {"holding": [0] * 200, "coils": [0] * 50}
        self._script.write_text(
            printing(document(*(station(i, "slave", **tables) for i in (1, 7))))
        )
        self._server: Server | None = None

    def start(self) -> None:
        self._server = Server(self._script, listen=self.url)
        if self.url.startswith("tcp:"):
            self.url = f"tcp://127.0.0.1:{self._server.port}"
        self._server.wait_for_log("listening on")

    def stop(self) -> None:
        if self._server:
            self._server.__exit__()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@pytest.fixture(params=["aoba tcp", "aoba rtu", "pymodbus tcp", "pymodbus rtu"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Restartable, str]]:
    """A device, and its URL for those who ask."""
    program, link = request.param.split()
    with ExitStack() as stack:
        line = stack.enter_context(Cable())
        url = "tcp://127.0.0.1:0" if link == "tcp" else f"rtu://{line.devices[0]}"
        device = stack.enter_context(Own(url, tmp_path) if program == "aoba" else Device(url))
        yield device, device.url if link == "tcp" else f"rtu://{line.devices[1]}?parity=E"


def held(url: str, unit: int, table: str, address: int, count: int = 1) -> list[int]:
    text = done("read", url, "--unit", unit, table, address, count, "--json")
    return json.loads(text)["values"]


def test_a_device_that_is_stopped_and_started_again_gets_the_newest_values(
    place: tuple[Restartable, str], tmp_path: Path
) -> None:
    device, url = place
    values = Values(tmp_path)

    def put(value: int) -> None:
        values.put(
            station(1, holding=[value] * 130, coils=[value % 2, 1]), station(7, holding=[value])
        )

    put(100)
    # Two at a time cannot ask over one serial line: the log says when all is written.
    with Push(url, values.script, options=("--retries", "0", "--timeout", "1s")) as push:
        push.wait_for_log("connected; 133 values written to 2 stations")
        seen = len(push.lines(url.partition("?")[0]))
        device.stop()
        put(101)
        push.wait_for_log("133 values of 2 stations wait")
        put(102)
        device.start()
        push.wait_for_log("back after .*; 133 values written to 2 stations")
        put(103)
        lost, *counted, back = push.lines(url.partition("?")[0])[seen:]
        assert lost.endswith("; 133 values of 2 stations wait")
        assert [line[:12] for line in counted] in (["same error, "], [])  # a line is slow to fail
        assert back.startswith("back after ")
    assert held(url, 1, "holding", 0, 130) in ([102] * 130, [103] * 130)
    assert held(url, 7, "holding", 0) in ([102], [103])
    assert held(url, 1, "coils", 0, 2) in ([0, 1], [1, 1])


@pytest.fixture
def device() -> Iterator[Device]:
    with Device() as device:
        yield device


def test_values_of_several_registers(device: Device, tmp_path: Path) -> None:
    ranges = [
        {"address_start": 0, "data_type": "float32", "initial_values": [17.1, -0.5]},
        {"address_start": 4, "data_type": "string", "length": 4, "initial_values": "PUMP 7"},
    ]
    values = Values(tmp_path)
    values.put({"id": 7, "mode": "master", "map": {"holding": ranges}})
    with Push(device.url, values.script, options=("--verify",)) as push:
        push.wait_for_log("connected; 3 values written to station 7")
        read = ("read", device.url, "--unit", 7, "holding")
        assert (
            done(*read, 0, 2, "--type", "float32") == "holding  0..1  17.1\n         2..3  -0.5\n"
        )
        assert "PUMP 7" in done(*read, 4, 4, "--type", "string")
        assert len(push.lines(device.url)) == 1


def test_a_device_that_keeps_its_own_value_is_found_out_once(
    device: Device, tmp_path: Path
) -> None:
    values = Values(tmp_path)
    ranges = [{"address_start": STUCK - 1, "initial_values": [1, 30, 4]}]
    values.put({"id": 1, "mode": "master", "map": {"holding": ranges}})
    with Push(device.url, values.script, options=("--verify", "--refresh", "200ms")) as push:
        push.wait_for_log(f"{STUCK} holding at station 1: wrote 30, and reads {STUCK}")
        done("write", device.url, "holding", STUCK + 1, 5)
        eventually(lambda: held(device.url, 1, "holding", STUCK + 1) == [4], "a refresh")
        ranges[0]["initial_values"][1] = STUCK  # what it has
        values.put({"id": 1, "mode": "master", "map": {"holding": ranges}})
        push.wait_for_log("same error, [0-9]+ times?: 3000 holding at station 1: wrote 30, and")
        push.wait_for_log("3000 holding at station 1: reads as written by now")
        assert len(push.logged("WARNING")) == 2
        assert push.stop()[0] == 0
        assert push.logged("INFO .* values written to station 1, .*; [0-9]+ differences?")


@pytest.mark.parametrize("code", [6])
def test_a_refusal_is_named_and_the_rest_is_written(
    device: Device, tmp_path: Path, code: int
) -> None:
    values = Values(tmp_path)
    ranges = [
        {"address_start": 0, "initial_values": [1]},
        {"address_start": FAILING + code, "initial_values": [5]},
    ]
    values.put({"id": 1, "mode": "master", "map": {"holding": ranges}})
    with Push(device.url, values.script) as push:
        push.wait_for_log(f"exception {code:02X}, .*: {FAILING + code} holding at station 1; not w")
        push.wait_for_log("connected; 1 value written to station 1")
        assert held(device.url, 1, "holding", 0) == [1]
