"""What a script, a client or the system can do to a server without anyone else noticing."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, document, printing, station, until_exists
from support.server import AOBA, Server, plain_environment, run_aoba
from support.waiting import eventually
from support.wire import Client

Serve = Callable[..., Server]
Script = Callable[..., Path]


def test_a_script_that_becomes_a_fifo_is_a_failed_run(serve: Serve, script: Script) -> None:
    path = script(RUN_NUMBER, "put(run)\n")
    server = serve(path)
    with Client(server.port) as client:
        path.unlink()
        os.mkfifo(path)
        server.wait_for_log("run failed: .*source.py: is not a file")
        assert client.holding()[0] >= 1
        path.unlink()
        script(RUN_NUMBER, "put(7)\n")
        eventually(lambda: client.holding() == [7], "the script that is back")


def test_a_hang_up_stops_the_server_and_its_scripts(serve: Serve, script: Script) -> None:
    server = serve(script(printing(document(holding=[1])), "import time\ntime.sleep(600)\n"))
    assert server.port

    code, _ = server.stop(signal.SIGHUP)

    assert code == 0
    server.no_process_is_left()


def test_under_nohup_a_hang_up_is_nothing(script: Script) -> None:
    argv = ["nohup", *AOBA, "serve", str(script(printing(document(holding=[1]))))]
    with subprocess.Popen(
        [*argv, "--listen", "tcp://127.0.0.1:0"],
        env=plain_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        port = next(int(s.rsplit(":", 1)[1]) for s in process.stderr if "listening on" in s)
        process.send_signal(signal.SIGHUP)
        with Client(port) as client:
            assert client.holding() == [1]
        process.terminate()
        assert process.wait(20) == 0


def test_of_two_servers_for_one_port_one_ends_with_an_error(serve: Serve, script: Script) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    slow = script("import time\ntime.sleep(0.5)\n", printing(document(holding=[1])))
    servers = [serve(slow, listen=f"tcp://127.0.0.1:{port}") for _ in range(2)]

    ended = eventually(lambda: [s for s in servers if s.process.poll() is not None], "an end")

    assert [server.ends() for server in ended] == [1]
    assert ended[0].logged(f"cannot listen on tcp://127.0.0.1:{port}: Address already in use")
    (other,) = [server for server in servers if server is not ended[0]]
    with Client(other.port) as client:
        assert client.holding() == [1]


def test_a_host_with_two_addresses_has_one_port(serve: Serve, script: Script) -> None:
    server = serve(script(printing(document(holding=[1]))), listen="tcp://localhost:0")
    port = int(server.wait_for_log(r"listening on tcp://localhost:(\d+)")[1])
    found = socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)

    for host in {info[0] for *_, info in found}:
        with socket.create_connection((host, port), timeout=20):
            pass


def test_a_flood_from_a_process_that_was_left_behind_ends_with_the_run(
    serve: Serve, script: Script
) -> None:
    flood = """
    import subprocess
    endless = "import sys\\nwhile 1: sys.stdout.write('[[],' * 2000)"
    if run == 1:
        subprocess.Popen([sys.executable, "-c", endless], start_new_session=True)
    put(run)
    """
    server = serve(script(RUN_NUMBER, flood))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 3, "the third run")


def test_a_crowd_is_turned_away_where_there_is_no_more_room(script: Script) -> None:
    argv = [*AOBA, "serve", str(script(RUN_NUMBER, "put(run)\n"))]
    argv = ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", *argv, "--listen", "tcp://127.0.0.1:0"]
    with subprocess.Popen(
        argv, env=plain_environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        port = next(int(s.rsplit(":", 1)[1]) for s in process.stderr if "listening on" in s)
        with Client(port) as client:
            crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(80)]
            line = next(s for s in process.stderr if "clients" in s)
            now = client.holding()[0]
            eventually(lambda: client.holding()[0] >= now + 3, "three more runs")
        for one in crowd:
            one.close()
        with Client(port) as client:
            assert client.holding()[0] > now
        process.terminate()
        assert "has 24 clients, more are turned away" in line
        assert "Too many open files" not in process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGRTMIN + 6, signal.SIGABRT])
def test_every_signal_that_ends_a_script_is_named(
    serve: Serve, script: Script, number: int
) -> None:
    server = serve(
        script(printing(document(holding=[1])), f"import os\nos.kill(os.getpid(), {int(number)})\n")
    )
    named = "SIGABRT" if number == signal.SIGABRT else f"signal {int(number)}"

    server.wait_for_log(f"ERROR .* run 1: run failed: killed by {named}$")
    assert not server.logged("defect|Traceback")


def test_of_two_sources_in_conflict_the_first_named_has_its_addresses(
    serve: Serve, script: Script
) -> None:
    slow = script("import time\ntime.sleep(0.3)\n", printing(document(holding=[1])), name="b.py")
    fast = script(printing(document(holding=[2])), name="a.py")
    server = serve(slow, fast)

    server.wait_for_log("a.py run 1: .*station 1 holding 0 already belongs to b.py")
    with Client(server.port) as client:
        assert client.holding() == [1]


def test_a_long_line_of_stderr_is_cut(serve: Serve, script: Script) -> None:
    body = "import sys\nsys.stderr.write('x' * 100000 + '\\n')\n"
    server = serve(script(printing(document(holding=[1])), body))

    line = server.wait_for_log(r"run 1: x+ \.\.\. \(98000 bytes left out\) \.\.\. x+$")

    assert len(line.string) < 2200


def test_a_document_of_unknown_fields_costs_a_client_little(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    many = "import json\nprint(json.dumps({'field%d' % i: 1 for i in range(100000)}))\n"
    server = serve(script(printing(document(holding=[1])), until_exists(go), many))
    with Client(server.port) as client:
        go.touch()
        slowest = 0.0
        while not server.logged("`stations` is missing"):
            asked = time.monotonic()
            client.holding()
            slowest = max(slowest, time.monotonic() - asked)
    assert slowest < 2


def test_at_the_end_the_log_says_what_it_came_to(serve: Serve, script: Script) -> None:
    body = "put(run)\nif run == 2: sys.exit(3)\n"
    server = serve(script(RUN_NUMBER, body, "import time\nif run == 3: time.sleep(600)\n"))
    server.wait_for_log("run 2: run failed: exit status 3")
    with Client(server.port) as client:
        eventually(lambda: client.holding() == [3], "the third run")
    server.stop()

    assert server.logged(r"INFO +source.py: 3 runs, 1 failed, \d+ slots skipped, 3 documents$")


def test_a_document_too_large_for_the_loop_takes_effect_all_the_same(
    serve: Serve, script: Script
) -> None:
    values = [(3 * i) % 65536 for i in range(60000)]
    server = serve(script(printing(document(station(holding=values)))))

    with Client(server.port) as client:
        assert client.holding(address=59990, quantity=10) == values[59990:]


@pytest.mark.parametrize("second", [signal.SIGHUP, signal.SIGTERM])
def test_two_signals_at_once_stop_it_in_order(
    serve: Serve, script: Script, second: signal.Signals
) -> None:
    server = serve(script(printing(document(holding=[1]))))
    assert server.port
    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(second)

    assert server.ends() in (0, -second)  # it may be over before the second one comes
    assert not server.logged("Traceback|Error")


def test_what_a_script_printed_last_is_not_lost_behind_a_large_document(
    serve: Serve, script: Script
) -> None:
    ranges = "[{'address_start': 2 * i, 'initial_values': [i]} for i in range(30000)]"
    large = f"""
    import json
    ranges = {ranges}
    station = {{'id': 1, 'mode': 'master', 'map': {{'holding': ranges, 'input': ranges}}}}
    print(json.dumps([station]))
    """
    last = printing(document(station(2, holding=[7])))
    server = serve(script(large, last))
    assert server.port

    with Client(server.port) as client:
        eventually(lambda: client.ask(bytes((3, 0, 0, 0, 1)), unit=2)[0] == 3, "the last document")


def test_after_a_stop_no_further_script_is_started(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    begun, never = tmp_path / "begun", tmp_path / "never"
    slow = script(f"open({str(begun)!r}, 'w').close()\nimport time\ntime.sleep(600)\n")
    late = script(f"open({str(never)!r}, 'w').close()\n", name="late.py")
    server = serve(slow, late)
    eventually(begun.exists, "the first script")

    code, _ = server.stop()

    assert code == 0
    assert not never.exists()


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        (
            '{"stations": [{"id": 1, "mode": "master"\n "map": {}}]}',
            "not valid JSON: Expecting ',' delimiter at line 2 column 2 of the document",
        ),
        (
            '{"note": \'by hand\',\n"stations":\n[]}',
            "not valid JSON: Expecting value at line 1 column 10 of the document",
        ),
    ],
)
def test_a_slip_in_json_written_by_hand_is_located_and_nothing_of_it_applied(
    script: Script, printed: str, message: str
) -> None:
    done = run_aoba("check", "--json", script(f"print({printed!r})\n"))
    result = json.loads(done.stdout)

    assert done.returncode == 1
    assert result["documents"] == 0
    assert result["errors"][0] == message


def test_text_that_repeats_is_counted(serve: Serve, script: Script) -> None:
    server = serve(script(RUN_NUMBER, "print('ready')\nput(run)\n"))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 5, "five runs")
    server.stop()

    assert len(server.logged("not JSON, skipped: ready")) == 2
    assert server.logged(r"same warning, \d+ times: not JSON, skipped: ready")


def test_what_a_stop_cuts_off_is_not_the_fault_of_the_script(serve: Serve, script: Script) -> None:
    server = serve(script(RUN_NUMBER, "put(1)\nsys.stdout.write('{')\nsys.stdout.flush()\n",
                          "import time\ntime.sleep(600)\n"))  # fmt: skip
    assert server.port
    server.stop()

    assert not server.logged("ends early")
