"""What a script finds when it starts, compared with a plain start where that is the measure."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.documents import RUN_NUMBER, document
from support.server import PROC, Server
from support.waiting import eventually
from support.wire import Client

pytestmark = pytest.mark.of_python

Script = Callable[..., Path]

REPORTER = """
import json, os, signal, sys
def is_open(number):
    try:
        os.fstat(number)
        return True
    except OSError:
        return False
def lines(*names):
    with open("/proc/self/status") as file:
        return [line for line in file if line.startswith(names)]
report = {
    "descriptors": [number for number in range(1024) if is_open(number)],
    "signals": {n: str(signal.getsignal(n)) for n in sorted(signal.valid_signals())},
    "in_kernel": lines("SigIgn", "SigBlk") if os.path.exists("/proc/self/status") else [],
    "group": os.getpgrp() == os.getpid(),
    "stdin": sys.stdin.read(),
    "terminal": sys.stdin.isatty(),
    "encodings": [stream.encoding.lower() for stream in (sys.stdout, sys.stderr)],
    "environment": dict(os.environ),
    "directory": os.getcwd(),
    "argv": sys.argv,
    "umask": os.umask(0),
}
with open(sys.argv[1] + ".draft", "w") as file:
    json.dump(report, file)
os.rename(sys.argv[1] + ".draft", sys.argv[1])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    reporter = REPORTER + f"print({document(holding=[1], interval=60_000)!r})\n"
    (folder / "reporter.py").write_text(reporter)
    return folder


@pytest.fixture(scope="module")
def served(shared_serve: Callable[..., Server], folder: Path) -> dict[str, Any]:
    """The report of a script that Aoba runs, in the C locale."""
    report = folder / "served.json"
    source = f"reporter.py?args={report}+two"
    shared_serve(source, cwd=folder, env={"LC_ALL": "C", "AOBA_RUN": "7", "OF_AOBA": "here"})
    eventually(report.exists)
    return json.loads(report.read_text())


@pytest.fixture(scope="module")
def plain(folder: Path) -> dict[str, Any]:
    """The report of the same script, started by hand."""
    report = folder / "plain.json"
    argv = [sys.executable, folder / "reporter.py", report]
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return json.loads(report.read_text())


def test_it_inherits_no_descriptor(served: dict[str, Any]) -> None:
    assert served["descriptors"] == [0, 1, 2]


def of_scripts(line: str) -> str:
    """The line of /proc without signals 32 and 33, which a script cannot reach.

    They are the C library's own, and whether they are ignored depends on how it starts a process:
    by `posix_spawn`, which Python uses for some processes and from 3.12 on for more, or by `fork`.
    """
    name, _, signals = line.partition(":")
    return f"{name}: {int(signals, 16) & ~(0b11 << 31):x}"


def test_its_signals_are_as_in_a_plain_start(served: dict[str, Any], plain: dict[str, Any]) -> None:
    assert served["signals"] == plain["signals"]
    assert [of_scripts(line) for line in served["in_kernel"]] == [
        of_scripts(line) for line in plain["in_kernel"]
    ]
    assert bool(served["in_kernel"]) == PROC


def test_it_leads_a_process_group_of_its_own(served: dict[str, Any]) -> None:
    assert served["group"]


def test_its_stdin_is_at_its_end(served: dict[str, Any]) -> None:
    assert served["stdin"] == ""
    assert not served["terminal"]


def test_its_streams_are_utf_8_whatever_the_locale(served: dict[str, Any]) -> None:
    assert served["environment"]["LC_ALL"] == "C"
    assert served["encodings"] == ["utf-8", "utf-8"]


def test_its_environment_is_aobas_with_two_more_names(served: dict[str, Any], folder: Path) -> None:
    environment = served["environment"]
    assert environment["AOBA_RUN"] == "1"
    assert environment["AOBA_SCRIPT"] == str(folder / "reporter.py")
    assert environment["OF_AOBA"] == "here"
    assert environment["PATH"] == os.environ["PATH"]


def test_it_works_in_aobas_directory(served: dict[str, Any], folder: Path) -> None:
    assert served["directory"] == str(folder)


def test_it_gets_its_arguments(served: dict[str, Any], folder: Path) -> None:
    path, *arguments = served["argv"]
    assert path == str(folder / "reporter.py")
    assert arguments == [str(folder / "served.json"), "two"]


def test_its_umask_is_as_in_a_plain_start(served: dict[str, Any], plain: dict[str, Any]) -> None:
    assert served["umask"] == plain["umask"]


def test_runs_are_numbered_from_one(serve: Callable[..., Server], script: Script) -> None:
    server = serve(script(RUN_NUMBER, "sys.stderr.write('this is %d\\n' % run)\nput(run)\n"))
    for number in (1, 2, 3):
        server.wait_for_log(rf"WARNING source\.py run {number}: this is {number}$")
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 3)


def test_text_beyond_ascii_reaches_the_log(serve: Callable[..., Server], script: Script) -> None:
    body = "sys.stderr.write(u'Kessel: 21 \\u00b0C \\u6e29\\n')\nprint(u'\\u00fcbrig')\nput(1)\n"
    server = serve(script(RUN_NUMBER, body), env={"LC_ALL": "C"})
    server.wait_for_log("run 1: Kessel: 21 °C 温$")
    server.wait_for_log("not JSON, skipped: übrig$")


def test_control_characters_cannot_forge_a_line_of_the_log(
    serve: Callable[..., Server], script: Script
) -> None:
    body = "sys.stderr.write('a\\x1b[2J\\rERROR forged\\n')\nput(1)\n"
    server = serve(script(RUN_NUMBER, body))
    server.wait_for_log(r"WARNING source\.py run 1: a\\x1b\[2J\\x0dERROR forged$")
