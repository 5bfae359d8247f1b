import os
from pathlib import Path

import pytest

from aoba.errors import RunError, UsageError
from aoba.sources.registry import parse_spec
from aoba.sources.scripts.runners.exec import FORM, ExecRunner


@pytest.fixture
def program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "meter"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_path(program):
    spec = parse_spec("exec:meter")

    assert (spec.file, spec.name, spec.full_name) == (program, "meter", str(program))
    assert (spec.timeout, spec.first_interval) == (30.0, 1.0)


def test_options(program):
    spec = parse_spec("exec:./meter?args=-n+1&interval=2s&timeout=5&feed=writes&nice=5&bus=north")

    assert (spec.file, spec.args, spec.first_interval) == (program, ("-n", "1"), 2.0)
    assert (spec.timeout, spec.feed, spec.limits.nice, spec.bus) == (5.0, "writes", 5, "north")


def test_a_name_in_the_path(program, monkeypatch, tmp_path):
    monkeypatch.chdir(os.sep)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert parse_spec("exec:meter").file == program


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exec:", f"the path of the program is missing; expected {FORM}"),
        ("exec:gone", "/gone: no such program; expected a path, or a name in the PATH"),
        ("exec:./gone", "/gone: no such program"),
        ("exec:folder", "/folder: not a file; expected a program"),
        ("exec:plain", "/plain: not executable; `chmod +x "),
        ("exec:meter?start=warm", "unknown option 'start', known here: args"),
        ("exec:meter?on_stale=zero", "option 'on_stale' goes with stale_after"),
    ],
)
def test_what_is_wrong_is_told(text, says):
    Path("folder").mkdir()
    Path("plain").write_text("")

    with pytest.raises(UsageError) as caught:
        parse_spec(text)

    assert says in str(caught.value)


@pytest.mark.usefixtures("program")
def test_no_run_of_a_program_is_a_simple_one():
    runner = ExecRunner(parse_spec("exec:meter"))

    assert not runner.is_ready()
    with pytest.raises(RunError):
        runner.submit()
