"""`aoba push` against devices that keep what they are asked, refuse it, or are silent."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.commands import done, refused
from support.documents import document, printing, station
from support.misbehaving import frame
from support.push import Push, Recorder, Values
from support.server import Server, run_aoba
from support.waiting import eventually

WRITE_COILS, WRITE_REGISTERS, WRITE_COIL, WRITE_REGISTER = 15, 16, 5, 6


def held(url: str, address: int, count: int = 1) -> list[int]:
    """Holding registers of station 1."""
    return json.loads(done("read", url, "holding", address, count, "--json"))["values"]


@pytest.fixture
def push() -> Iterator[Callable[..., Push]]:
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(Push(*arguments, **options))


@pytest.fixture
def values(tmp_path: Path) -> Values:
    return Values(tmp_path)


def test_only_what_has_changed_is_written_once(push, values) -> None:
    values.put(station(holding=[1, 2, 3, 4], coils=[1, 0, 1]), station(9, holding=[0x1234]))
    with Recorder() as device:
        push(device.url, values.script)
        eventually(lambda: device.written(9), "the first writes")
        values.put(station(holding=[1, 2, 7, 4], coils=[1, 0, 1]), station(9, holding=[0x1234]))
        eventually(lambda: len(device.written(1)) > 2, "the second")
        values.put(station(holding=[1, 2, 7, 5], coils=[1, 1, 1]), station(9, holding=[0x1234]))
        eventually(lambda: len(device.written(1)) > 4, "the third")
        assert device.written(1) == [
            (WRITE_COILS, 0, "05"),
            (WRITE_REGISTERS, 0, "0001000200030004"),
            (WRITE_REGISTERS, 2, "0007"),
            (WRITE_COILS, 1, "01"),
            (WRITE_REGISTERS, 3, "0005"),
        ]
        assert device.written(9) == [(WRITE_REGISTERS, 0, "1234")]
        assert device.connections == 1


def test_a_script_that_is_slow_to_begin_is_waited_for(push, values) -> None:
    values.put()
    with Recorder() as device:
        process = push(device.url, values.script)
        process.wait_for_log("pushing to ")
        eventually(lambda: device.connections, "the connection")
        values.put(station(holding=[1]))
        process.wait_for_log("connected; 1 value written to station 1")
        assert process.stop()[0] == 0
        assert device.connections == 1
        assert process.logged("defect|WARNING") == []


def test_everything_is_written_again_from_time_to_time(push, values) -> None:
    values.put(station(holding=[1, 2]))
    with Recorder() as device:
        push(device.url, values.script, options=("--refresh", "200ms"))
        eventually(lambda: len(device.written(1)) > 3, "refreshes")
        assert set(device.written(1)) == {(WRITE_REGISTERS, 0, "00010002")}


def test_one_address_at_a_time(push, values) -> None:
    values.put(station(holding=[1, 2], coils=[1, 0]))
    with Recorder() as device:
        push(device.url, values.script, options=("--single",))
        eventually(lambda: len(device.written(1)) > 3, "the writes")
        assert device.written(1) == [
            (WRITE_COIL, 0, "ff00"),
            (WRITE_COIL, 1, "0000"),
            (WRITE_REGISTER, 0, "0001"),
            (WRITE_REGISTER, 1, "0002"),
        ]


def test_a_silent_station_is_named_once_and_others_go_on(push, values) -> None:
    silent = {2}
    with Recorder(lambda request: b"" if request[6] in silent else None) as device:
        values.put(*(station(unit, holding=[unit]) for unit in (1, 2, 3)))
        process = push(device.url, values.script, options=("--retries", "0", "--timeout", "300ms"))
        process.wait_for_log("no answer within 0.3 s: 0 holding at station 2; check the unit id")
        for value in range(10, 13):
            values.put(*(station(unit, holding=[value]) for unit in (1, 2, 3)))
            eventually(lambda v=value: (16, 0, f"{v:04x}") in device.written(3), "the others")
        eventually(lambda: len(device.written(2)) > 1, "another attempt")
        silent.clear()
        process.wait_for_log("station 2 answers again; 1 value written to station 2")
        assert device.written(2)[-1] == (WRITE_REGISTERS, 0, "000c")
        assert len(process.logged("WARNING .* holding at station 2")) == 2
        process.wait_for_log("same error, [0-9]+ times?: no answer within 0.3 s: 0 holding at stat")
        assert process.stop()[0] == 0
        assert process.logged("INFO .* written to 3 stations, in .* requests; [0-9]+ silences")


def test_others_that_were_well_are_not_written_again_when_one_falls_silent(push, values) -> None:
    """It may be the connection, so another one is tried, but nobody was started afresh."""
    silent: set[int] = set()
    with Recorder(lambda request: b"" if request[6] in silent else None) as device:
        values.put(station(1, holding=[1]), station(2, holding=[2]))
        options = ("--retries", "0", "--timeout", "300ms")
        process = push(device.url, values.script, options=options)
        process.wait_for_log("connected; 2 values written to 2 stations")
        silent.add(2)
        values.put(station(1, holding=[1]), station(2, holding=[3]))
        process.wait_for_log("no answer within 0.3 s: 0 holding at station 2")
        eventually(lambda: device.connections > 1, "another connection")
        silent.clear()
        process.wait_for_log("station 2 answers again; 1 value written to station 2")
        assert device.written(1) == [(WRITE_REGISTERS, 0, "0001")]


def test_a_gateway_that_reaches_nobody(push, values) -> None:
    answers = [b"\x90\x0b"] * 3
    with Recorder(lambda request: frame(request, answers.pop()) if answers else None) as device:
        values.put(station(1, holding=[1]))
        process = push(device.url, values.script)
        process.wait_for_log("exception 0B, .*: 0 holding at station 1; 1 value of 1 station wait")
        process.wait_for_log("back after .*; 1 value written to station 1")
        lines = process.lines(device.url)
        assert [line[:12] for line in lines] == ["exception 0B", "same error, ", "back after 0"]
        assert device.connections == 1


def test_a_range_that_is_refused_is_named_once_and_others_go_on(push, serve, values) -> None:
    script = values.script.with_name("device.py")
    script.write_text(printing(document(station(1, "slave", holding=[0] * 4))))
    url = f"tcp://127.0.0.1:{serve(script).port}"
    ranges = [
        {"address_start": 2, "initial_values": [5, 6]},
        {"address_start": 4, "initial_values": [7]},  # is not there
    ]
    values.put({"id": 1, "mode": "master", "map": {"holding": ranges}})
    process = push(url, values.script)
    process.wait_for_log("connected; 2 values written to station 1")
    assert held(url, 2, 2) == [5, 6]
    assert process.lines(url) == [
        "exception 02, illegal data address: 4 holding at station 1; not written",
        "connected; 2 values written to station 1",
    ]
    script.write_text(printing(document(station(1, "slave", holding=[0] * 5))))
    process.wait_for_log("4 holding at station 1: no longer refused, and written")
    assert held(url, 4) == [7]


def test_what_is_left_at_the_end_is_named(push, values) -> None:
    values.put(station(holding=[1, 2]))
    with Recorder(lambda request: frame(request, b"\x90\x04")) as device:
        process = push(device.url, values.script, options=("--log-format", "json"))
        process.wait_for_log("exception 04, server device failure: 0-1 holding at station 1")
        assert process.stop(signal.SIGINT)[0] == 0
        [last] = [json.loads(line) for line in process.logged('"waiting": ')]
        assert last["message"].startswith(f"{device.url}: no values written, in 0 requests; ")
        assert last["message"].endswith("; not written at the end: 0-1 holding at station 1")
        assert last["level"] == "WARNING"
        assert last["waiting"] == ["0-1 holding at station 1"]
        assert last["failures"]["refusal"] >= 1
        assert (last["values"], last["requests"]) == ({}, 0)


def test_what_is_not_written_is_said_once(push, values) -> None:
    values.put(
        station(1, holding=[1]),
        station(2, "slave", holding=[2]),
        station(3, input=[3]),
        {**station(4, holding=[4]), "files": {"1": {"records": [1]}}},
    )
    with Recorder() as device:
        process = push(device.url, values.script)
        eventually(lambda: device.written(4), "a write")
        values.put(station(1, holding=[2]), station(2, "slave", holding=[2]), station(3, input=[3]))
        eventually(lambda: len(device.written(1)) > 1, "another")
        assert [line.partition("source.py: ")[2] for line in process.logged("WARNING")] == [
            'station 2: its mode is "slave", so nothing of it is written',
            "station 3: nothing is written, it has no values of coils or holding registers",
            "station 4: its queues and files are not written",
        ]
        assert {request[0] for request in device.requests} == {1, 4}


def test_documents_coalesce_while_a_device_is_slow(push, tmp_path) -> None:
    """Of many documents that come during a request, only the last is written."""
    script = tmp_path / "many.py"
    numbers = [document(holding=[value]) for value in range(100, 200)]
    script.write_text(printing(*numbers) + "import time; time.sleep(60)")
    with Recorder() as device:
        push(device.url, script)
        eventually(lambda: (16, 0, f"{199:04x}") in device.written(1), "the last")
        assert len(device.written(1)) < 50


def test_an_edited_script_takes_its_old_values_back(push, tmp_path) -> None:
    script = tmp_path / "edited.py"
    script.write_text(printing(document(holding=[1, 2, 3], interval=50)))
    with Recorder() as device:
        push(device.url, script, options=("--refresh", "300ms"))
        eventually(lambda: device.written(1), "a write")
        script.write_text(printing(document(holding=[1], interval=50)))
        eventually(lambda: device.written(1)[-1] == (WRITE_REGISTERS, 0, "0001"), "a new refresh")


def test_values_of_a_stale_script(push, tmp_path) -> None:
    script = tmp_path / "once.py"
    script.write_text(printing(document(holding=[5])) + "import time; time.sleep(60)")
    with Recorder() as device:
        push(device.url, f"python:{script}?stale_after=500ms&on_stale=zero")
        eventually(lambda: device.written(1)[-1:] == [(WRITE_REGISTERS, 0, "0000")], "a zero")
        assert device.written(1)[0] == (WRITE_REGISTERS, 0, "0005")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "nothing to push; expected one or more of PATH.py"),
        (["no.py"], "no.py: no such script"),
        (["x.txt"], "x.txt: not a source; expected PATH.py"),
    ],
)
def test_wrong_sources(arguments, says) -> None:
    assert says in refused(2, "push", "tcp://127.0.0.1:1", *arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["127.0.0.1"], "not a URL; expected tcp://"),
        (
            ["tcp://127.0.0.1:1", "--refresh", "0"],
            "--refresh: expected never, seconds, or a number with ms",
        ),
    ],
)
def test_wrong_usage(arguments, says, values) -> None:
    assert says in refused(2, "push", arguments[0], values.script, *arguments[1:])


def test_certificates_that_cannot_be_used(values) -> None:
    ended = run_aoba("push", "tls://127.0.0.1?ca=/no.pem", values.script)
    assert ended.returncode == 2
    assert "/no.pem cannot be used: No such file" in ended.stderr


FEEDBACK = """
    import json, sys
    told = json.loads(sys.stdin.read() or "{}")
    for write in told.get("writes", []):
        sys.stderr.write("told {client} {table} {address} {values}\\n".format(**write))
    ranges = [r for at in told.get("stations", []) for r in at["map"].get("input", [])]
    inputs = ranges[0]["values"] if ranges else [0]
    holding = [
        {"address_start": 0, "initial_values": [inputs[0] * 2]},
        {"address_start": 1, "initial_values": [7]},
        {"address_start": 5, "length": 2},
    ]
    tables = {"input": [{"address_start": 3, "length": 1}], "holding": holding}
    station = {"id": 1, "mode": "master", "map": tables}
    print(json.dumps({"stations": [station], "reboot_interval": 100}))
