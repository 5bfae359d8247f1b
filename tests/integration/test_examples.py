"""Every script in examples/: runs alone, passes `aoba check`, and gives the values it promises."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support.embedded import Hosted

EXAMPLES = Path(__file__).parents[2] / "examples"
ALL = sorted(path.name for path in EXAMPLES.glob("*.py"))
SHORT = [name for name in ALL if name != "stream.py"]
DEADLINE = 20.0  # generous: it is reached only where something is broken


@pytest.fixture(autouse=True)
def database(tmp_path, monkeypatch):
    path = tmp_path / "readings.db"
    monkeypatch.setenv("READINGS_DB", str(path))
    return path


def command(name: str) -> list[str]:
    return [sys.executable, "-W", "error", str(EXAMPLES / name)]


def check(name: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "aoba", "check", "--json", str(EXAMPLES / name)],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["ok"]
    return report


def tables(report: dict[str, Any]) -> dict[int, dict[str, dict[int, int]]]:
    """Unit id -> table -> address -> value."""
    return {
        station["id"]: {
            table: {
                item["address_start"] + i: value
                for item in ranges
                for i, value in enumerate(item["initial_values"])
            }
            for table, ranges in station["map"].items()
        }
        for station in report["stations"]
    }


def test_the_readme_lists_them_all():
    text = (EXAMPLES / "README.md").read_text()
    assert [name for name in ALL if f"[`{name}`]({name})" not in text] == []


@pytest.mark.parametrize("name", SHORT)
def test_runs_alone(name):
    done = subprocess.run(
        command(name),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["stations"]


@pytest.mark.parametrize("name", SHORT)
def test_check_accepts_it(name):
    report = check(name)
    assert report["documents"] == 1
    assert not report["still_running"]


def test_static_values():
    assert tables(check("static.py"))[1]["holding"] == {0: 4711, 1: 2026, 2: 750, 3: 2950}


def test_plant_values_are_plausible():
    plant = tables(check("plant.py"))[1]
    level, temperature, flow, second = plant["input"].values()
    assert 100 <= level <= 900
    assert 585 <= temperature <= 615
    assert 0 <= flow <= 250
    assert 0 <= second < 3600
    assert plant["holding"] == {0: 800, 1: 600}
    assert plant["discrete_inputs"] == {0: level > 800, 1: temperature < 600}
    assert set(plant["coils"]) == {0}


def test_plant_moves():
    first = tables(check("plant.py"))[1]["input"]
    deadline = time.monotonic() + DEADLINE
    while tables(check("plant.py"))[1]["input"] == first:
        assert time.monotonic() < deadline


def test_embedded_keeps_its_state():
    with Hosted(EXAMPLES / "embedded.py") as hosted:
        documents = hosted.run().stdout.splitlines()
        documents += [hosted.run().stdout for _ in range(120)]
    levels, starts = [], []
    for document in map(json.loads, documents):
        (station,) = document["stations"]
        level, started, _ = (item["initial_values"][0] for item in station["map"]["input"])
        levels.append(level)
        starts.append(started)
    assert levels[0] == 900
    assert max(abs(a - b) for a, b in pairwise(levels)) <= 13  # mm in a tenth of a second
    assert starts == sorted(starts)


def test_stations():
    stations = tables(check("stations.py"))
    assert set(stations) == {1, 2, 247}
    assert stations[1]["input"] == {0: 1}  # AOBA_RUN
    assert stations[1]["holding"] == {0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 100: 1001, 101: 1002}
    assert list(stations[2]["coils"].values()) == [1, 0, 1, 0, 1, 0, 1, 0]
    assert set(stations[2]["discrete_inputs"]) == set(range(8))
    assert 1000 <= stations[2]["input"][0] <= 1020
    assert stations[247]["holding"] == dict.fromkeys(range(16), 0)


def test_typed_values_and_what_check_makes_of_them():
    report = check("typed.py")
    described = {it["name"]: it for it in report["stations"][0]["values"]}
    assert {name: (it["data_type"], it["unit"]) for name, it in described.items()} == {
        "flow, return, outside": ("float32", "°C"),
        "energy": ("uint32", "Wh"),
        "pressure": ("int16", "bar"),
        "label": ("string", None),
        "set point": ("int16", "°C"),
    }
    flow, back, outside = described["flow, return, outside"]["values"]
    assert 70 <= flow <= 73
    assert (flow - back, outside) == (pytest.approx(12.25, abs=1e-4), -3.5)
    assert described["label"]["values"] == ["BOILER 7"]
    registers = tables(report)[1]
    assert registers["holding"][0] == 0x424F  # "BO"
    assert registers["holding"][8] == 725
    (energy,) = described["energy"]["values"]
    assert (registers["input"][6], registers["input"][7]) == (energy & 0xFFFF, energy >> 16)
    (pressure,) = described["pressure"]["values"]
    assert registers["input"][8] == round(100 * pressure)
    assert 1.4 <= pressure <= 1.6


def test_database_follows_its_rows(database):
    assert tables(check("database.py"))[1]["holding"] == {0: 215, 1: 48, 2: 1013, 10: 7, 11: 42}
    with closing(sqlite3.connect(database)) as db:
        db.execute("UPDATE readings SET value = 1014 WHERE station = 1 AND address = 2")
        db.commit()
    stations = tables(check("database.py"))
    assert stations[1]["holding"] == {0: 215, 1: 48, 2: 1014, 10: 7, 11: 42}
    assert stations[2]["holding"] == {0: 730}


@pytest.mark.parametrize(
    ("temperature", "heater", "then"), [(10.0, 0, True), (30.0, 1, False), (0.0, 1, False)]
)
def test_setpoints_follow_the_temperature(temperature, heater, then):
    values = [
        {"name": "temperature", "values": [temperature]},
        {"name": "heater", "values": [heater]},
    ]
    write = {"station": 1, "table": "holding", "address": 0, "values": [16800, 0]}
    done = subprocess.run(
        command("setpoints.py"),
        input=json.dumps({"stations": [{"id": 1, "values": values}], "writes": [write]}),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    one, other = (at["map"] for at in json.loads(done.stdout)["stations"])
    assert one["coils"][0]["initial_values"] == [then]
    assert other["coils"][0]["initial_values"] == [False]
    assert one["holding"][0]["initial_values"][0] in (16.0, 21.0)
    assert done.stderr == "holding 0 of station 1 was set to [16800, 0] on the spot\n"


def test_database_is_created_once_by_many_at_the_same_time():
    several = [
        subprocess.Popen(
            command("database.py"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    results = [(*process.communicate(timeout=DEADLINE), process.returncode) for process in several]
    assert len(set(results)) == 1
    assert results[0][1:] == ("", 0)


def test_database_that_cannot_be_opened(tmp_path, monkeypatch):
    monkeypatch.setenv("READINGS_DB", str(tmp_path))
    done = subprocess.run(
        command("database.py"), capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{tmp_path}: unable to open database file\n"


@pytest.fixture
def stream():
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        command("stream.py"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        yield process
        process.kill()


def test_stream_prints_one_document_a_line(stream):
    for second in range(2):
        (station,) = json.loads(stream.stdout.readline())["stations"]
        (inputs,) = station["map"]["input"]
        assert inputs["initial_values"][0] == second


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stream_ends_quietly_when_told_to(stream, number):
    stream.stdout.readline()
    stream.send_signal(number)
    assert stream.wait(DEADLINE) == 0
    assert stream.stderr.read() == b""


def test_stream_ends_quietly_when_nobody_reads(stream):
    stream.stdout.readline()
    stream.stdout.close()
    assert stream.wait(DEADLINE) == 0
    assert stream.stderr.read() == b""


def test_check_stops_the_stream():
    report = check("stream.py")
    assert report["still_running"]
    assert report["documents"] >= 2
    assert set(tables(report)[1]["input"]) == set(range(61))
