"""The two functions of `import aoba` in a script, on every Python that there is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import aoba
from aoba.sources.scripts.launching import script_environment
from aoba.sources.scripts.process_options import FOR_SCRIPTS, ProcessOptions
from support.pythons import VERSIONS, python

STATIONS = [{"id": 1, "mode": "master", "map": {"input": [{"address_start": 0, "length": 1}]}}]


def printed(capsys):
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("stations", [STATIONS, json.dumps(STATIONS), []])
def test_stations_are_printed_as_a_document(capsys, stations):
    aoba.push_stations(stations)
    expected = json.loads(stations) if isinstance(stations, str) else stations
    assert printed(capsys) == {"stations": expected}


@pytest.mark.parametrize("ms", [10, 1000, 86_400_000])
def test_an_interval_is_printed_as_a_document(capsys, ms):
    aoba.set_reboot_interval(ms)
    assert printed(capsys) == {"stations": [], "reboot_interval": ms}


@pytest.mark.parametrize(
    ("function", "argument", "kind", "text"),
    [
        (aoba.push_stations, "[", ValueError, "stations: not JSON: "),
        (aoba.push_stations, "{}", TypeError, "stations: expected a list, got dict"),
        (aoba.push_stations, None, TypeError, "stations: expected a list, got NoneType"),
        (aoba.push_stations, [{1}], TypeError, "Object of type set is not JSON serializable"),
        (aoba.set_reboot_interval, 9, ValueError, r"expected 10\.\.86400000 ms, got 9$"),
        (aoba.set_reboot_interval, 86_400_001, ValueError, "got 86400001$"),
        (aoba.set_reboot_interval, 1.5, TypeError, "expected an integer, got float"),
        (aoba.set_reboot_interval, True, TypeError, "expected an integer, got bool"),
        (aoba.set_reboot_interval, "10", TypeError, "expected an integer, got str"),
    ],
)
def test_misuse_is_told_and_prints_nothing(capsys, function, argument, kind, text):
    with pytest.raises(kind, match=text):
        function(argument)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_script_of_any_python_can_import_them(version, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import aoba\naoba.push_stations([])\naoba.push_stations(u'[]')\n"
        "aoba.set_reboot_interval(50)\n"
        "try:\n    aoba.push_stations('[')\nexcept ValueError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [python(version), script],
        check=False,
        env=script_environment(),
        capture_output=True,
        text=True,
    )
    first, second, third, fourth = done.stdout.splitlines()
    assert json.loads(first) == json.loads(second) == {"stations": []}
    assert json.loads(third) == {"stations": [], "reboot_interval": 50}
    assert fourth.startswith("stations: not JSON: ")
    assert done.stderr == ""


def test_the_rest_of_aoba_is_not_hidden_by_it():
    code = "import aoba, aoba.errors; print(aoba.__file__, aoba.errors.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env=script_environment(),
        capture_output=True,
        text=True,
    )
    own, rest = done.stdout.split()
    assert own.startswith(FOR_SCRIPTS)
    assert Path(rest).parent == Path(FOR_SCRIPTS).parent


def test_it_comes_last_in_the_path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/mine")
    assert script_environment()["PYTHONPATH"] == f"/mine{os.pathsep}{FOR_SCRIPTS}"
    monkeypatch.delenv("PYTHONPATH")
    assert script_environment()["PYTHONPATH"] == FOR_SCRIPTS


@pytest.mark.parametrize("before", [None, "/mine"])
def test_it_is_in_the_path_of_a_script_that_is_given_another(monkeypatch, before):
    if before:
        monkeypatch.setenv("PYTHONPATH", before)
    given = {
        path: ProcessOptions(variables=(("PYTHONPATH", path),)).environment(script_environment())
        for path in ("/srv/lib", "")
    }
    assert given["/srv/lib"]["PYTHONPATH"] == f"/srv/lib{os.pathsep}{FOR_SCRIPTS}"
    assert given[""]["PYTHONPATH"] == FOR_SCRIPTS


def test_a_module_of_the_script_s_own_comes_first(tmp_path):
    (tmp_path / "aoba.py").write_text("print('mine')")
    script = tmp_path / "script.py"
    script.write_text("import aoba")
    done = subprocess.run(
        [sys.executable, script],
        check=False,
        env=script_environment(),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "mine\n"