"""


@pytest.mark.parametrize("mode", ["external", "embedded"])
def test_a_loop_is_closed_over_the_device(push, serve, script, values, mode) -> None:
    """The script doubles what the device measures, and hears of whoever operates it."""
    values.put(station(1, "slave", input=[0, 0, 0, 21], holding=[0] * 10))
    url = f"tcp://127.0.0.1:{serve(values.script).port}"
    process = push(url, f"python:{mode}:{script(FEEDBACK, name='loop.py')}?feed=writes")
    eventually(lambda: held(url, 0, 2) == [42, 7], "the double")
    done("write", url, "holding", 1, 99)
    process.wait_for_log(rf"told {url} holding 1 \[99\]")
    # Its next document gives the address a value again: the script is the authority.
    eventually(lambda: held(url, 1) == [7], "the script's value")
    done("write", url, "holding", 6, 4711)  # which the script only reads
    process.wait_for_log(rf"told {url} holding 6 \[4711\]")
    values.put(station(1, "slave", input=[0, 0, 0, 50], holding=[0] * 10))
    eventually(lambda: held(url, 0) == [100], "the next double")
    assert held(url, 6) == [4711]
    assert len(process.logged("told ")) == 2


def test_two_scripts_push_over_one_line(push, tmp_path) -> None:
    with Recorder() as device:
        for name, unit in (("a.py", 1), ("b.py", 2)):
            (tmp_path / name).write_text(printing(document(station(unit, holding=[unit]))))
        push(device.url, tmp_path / "a.py", tmp_path / "b.py")
        eventually(lambda: device.written(1) and device.written(2), "both")
        assert device.connections == 1


def test_a_device_that_hangs_up_is_reached_again_at_once(push, values) -> None:
    hang_up = []

    def special(_: bytes) -> bytes | None:
        if hang_up:
            hang_up.pop()
            raise ConnectionResetError
        return None

    with Recorder(special) as device:
        values.put(station(holding=[1]))
        process = push(device.url, values.script)
        process.wait_for_log("connected; 1 value written")
        hang_up.append(True)
        values.put(station(holding=[2]))
        process.wait_for_log(
            "connected again, after this: the device closed the connection; 1 value written"
        )
        assert device.written(1)[-1] == (WRITE_REGISTERS, 0, "0002")
        assert device.connections == 2


def test_a_station_over_which_connections_are_lost_is_asked_ever_more_seldom(push, values) -> None:
    def special(request: bytes) -> bytes | None:
        if request[6] == 2:
            raise ConnectionResetError
        return None

    with Recorder(special) as device:
        values.put(station(1, holding=[1]), station(2, holding=[1]), station(3, holding=[1]))
        process = push(device.url, values.script)
        eventually(lambda: device.written(3), "the station behind it")
        for value in (2, 3, 4):
            values.put(station(1, holding=[value]), station(3, holding=[value]))
            eventually(lambda v=value: (16, 0, f"{v:04x}") in device.written(3), "the others")
        assert process.logged("connected again, after this: the device closed the connection; ")
        assert device.connections < 10


def test_an_idle_connection_that_is_lost_is_noticed(push, serve, values) -> None:
    """A device that was started afresh gets its values though they have not changed."""
    values.put(station(holding=[5]))
    script = values.script.with_name("device.py")
    script.write_text(printing(document(station(1, "slave", holding=[0]))))
    first = serve(script)
    url = f"tcp://127.0.0.1:{first.port}"
    process = push(url, values.script)
    process.wait_for_log("connected; 1 value")
    first.stop()
    with Server(script, listen=url):
        process.wait_for_log("back after .*; 1 value written to station 1")
        assert held(url, 0) == [5]
