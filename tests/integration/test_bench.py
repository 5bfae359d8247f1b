"""The benchmark's own programs: its load notices what is wrong, and its servers can be compared."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"

pytestmark = pytest.mark.skipif(
    not (shutil.which("gcc") and sys.platform == "linux"), reason="needs gcc, and epoll"
)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    for name in ("load", "responder"):
        argv = ["gcc", "-Wall", "-Wextra", "-Werror", "-o", folder / name, BENCH / f"{name}.c"]
        subprocess.run(argv, check=True)
    return folder


def load(folder: Path, port: int, function: int = 3) -> subprocess.CompletedProcess[str]:
    """One connection, a tenth of a second in two turns, three registers."""
    argv = [folder / "load", str(port), "1", "3", "2", str(function)]
    return subprocess.run(
        argv, input="0.05\n0.05\n", capture_output=True, text=True, timeout=30, check=False
    )


def good_answer(request: bytes) -> bytes:
    return request[:4] + b"\0\x09" + request[6:8] + b"\x06\xff\xff\0\0\0\1"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda answer: answer, None),
        (lambda answer: b"\xff\xff" + answer[2:], "transaction id"),
        (lambda answer: answer[:5] + b"\x0a" + answer[6:], "length"),
        (lambda answer: answer[:6] + b"\2" + answer[7:], "unit id"),
        (lambda answer: answer[:7] + b"\x83\2", "exception"),
        (lambda answer: answer[:8] + b"\4" + answer[9:], "byte count"),
        (lambda answer: answer[:-1] + b"\0", "wrong values"),
        (lambda answer: answer + b"\0", "longer"),
        (lambda _: None, "closed a connection"),
    ],
)
def test_the_load_checks_each_answer(programs: Path, change, error: str | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_all, args=(listener, change))
        thread.start()
        done = load(programs, listener.getsockname()[1])
        thread.join()

    if error is None:
        assert done.returncode == 0
        ready, *results = done.stdout.splitlines()
        assert ready == "ready"
        assert [json.loads(result)["requests"] > 1 for result in results] == [True, True]
    else:
        assert (done.returncode, done.stdout) == (1, "")
        assert error in done.stderr


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda answer: answer, None),
        (lambda answer: answer[:5] + b"\x05" + answer[6:], "length"),
        (lambda answer: answer[:7] + b"\x90\2", "exception"),
        (lambda answer: answer[:9] + b"\7" + answer[10:], "wrong address"),
        (lambda answer: answer[:11] + b"\2", "quantity"),
    ],
)
def test_the_load_checks_each_write(programs: Path, change, error: str | None) -> None:
    requests: list[bytes] = []

    def written(request: bytes) -> bytes:
        requests.append(request[6:])
        return request[:5] + b"\6" + request[6:12]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_all, args=(listener, change, written))
        thread.start()
        done = load(programs, listener.getsockname()[1], 16)
        thread.join()

    assert done.returncode == (error is not None)
    assert (error or "") in done.stderr
    # Unit id, function, address, quantity, byte count; each register's address is its value.
    both = [b"\1\x10\0\0\0\3\6\0\0\0\1\0\2", b"\1\x10\0\1\0\3\6\0\1\0\2\0\3"]
    assert requests[:2] == both[: len(requests)]


def answer_all(listener: socket.socket, change, good=good_answer) -> None:
    connection, _ = listener.accept()
    with connection:
        try:
            while request := connection.recv(100):
                answer = change(good(request))
                if answer is None:
                    return
                connection.sendall(answer)
        except ConnectionError:
            return


def test_the_responder_takes_frames_as_they_come(programs: Path) -> None:
    def request(number: int, function: int, address: int, quantity: int) -> bytes:
        return struct.pack(">HHHBBHH", number, 0, 6, 1, function, address, quantity)

    argv = [programs / "responder"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            data = request(1, 3, 7, 2) + request(2, 4, 0, 1) + request(3, 3, 65535, 2)
            expected = (
                b"\0\1\0\0\0\7\1\3\4\0\7\0\x08" + b"\0\2\0\0\0\3\1\x84\1" + b"\0\3\0\0\0\3\1\x83\2"
            )
            with socket.create_connection(("127.0.0.1", int(process.stdout.readline()))) as client:
                for part in (data[:1], data[1:7], data[7:20], data[20:]):
                    client.sendall(part)
                got = b""
                while len(got) < len(expected):
                    got += client.recv(100)
            assert got == expected
        finally:
            process.kill()


def compare(*options: str) -> str:
    argv = [sys.executable, BENCH / "compare.py", "--seconds", "0.05", "--connections", "2"]
    environment = os.environ | {"COLUMNS": "80"}
    return subprocess.run(
        [*argv, "--quantities", "10", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment,
    ).stdout


needs_libmodbus = pytest.mark.skipif(
    not Path("/usr/include/modbus").exists(), reason="needs libmodbus"
)


@needs_libmodbus
def test_all_servers_are_compared() -> None:
    cells = json.loads(compare("--json", "--rounds", "1"))["measurements"]
    assert {cell["server"] for cell in cells} == {
        "aoba",
        "aoba, updating",
        "responder",
        "libmodbus",
        "pymodbus",
        "pyModbusTCP",
        "pyModbusTCP-1-core",
    }
    for cell in cells:
        assert cell["rate"] > 0
        assert cell["cpu"] > 0
        assert 0 < cell["p50"] <= cell["p99"] <= cell["p999"]


@needs_libmodbus
def test_the_table_fits_on_a_terminal() -> None:
    table = compare("--rounds", "2", "--servers", "pyModbusTCP-1-core")
    (names,) = (line for line in table.splitlines() if "req/s" in line)
    rows = [line.split() for line in table.splitlines() if "-1-core" in line]

    columns = ["server", "req/s", "ratio", "quartiles", "p50", "p99", "p99.9", "CPU", "ratio"]
    assert names.split() == columns
    assert [len(row) for row in rows] == [9]
    assert "\u2026" not in table  # nothing is cut
    assert max(map(len, table.splitlines())) <= 80
