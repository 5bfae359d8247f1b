"""Wrong usage: exit code 2, nothing on stdout, one line on stderr that says what is accepted."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.server import run_aoba

Filled = Callable[[str], str]
Wrong = Callable[..., str]

SPECS = {
    "a script that does not exist": ("{folder}/gone.py", "{folder}/gone.py: no such script"),
    "the same, relative": ("gone.py", "gone.py: no such script"),
    "a folder": ("python:{folder}", "{folder}: a folder without a __main__.py; expected"),
    "a path under a file": ("{script}/below.py", "no such script"),
    "a name that is too long": ("x" * 300 + ".py", "no such script"),
    "no path": ("python:external:", "the path of the script is missing"),
    "an unknown mode": ("python:internal:{script}", "unknown mode 'internal'; expected python:"),
    "an unknown kind": ("ruby:{script}x", "not a source; expected PATH.py, python:external:PATH"),
    "not a .py file": ("{folder}", "not a source; expected"),
    "nothing": ("", "not a source; expected"),
    "a name of two lines": ("two\nlines.py", "two lines.py: no such script"),
    "an unknown option": ("{script}?timeot=5", "unknown option 'timeot', did you mean timeout?"),
    "a strange option": ("{script}?q=5", "unknown option 'q', known here: python, args, timeout"),
    "an option twice": ("{script}?timeout=5&timeout=6", "option 'timeout' is given twice"),
    "no name=value": ("{script}?timeout", "after the ? come name=value pairs"),
    "a bad duration": ("{script}?timeout=soon", "'timeout': expected seconds, or a number with ms"),
    "a negative duration": ("{script}?timeout=-1", "expected seconds"),
    "a duration of nothing": ("{script}?timeout=0", "expected seconds"),
    "an interpreter that is none": ("{script}?python=nopython", "'nopython' is not an interpreter"),
    "an interpreter that is a folder": ("{script}?python={folder}", "is not an interpreter"),
    "a NUL in an argument": ("{script}?args=%00", "an argument cannot have a NUL character in it"),
    "a rule for stale values without a time": (
        "{script}?on_stale=zero",
        "option 'on_stale' goes with stale_after",
    ),
    "an unknown rule": (
        "{script}?stale_after=5s&on_stale=ff",
        "expected hold or exception or zero",
    ),
    "a place that is none": ("{script}?health=1:coils:0", "'health': expected UNIT:TABLE:ADDRESS"),
    "a size without a unit": ("{script}?memory=256", "'memory': expected a number with GiB"),
    "half a second of CPU": ("{script}?cpu=500ms", "'cpu': expected whole seconds, as in 10s"),
    "too nice": ("{script}?nice=20", "'nice': expected 0..19, got '20'"),
    "feedback of what there is none": ("{script}?feed=reads", "'feed': expected writes"),
    "an open quote": ("{script}?args=%22x", "No closing quotation"),
}
LISTENS = {
    "an unknown scheme": ("http://127.0.0.1:5020", "unknown link 'http'; expected tcp://HOST:PORT"),
    "no scheme": ("127.0.0.1:5020", "expected tcp://HOST:PORT"),
    "no port": ("tcp://127.0.0.1", "the port is missing; expected"),
    "no host": ("tcp://:5020", "the host is missing; expected"),
    "a port out of range": ("tcp://127.0.0.1:65536", "Port out of range 0-65535; expected"),
    "a port that is no number": ("tcp://127.0.0.1:modbus", "expected tcp://HOST:PORT"),
    "a negative port": ("tcp://127.0.0.1:-1", "expected tcp://HOST:PORT"),
    "an open bracket": ("tcp://[::1:5020", "expected tcp://HOST:PORT"),
    "an unknown option": ("tcp://127.0.0.1:0?x=1", "unknown option 'x', known here: max_clients"),
    "a path": ("tcp://127.0.0.1:0/x", "unknown path 'x'; expected"),
    "a user": ("tcp://me@127.0.0.1:0", "unknown user 'me'; expected"),
    "a host that can be none": ("tcp://plant..local:5020", "'plant..local' is no host; expected"),
    "nothing": ("", "expected tcp://HOST:PORT"),
}
COMMANDS = {
    "no source": (["serve"], "nothing to serve; expected one or more of PATH.py, python"),
    "an unknown log level": (["serve", "{script}", "--log-level", "loud"], "'loud'"),
    "an unknown log format": (["serve", "{script}", "--log-format", "xml"], "'xml'"),
    "an unknown option": (["serve", "{script}", "--lisen", "tcp://127.0.0.1:0"], "--lisen"),
    "an option without its value": (["serve", "{script}", "--listen"], "--listen"),
    "an unknown command": (["server", "{script}"], "server"),
    "check without a source": (["check"], "Missing argument 'SOURCE'"),
    "check of two sources": (["check", "{script}", "{script}"], "unexpected"),
    "check of a script that does not exist": (["check", "gone.py"], "gone.py: no such script"),
    "schema of something": (["schema", "x"], "unexpected"),
}


@pytest.fixture
def filled(tmp_path: Path, script: Callable[..., Path]) -> Filled:
    path = script("print('never run')\n")
    return lambda text: text.replace("{script}", str(path)).replace("{folder}", str(tmp_path))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("spec", "says"), SPECS.values(), ids=SPECS)
def test_a_wrong_source(filled: Filled, wrong_usage: Wrong, spec: str, says: str) -> None:
    assert filled(says) in wrong_usage("check", filled(spec))


@pytest.mark.parametrize(("url", "says"), LISTENS.values(), ids=LISTENS)
def test_a_wrong_url(filled: Filled, wrong_usage: Wrong, url: str, says: str) -> None:
    assert says in wrong_usage("serve", filled("{script}"), "--listen", url)


@pytest.mark.parametrize(("arguments", "says"), COMMANDS.values(), ids=COMMANDS)
def test_a_wrong_command(
    filled: Filled, wrong_usage: Wrong, arguments: list[str], says: str
) -> None:
    assert says in wrong_usage(*map(filled, arguments))


def test_as_a_process_of_its_own(filled: Filled) -> None:
    done = run_aoba("serve", filled("{folder}/gone.py"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == filled("aoba: {folder}/gone.py: no such script\n")


def test_no_command_shows_the_help_and_says_so() -> None:
    done = run_aoba()
    assert done.returncode == 2
    assert done.stdout.startswith("Usage: aoba ")
    accepted = "serve, publish, push, check, schema, read, write, scan or ports"
    assert done.stderr == f"aoba: no command given; expected {accepted}\n"


def test_one_wrong_source_of_two_is_enough(
    filled: Filled, wrong_usage: Wrong, tmp_path: Path
) -> None:
    line = wrong_usage("serve", filled("{script}"), "--data-source", "python:gone.py")
    assert line == f"{tmp_path / 'gone.py'}: no such script"


def test_without_an_interpreter_in_the_path(filled: Filled) -> None:
    environment = {**os.environ, "PATH": "/no/such/folder"}
    done = run_aoba("check", filled("{script}"), env=environment)
    assert done.returncode == 2
    assert done.stderr == (
        "aoba: neither python3 nor python is in the PATH; name one with ?python=PATH\n"
    )
