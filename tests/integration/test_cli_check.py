"""`aoba check`: what one run of a script gives, as a table or as JSON, and what is wrong."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from support.documents import RUN_NUMBER, document, printing, station
from support.server import run_aoba

Script = Callable[..., Path]

ENDLESS = "import time\ntime.sleep(600)"
ADDRESS = '"address_start": 65400'


def test_the_table_has_every_value(script: Script) -> None:
    values = [60_000 + i for i in range(40)]
    text = document(station(1, holding=values, coils=[1, 0, 1]), station(9, "slave", input=[7]))
    done = run_aoba("check", script(printing(text.replace('"address_start": 0', ADDRESS, 1))))
    assert done.returncode == 0
    assert done.stderr == ""
    words = done.stdout.split()
    assert [word for word in words if word.startswith("600")] == list(map(str, values))
    assert "65430..65439" in words
    assert "1 0 1" in done.stdout
    assert "station 9 (slave)" in done.stdout
    assert "source.py: ok, 1 document, took " in done.stdout


def test_the_table_is_whole_on_a_narrow_screen(script: Script) -> None:
    values = [60_000 + i for i in range(10)]
    text = document(discrete_inputs=[1], holding=values)
    path = script(printing(text.replace('"address_start": 0', ADDRESS)))
    done = run_aoba("check", path, env={**os.environ, "COLUMNS": "40"})
    assert "discrete_inputs" in done.stdout
    assert "65400..65409" in done.stdout
    assert " ".join(map(str, values)) in done.stdout


def test_json_has_all_that_the_table_has(script: Script) -> None:
    text = document(station(3, "slave", holding=[1, 2], coils=[1]), interval=700)
    done = run_aoba("check", script(printing(text)), "--json")
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert result["source"] == "source.py"
    assert (result["ok"], result["errors"], result["still_running"]) == (True, [], False)
    assert (result["documents"], result["reboot_interval"]) == (1, 700)
    assert result["stations"] == [
        {
            "id": 3,
            "mode": "slave",
            "map": {
                "coils": [{"address_start": 0, "length": 1, "initial_values": [1]}],
                "discrete_inputs": [],
                "holding": [{"address_start": 0, "length": 2, "initial_values": [1, 2]}],
                "input": [],
            },
            "values": [],
        }
    ]


TYPED = """
import json
ranges = [
    {"address_start": 0, "data_type": "float32", "name": "flow", "unit": "\\u00b0C",
     "initial_values": [21.3, -0.5]},
    {"address_start": 4, "data_type": "int16", "scale": 0.1, "initial_values": [-7.3, 0.3]},
    {"address_start": 6, "initial_values": [1]},
]
station = {"id": 1, "mode": "master", "map": {"input": ranges}}
print(json.dumps([station]))
"""


def test_names_units_and_decoded_values_are_shown_beside_the_registers(script: Script) -> None:
    path = script(TYPED)
    done = run_aoba("check", path, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert done.returncode == 0
    _, registers, flow, scaled, _ = done.stdout.splitlines()
    assert registers.split() == ["input", "0..6", "16810", "26214", "48896", "0", "65463", "3", "1"]
    assert flow.split() == ["flow", "input", "0..3", "float32", "21.3", "-0.5", "\u00b0C"]
    assert scaled.split() == ["input", "4..5", "int16", "-7.3", "0.3"]
    (station,) = json.loads(run_aoba("check", path, "--json").stdout)["stations"]
    assert station["map"]["input"][0]["initial_values"] == [16810, 26214, 48896, 0, 65463, 3, 1]
    assert station["values"] == [
        {
            "table": "input",
            "address_start": 0,
            "length": 4,
            "data_type": "float32",
            "name": "flow",
            "unit": "\u00b0C",
            "word_order": "big",
            "byte_order": "big",
            "scale": 1,
            "offset": 0,
            "mode": "master",
            "values": [21.3, -0.5],
        },
        {
            "table": "input",
            "address_start": 4,
            "length": 2,
            "data_type": "int16",
            "name": None,
            "unit": None,
            "word_order": "big",
            "byte_order": "big",
            "scale": 0.1,
            "offset": 0,
            "mode": "master",
            "values": [-7.3, 0.3],
        },
    ]


def test_the_documentation_names_all_that_json_has(script: Script) -> None:
    result = json.loads(run_aoba("check", script(TYPED), "--json").stdout)
    page = (Path(__file__).parents[2] / "docs" / "scripting.md").read_text()
    _, _, section = page.partition("\n## Checking a script\n")
    section, _, _ = section.partition("\n## ")
    (point, *_) = result["stations"][0]["values"]

    for name in [*result, *point]:
        assert f"`{name}`" in section, name
    assert "`script`" not in section


def test_the_addresses_between_ranges_are_shown(script: Script) -> None:
    holding = [{"address_start": at, "initial_values": [at]} for at in (0, 1, 5)]
    path = script(printing(json.dumps([{"id": 1, "mode": "master", "map": {"holding": holding}}])))
    done = run_aoba("check", path)

    assert done.returncode == 0
    assert "undefined  holding 2..4  reads of it get exception 02\n" in done.stdout


def test_who_calls_update_is_told_where_nobody_does(script: Script) -> None:
    path = script("def update():\n    return []\n")
    done = run_aoba("check", path)

    assert done.returncode == 1
    assert (
        "run failed: printed no document; only python:embedded: calls its update()" in done.stderr
    )
    assert run_aoba("check", f"python:embedded:{path}").returncode == 0


def test_large_and_scaled_values_have_all_their_digits(script: Script) -> None:
    counter = {"address_start": 0, "data_type": "uint64", "initial_values": [1234567890123456789]}
    seconds = {
        "address_start": 4,
        "data_type": "uint64",
        "scale": 0.001,
        "initial_values": [1764403200.123],
    }
    station = {"id": 1, "mode": "master", "map": {"input": [counter, seconds]}}
    path = script(f"print({json.dumps([station])!r})\n")
    shown = run_aoba("check", path).stdout.splitlines()[2:4]
    assert [line.split()[-1] for line in shown] == ["1234567890123456789", "1764403200.123"]
    (station,) = json.loads(run_aoba("check", path, "--json").stdout)["stations"]
    assert [it["values"] for it in station["values"]] == [[1234567890123456789], [1764403200.123]]


def test_an_error_is_located_and_exit_code_1(script: Script) -> None:
    path = script(printing(document(holding=[1, 70_000])))
    where = "stations[0].map.holding[0].initial_values[1]: expected 0..65535, got 70000"
    done = run_aoba("check", path)
    assert done.returncode == 1
    assert f"source.py run 1: {where}\n" in done.stderr
    result = json.loads(run_aoba("check", path, "--json").stdout)
    assert result["errors"] == [where, "run failed: printed no valid document"]
    assert not result["ok"]


def test_an_unknown_field_is_an_error(script: Script) -> None:
    text = document(holding=[1]).replace("address_start", "adress_start")
    text = text[:-1] + ', "reboot_intervall": 5}'
    good = document(holding=[1])[:-1] + ', "reboot_intervall": 5}'
    done = run_aoba("check", script(printing(good)))
    assert done.returncode == 1
    assert "`reboot_intervall`: unknown, did you mean `reboot_interval`?" in done.stderr
    done = run_aoba("check", script(printing(text)))
    assert done.returncode == 1
    assert "stations[0].map.holding[0]" in done.stderr
    assert "address_start" in done.stderr


def test_a_script_that_fails_is_told_with_what_it_said(script: Script) -> None:
    body = "print('warming up')\nsys.stderr.write('no sensor\\n')\nsys.exit(3)\n"
    done = run_aoba("check", script(RUN_NUMBER, body))
    assert done.returncode == 1
    assert "source.py run 1: not JSON, skipped: warming up\n" in done.stderr
    assert "source.py run 1: no sensor\n" in done.stderr
    assert "source.py run 1: run failed: exit status 3\n" in done.stderr


def test_a_script_that_never_ends_is_stopped_and_reported(script: Script) -> None:
    path = script(RUN_NUMBER, "import time\nput(5)\ntime.sleep(600)\n")
    done = run_aoba("check", path)
    assert done.returncode == 0
    assert "still running then, and stopped" in done.stdout
    assert "1 document in " in done.stdout
    assert " 5" in done.stdout


def test_a_silent_script_fails_at_its_timeout(script: Script) -> None:
    done = run_aoba("check", f"{script('import time', chr(10), 'time.sleep(600)')}?timeout=200ms")
    assert done.returncode == 1
    assert "run failed: silent on stdout for longer than 0.2 s, stopped" in done.stderr


def test_a_script_of_nothing_but_errors_is_stopped_too(script: Script) -> None:
    body = "import time\nwhile True:\n    put(70000)\n    time.sleep(0.1)\n"
    done = run_aoba("check", script(RUN_NUMBER, body))
    assert done.returncode == 1
    assert done.stderr.count("got 70000") == 1
    assert "1 error, 0 documents in 2." in done.stdout
    assert "still running then, and stopped" in done.stdout


def test_a_script_of_nothing_but_text_is_stopped_after_its_timeout(script: Script) -> None:
    body = "import time\nwhile True:\n    print('hm')\n    time.sleep(0.1)\n"
    done = run_aoba("check", f"{script(RUN_NUMBER, body)}?timeout=300ms")
    assert done.returncode == 1
    assert "source.py run 1: run failed: printed no document\n" in done.stderr
    assert "still running then, and stopped" in done.stdout


def test_control_characters_are_shown_not_sent(script: Script) -> None:
    text = document(holding=[1])[:-1] + ', "a\\nb\\u001b[2J": 1}'
    body = f"sys.stderr.write('\\x1b[2Jclear\\n')\nprint('\\x07bell')\nprint({text!r})\n"
    done = run_aoba("check", script(RUN_NUMBER, body, name="[bold]x\x1b.py"))
    assert done.returncode == 1
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x07" not in done.stderr
    who = r"[bold]x\x1b.py"
    assert rf"{who} run 1: \x1b[2Jclear" in done.stderr.splitlines()
    assert rf"{who} run 1: not JSON, skipped: \x07bell" in done.stderr.splitlines()
    assert all(line.startswith(f"{who} run 1: ") for line in done.stderr.splitlines())
    assert f"{who}: 1 error, 1 document" in done.stdout


def test_an_embedded_script_has_a_second_run_for_faults_that_only_show_there(
    script: Script,
) -> None:
    body = "put(run)\nif run == 2:\n    put(70_000)\n    sys.exit('no sensor')\n"
    path = script(RUN_NUMBER, body)
    done = run_aoba("check", f"python:embedded:{path}", "--json")
    assert done.returncode == 1
    assert "source.py run 2: no sensor\n" in done.stderr
    result = json.loads(done.stdout)
    where = "stations[0].map.holding[0].initial_values[0]: expected 0..65535, got 70000"
    assert result["errors"] == [f"run 2: {where}", "run 2: run failed: exit status 1"]
    assert result["documents"] == 1
    assert result["stations"][0]["map"]["holding"][0]["initial_values"] == [1]
    assert run_aoba("check", path).returncode == 0  # where each run has a process of its own


def test_no_second_run_follows_one_that_fails_or_never_ends(script: Script, tmp_path: Path) -> None:
    log = tmp_path / "log"
    body = f"open({str(log)!r}, 'a').write(f'{{run}}\\n')\n"
    for end in ("sys.exit(1)\n", f"put(1)\n{ENDLESS}"):
        run_aoba("check", f"python:embedded:{script(RUN_NUMBER, body, end)}")
    assert log.read_text() == "1\n1\n"
