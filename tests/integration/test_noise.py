"""What a script prints besides documents: none of it hides one, and none of it is an error."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, document, printing, station
from support.server import Server, run_aoba
from support.waiting import eventually
from support.wire import Client, read_pdu

Script = Callable[..., Path]
Serve = Callable[..., Server]

BARE = json.dumps([station(holding=[7])])

NOISE = [
    "[2026-01-01 12:00:00] INFO ready",
    "temps [21, 22]",
    "[21, 22]",
    "set {1, 2}",
    "{1, 2}",
    "found [] and {}",
    'state: {"it\'s": None}',
    '{"level": "info", "message": "ready", "id": 7}',
    '{\n  "level": "info"\n}',
    "reading { 5",
    "a=[",
    "[=====>    ] 50 %",
    "100 % [",
    "<Sensor {'a': [1, 2]}>",
    "\x1b[1;31mhot\x1b[0m",
]
BROKEN = [
    "[",
    "reading { 5",
    "a=[",
    '{"a',
    '{"a":',
    '{"a": [1,',
    '[{"id": 1,',
    '{"stations": [{"',
    "{[" * 40,
]


def test_noise_is_no_error(script: Script) -> None:
    coloured = f"\x1b[32m{document(coils=[1])}\x1b[0m"
    done = run_aoba("check", "--json", script(printing(*NOISE, coloured, f"\x1b[K{BARE}", *NOISE)))
    result = json.loads(done.stdout)

    assert (result["errors"], result["documents"]) == ([], 2), done.stderr
    assert done.returncode == 0
    assert "not JSON, skipped: temps [21, 22]\n" in done.stderr
    assert (
        "no document, skipped (stations[0]: expected an object, got 21): [21, 22]\n" in done.stderr
    )
    assert 'no document, skipped (`stations` is missing): { "level": "info" }\n' in done.stderr
    assert "\\x1b[32m" not in done.stderr


def test_a_run_of_nothing_but_noise_has_failed(script: Script) -> None:
    done = run_aoba("check", "--json", script(printing(*NOISE)))

    assert json.loads(done.stdout)["errors"] == ["run failed: printed no document"]


@pytest.mark.parametrize("mode", ["external", "embedded"])
def test_what_is_broken_hides_no_line_behind_it_in_any_run(
    serve: Serve, script: Script, mode: str
) -> None:
    body = f"print({BROKEN!r}[run % {len(BROKEN)}])\nput(run, reboot_interval=20)\n"
    server = serve(f"python:{mode}:{script(RUN_NUMBER, body)}")
    with Client(server.port) as client:
        eventually(lambda: client.holding() >= [2 * len(BROKEN)], "all of them twice")
    assert not server.logged("run failed")


@pytest.mark.parametrize("mode", ["external", "embedded"])
def test_no_broken_line_freezes_a_stream(serve: Serve, script: Script, mode: str) -> None:
    body = f"""
    import json, time
    broken = {BROKEN!r}
    for i in range(60000):
        holding = [{{"address_start": 0, "initial_values": [i]}}]
        document = [{{"id": 1, "mode": "master", "map": {{"holding": holding}}}}]
        print(json.dumps(document if i % 2 else {{"stations": document}}))
        if i < len(broken):
            print(broken[i])
        time.sleep(0.01)
    """
    server = serve(f"python:{mode}:{script(body)}")
    with Client(server.port) as client:
        for is_list in (True, False, True):
            eventually(lambda it=is_list: _is_behind_all(client.holding()[0], it), "what follows")


def _is_behind_all(value: int, is_list: bool) -> bool:
    return value > len(BROKEN) and value % 2 == is_list


def test_nor_does_one_in_a_file_or_a_pipe(serve: Serve, tmp_path: Path) -> None:
    file, fifo = tmp_path / "a.jsonl", tmp_path / "values"
    os.mkfifo(fifo)
    lines = [line for i, broken in enumerate(BROKEN) for line in (broken, document(input=[i + 1]))]
    file.write_text("\n".join(lines) + "\n")
    server = serve(f"file:{file}", f"pipe:{fifo}")
    with Client(server.port) as client:
        eventually(lambda: client.read("input", 0, 1) == [len(BROKEN)], "the last line of the file")
        with fifo.open("w", buffering=1) as writer:
            for i, broken in enumerate(BROKEN):
                writer.write(f"{broken}\n{json.dumps([station(holding=[i])])}\n")
                answer = bytes((3, 2, 0, i))
                eventually(lambda it=answer: client.ask(read_pdu("holding", 0, 1)) == it)
    server.stop()
    assert server.logged(rf"a\.jsonl: .*documents: {len(BROKEN)}$")
