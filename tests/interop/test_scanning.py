"""`aoba scan` and stations that other people's libraries make."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from aoba.modbus.checksums import crc16
from support.commands import done
from support.libmodbus import Slave, compiled
from support.lines import Cable, Pty, rtu

UNIT = 5
WAITS = 0.5  # libmodbus, for the answer to a question to another station


def found(url: str, *options: object) -> list[int]:
    scanned = json.loads(done("scan", url, "--json", *options))
    return [it["station"] for it in scanned["stations"]]


def test_a_slave_of_libmodbus_is_found(tmp_path: Path) -> None:
    program = compiled(tmp_path)
    with Cable() as cable, Slave(program, cable.devices[0], UNIT):
        assert found(f"rtu://{cable.devices[1]}", "--units", "4-5") == [UNIT]


class Slow(Pty):
    """Station 5, which misses what follows a question to another station too soon."""

    def __enter__(self) -> Self:
        self.requests: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.unplug()

    def _serve(self) -> None:
        deaf_until, request = 0.0, b""
        while not self._stop.is_set():
            request += self.receive(1, 0.05)
            if not request or crc16(request):
                continue
            self.requests.append(request[0])
            if request[0] != UNIT:
                deaf_until = time.monotonic() + WAITS
            elif time.monotonic() >= deaf_until:
                self.send(rtu(UNIT, bytes((0x80 | request[1], 1))))
            request = b""


def test_who_was_silent_is_asked_once_more_and_more_slowly() -> None:
    with Slow() as line:
        ended = done("scan", f"rtu://{line.device}", "--units", "4-5", "--timeout", "100ms")

    assert ended == (
        "station 5  answers with exception 01, illegal function\n"
        f"1 of 2 unit ids answers at rtu://{line.device}\n"
    )
    assert line.requests == [4, 5, 4, 5, 5]  # the last one for its identity


def test_once_is_enough_where_each_has_time() -> None:
    with Slow() as line:
        assert found(f"rtu://{line.device}", "--units", "4-5", "--timeout", "1s") == [UNIT]

    assert line.requests == [4, 5, 5]


@pytest.fixture(scope="module")
def py_modbus_tcp() -> Iterator[str]:
    server = pytest.importorskip("pyModbusTCP.server")
    identity = server.DeviceIdentification(
        vendor_name=b"Kesselbau", product_code=b"KN-7", major_minor_revision=b"2.1"
    )
    serving = server.ModbusServer("127.0.0.1", 0, no_block=True, device_id=identity)
    serving.start()
    try:
        yield f"tcp://127.0.0.1:{serving._service.socket.getsockname()[1]}"
    finally:
        serving.stop()


def test_names_of_who_tells_them_only_by_themselves(py_modbus_tcp: str) -> None:
    assert done("scan", py_modbus_tcp, "--units", 1) == (
        f"station 1  Kesselbau  KN-7  2.1\n1 of 1 unit id answers at {py_modbus_tcp}\n"
    )
