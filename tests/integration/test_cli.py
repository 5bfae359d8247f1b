"""The command line as a user meets it: version, help, schema, and the two kinds of log."""

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from aoba.sources.kinds import SOURCES
from support.documents import RUN_NUMBER, document, printing
from support.server import AOBA, Server, run_aoba
from support.waiting import DEADLINE

pytestmark = pytest.mark.of_python

SEED = Path(__file__).parent / "seed"
Script = Callable[..., Path]
COLOUR = "\x1b["


def test_the_version() -> None:
    done = run_aoba("--version")
    assert (done.returncode, done.stdout) == (0, f"aoba {version('aoba')}\n")


@pytest.mark.parametrize("command", [[], ["serve"], ["check"], ["schema"]])
def test_help_comes_quickly(command: list[str]) -> None:
    seconds = []
    while not seconds or (min(seconds) > 2 and len(seconds) < 3):  # the machine may be busy once
        started = time.monotonic()
        done = run_aoba(*command, "--help")
        seconds.append(time.monotonic() - started)
        assert done.returncode == 0
        assert done.stdout.startswith(f"Usage: {' '.join(['aoba', *command])} ")
    assert min(seconds) < 2


def test_the_help_has_a_line_for_each_kind_of_source() -> None:
    lines = [line.strip() for line in run_aoba("serve", "--help").stdout.splitlines()]
    for name in SOURCES:
        assert any(line.startswith(f"{name}:") or f"; {name}:" in line for line in lines), name


def test_no_command_is_described_by_half_a_sentence() -> None:
    commands = run_aoba("--help").stdout.partition("Commands:")[2]
    assert commands
    assert "..." not in commands


def test_the_command_is_installed_under_its_name() -> None:
    command = Path(sys.executable).parent / "aoba"
    if not command.exists():
        pytest.skip("aoba is not installed, only importable")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("aoba ")


def test_the_schema_names_every_field_and_limit() -> None:
    done = run_aoba("schema")
    assert done.returncode == 0
    schema = json.loads(done.stdout)
    definitions = schema["$defs"]
    station = definitions["Station"]
    assert station["required"] == ["id", "mode", "map"]
    assert (station["properties"]["id"]["minimum"], station["properties"]["id"]["maximum"]) == (
        1,
        247,
    )
    assert station["properties"]["mode"]["enum"] == ["master", "slave"]
    tables = {"coils", "discrete_inputs", "holding", "input"}
    assert set(definitions["RegisterMap"]["properties"]) == tables
    interval = definitions["Document"]["properties"]["reboot_interval"]
    assert (interval["minimum"], interval["maximum"]) == (10, 86_400_000)
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(schema)
    for value, is_right in ((-1, False), (0, True), (65535, True), (65536, False)):
        assert validator.is_valid(json.loads(document(holding=[value]))) is is_right


def test_the_schema_accepts_what_is_served_and_nothing_else() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(run_aoba("schema").stdout)
    texts = [(SEED / "format1_document.json").read_text()]
    texts += (SEED / "format2_lines.jsonl").read_text().splitlines()
    for text in texts:
        jsonschema.validate(json.loads(text), schema)
        jsonschema.validate(json.loads(text)["stations"], schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads(text.replace("master", "boss")), schema)


def test_every_line_of_a_json_log_is_an_object(
    serve: Callable[..., Server], script: Script
) -> None:
    body = """
    sys.stderr.write('say "\\u00b0C"\\x1b[2J\\tnow\\n')
    sys.stderr.write("two\\n")
    put(70000 if run == 2 else run)
    """
    server = serve(script(RUN_NUMBER, body), options=["--log-format", "json"])
    server.wait_for_log("got 70000")
    server.wait_for_log("run 4")
    server.stop()
    lines = [json.loads(line) for line in server.log]
    assert all({"time", "level", "message"} <= line.keys() for line in lines)
    said = next(line for line in lines if "say" in line["message"])
    assert said["message"] == 'source.py run 1: say "°C"\x1b[2J\tnow'
    assert (said["level"], said["source"], said["run"]) == ("WARNING", "source.py", 1)
    error = next(line for line in lines if "got 70000" in line["message"])
    assert (error["level"], error["source"], error["run"]) == ("ERROR", "source.py", 2)
    assert re.fullmatch(r"listening on tcp://127\.0\.0\.1:\d+", _message(lines, "listening"))


def test_the_level_decides_what_is_logged(serve: Callable[..., Server], script: Script) -> None:
    path = script(RUN_NUMBER, "sys.stderr.write('hm\\n')\nput(70000)\n")
    server = serve(path, options=["--log-level", "error"])
    server.wait_for_log("got 70000")
    server.stop()
    assert not server.logged("hm|listening|stopping")


@pytest.mark.parametrize("no_colour", [False, True])
def test_colours_are_for_terminals_only(script: Script, no_colour: bool) -> None:
    path = script(printing(document(holding=[1])))
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        **({"NO_COLOR": "1"} if no_colour else {}),
    }
    master, terminal = pty.openpty()
    with subprocess.Popen(
        [*AOBA, "serve", path, "--listen", "tcp://127.0.0.1:0"],
        stdin=subprocess.DEVNULL,
        stderr=terminal,
        env=environment,
    ) as process:
        try:
            os.close(terminal)
            text = _read_until(master, b"listening on")
        finally:
            process.terminate()
            process.wait(DEADLINE)
            os.close(master)
    assert (COLOUR in text) is not no_colour


def test_no_colours_in_a_pipe(serve: Callable[..., Server], script: Script) -> None:
    path = script(printing(document(holding=[1])))
    server = serve(path)
    server.wait_for_log("listening")
    assert not server.logged(re.escape(COLOUR))
    assert COLOUR not in run_aoba("check", path).stdout


def test_a_reader_of_stdout_that_leaves_is_no_traceback() -> None:
    with subprocess.Popen([*AOBA, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as it:
        it.stdout.close()
        assert b"Traceback" not in it.stderr.read()


def _message(lines: list[dict[str, str]], part: str) -> str:
    return next(line["message"] for line in lines if part in line["message"])


def _read_until(descriptor: int, part: bytes) -> str:
    data = b""
    while part not in data:
        data += os.read(descriptor, 4096)
    return data.decode()
