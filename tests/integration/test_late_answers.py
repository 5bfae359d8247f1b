"""Devices that answer when nobody waits any more: no value is taken for another one.

Without transaction ids nothing but the order of requests says what an answer belongs to.
"""

import contextlib
import itertools
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from support.commands import command, done, refused
from support.lines import rtu
from support.misbehaving import Misbehaving
from support.push import Push, Values
from support.serial_device import Sends, SerialDevice, good_answer, late, values
from support.server import Server
from support.terminal import Screen
from support.waiting import eventually
from support.wire import Client

BENCH = Path(__file__).parents[2] / "bench" / "late_answers.py"

QUICK = ("--timeout", "300ms", "--retries", 1)
PATIENT = ("--timeout", "300ms", "--retries", 9)
LATE = 0.35
"""Seconds: later than a try has."""
SOON = 0.1
LATER = 0.8
"""When nobody waits any more, after one retry."""


def read(url: str, start: int, count: int, *options: object) -> list[int]:
    line = done("read", url, "holding", start, count, *PATIENT, "--json", *options)
    return json.loads(line)["values"]


def test_the_second_answer_to_a_retry_is_not_taken_for_the_next_block() -> None:
    with SerialDevice(late(LATE, SOON)) as device:
        assert read(device.url, 0, 250) == values(1, 0, 250)


def test_what_one_command_has_asked_for_is_not_taken_by_the_next_one() -> None:
    with SerialDevice(late(LATER)) as device:
        assert "no answer within 0.3 s" in refused(1, "read", device.url, "holding", 0, 5, *QUICK)
        assert read(device.url, 100, 5) == values(1, 100, 5)


def test_nothing_different_is_asked_of_a_device_that_stays_silent() -> None:
    """Whose answer, for all that is known, may still come."""
    with SerialDevice(late(LATER, 9)) as device:
        command("read", device.url, "holding", 0, 5, *QUICK)
        asked = set(device.requests)
    assert len(asked) == 1


def test_who_waits_at_a_terminal_is_told_why_and_can_end_it() -> None:
    arguments = ("holding", 0, 5, "--timeout", "2s", "--retries", 0)
    with (
        SerialDevice(lambda _: []) as device,
        Screen("read", device.url, *arguments, terminal=True) as screen,
    ):
        screen.shows("no answer within 2 s")
        screen.shows("waiting up to 4 s for late answers; Ctrl-C ends it")
        assert screen.stop() == 130


def test_a_value_that_was_written_late_is_not_read_as_another_one() -> None:
    with SerialDevice(late(LATE, SOON, LATE, SOON)) as device:
        assert "wrote 2 values" in done("write", device.url, "holding", 7, 1007, 1008, *PATIENT)
        assert "and read the same" in done(
            "write", device.url, "holding", 7, 1007, 1008, *PATIENT, "--verify"
        )


def test_readings_that_follow_each_other() -> None:
    delays = [LATE, SOON, 0, LATER, SOON, 0, LATE, SOON]
    with SerialDevice(late(*delays)) as device:
        arguments = ("read", device.url, "holding", 0, 200, *QUICK, "--watch", "20ms", "--json")
        argv = [sys.executable, "-m", "aoba", *map(str, arguments)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            lines = (json.loads(line) for line in process.stdout)
            readings = [line["values"] for line in itertools.islice(lines, 5) if "values" in line]
            process.terminate()
    assert readings
    assert all(reading == values(1, 0, 200) for reading in readings)


def answering_every_sixth_late() -> Callable[[bytes], list[tuple[float, bytes]]]:
    count = itertools.count(1)
    return lambda request: [(SOON / 2 if next(count) % 6 else LATE, good_answer(request))]


def test_several_blocks_and_two_sources_on_one_line(serve: Callable[..., Server]) -> None:
    options = "timeout=300ms&interval=20ms"
    with SerialDevice(answering_every_sixth_late()) as device:
        server = serve(
            f"modbus:{device.url}?holding=0-9,100-109,200-209&{options}",
            f"modbus:{device.url}?holding=300-309&as=2&{options}",
        )
        with Client(server.port) as client:
            eventually(lambda: client.holding(300, unit=2), "the second source")
            before = len(device.requests)
            while len(device.requests) < before + 40:
                for start, unit in ((0, 1), (100, 1), (200, 1), (300, 2)):
                    assert client.holding(start, 10, unit=unit) == values(1, start, 10)
    assert server.logged("no answer within 0.3 s")


def test_what_a_push_reads_back_is_what_it_has_written(tmp_path: Path) -> None:
    """And not what it has written elsewhere before."""
    script = Values(tmp_path)
    ranges = [{"address_start": at, "initial_values": values(1, at, 9)} for at in (0, 100, 200)]
    script.put({"id": 1, "mode": "master", "map": {"holding": ranges}})
    options = ("--verify", "--refresh", "100ms")
    with (
        SerialDevice(answering_every_sixth_late()) as device,
        Push(device.url, script.script, options=("--timeout", "300ms", *options)) as push,
    ):
        eventually(lambda: len(device.requests) > 40, "some rounds")
    assert not push.logged("and reads")


def test_a_station_that_answers_late_to_a_scan_is_not_the_next_one() -> None:
    def answer(request: bytes) -> Sends:
        return [(LATE, good_answer(request))] if request[0] == 5 else []

    with SerialDevice(answer) as device:
        said = command("scan", device.url, "--units", "5-7", "--timeout", "300ms").stdout
    assert not [line for line in said.splitlines() if line.startswith(("station 6", "station 7"))]


class SerialServer:
    """A serial device behind a TCP port; use as a context manager.

    It brings what the device answers, after `delays`, to whoever is connected then, or is the next
    to connect. It parts from a client that says nothing for `patience` seconds.
    """

    def __init__(self, patience: float, *delays: float) -> None:
        self._patience, self._delays = patience, list(delays)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._client: socket.socket | None = None
        self._kept = b""
        self._timers: list[threading.Timer] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.url = f"rtu+tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.brought_to_another = 0
        """Answers that found another client than the one who had asked."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock, contextlib.suppress(OSError):
            if self._client:
                self._client.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.settimeout(self._patience)
                with client, contextlib.suppress(OSError):
                    self._serve(client)
                self._client = None

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._client, kept, self._kept = client, self._kept, b""
        client.sendall(kept)
        self.brought_to_another += bool(kept)
        while request := client.recv(300):
            delay = self._delays.pop(0) if self._delays else 0.0
            timer = threading.Timer(delay, self._bring, (client, good_answer(request)))
            self._timers.append(timer)
            timer.start()

    def _bring(self, who_asked: socket.socket, answer: bytes) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._client:
                self._client.sendall(answer)
                self.brought_to_another += self._client is not who_asked
            else:
                self._kept += answer


def test_a_serial_server_that_brings_late_answers_over_the_next_connection(
    serve: Callable[..., Server],
) -> None:
    with SerialServer(0.6, 0.9, 0.9, 0.9) as device:
        server = serve(
            f"modbus:{device.url}?holding=0-9,100-109,200-209&timeout=300ms&interval=20ms"
        )
        with Client(server.port) as client:
            for start in (0, 100, 200):
                eventually(lambda: client.holding(start, 10) == values(1, start, 10))  # noqa: B023
            server.wait_for_log("well again")
            for start in (0, 100, 200):
                assert client.holding(start, 10) == values(1, start, 10)
        assert device.brought_to_another


def zero(request: bytes, transaction: bytes = b"\0\0") -> bytes:
    """The good answer of a Modbus TCP device that does not copy the transaction id."""
    pdu = good_answer(rtu(request[6], request[7:]))[1:-2]
    return transaction + request[2:4] + struct.pack(">HB", 1 + len(pdu), request[6]) + pdu


def test_a_device_whose_transaction_id_is_always_zero_is_believed() -> None:
    with Misbehaving(zero) as device:
        assert read(device.url, 0, 250, "--timeout", "10s") == values(1, 0, 250)


def test_but_not_when_it_was_silent() -> None:
    """The answer to the retry may be the late one to what was asked before it."""
    answers = iter((b"", zero, b"", b""))

    def answer(request: bytes) -> bytes:
        it = next(answers)
        return it(request) if it else b""

    with Misbehaving(answer) as device:
        says = refused(1, "read", device.url, "holding", 0, 2, *QUICK)
    assert "only an answer to another transaction (0000 instead of 0001) came within 0.3 s" in says


def test_one_that_has_used_other_ids_has_no_zero() -> None:
    answers = iter((zero, zero, zero))

    def answer(request: bytes) -> bytes:
        is_first = request[:2] == b"\0\1"
        return next(answers)(request, request[:2] if is_first else b"\0\0")

    with Misbehaving(answer) as device:
        says = refused(1, "read", device.url, "holding", 0, 250, *QUICK)
    assert "only an answer to another transaction (0000 instead of 0002) came within 0.3 s" in says


def test_after_a_silence_another_connection_believes_it_again(
    serve: Callable[..., Server],
) -> None:
    count = itertools.count(1)

    def answer(request: bytes) -> bytes:
        return b"" if next(count) % 5 == 0 else zero(request)

    with Misbehaving(answer) as device:
        server = serve(f"modbus:{device.url}?holding=0-9,100-109&timeout=300ms&interval=20ms")
        with Client(server.port) as client:
            eventually(lambda: device.connections > 2)
            for start in (0, 100):
                assert client.holding(start, 10) == values(1, start, 10)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo-terminals")
def test_random_delays() -> None:
    """For a few seconds; `make bench-late` takes ten minutes."""
    argv = [sys.executable, BENCH, "--seconds", "6", "--seed", "3"]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [line.split(":")[0] for line in ended.stdout.splitlines()] == [
        "read_again_and_again",
        "watch",
        "gateway",
    ]
