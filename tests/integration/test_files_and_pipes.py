"""Documents out of files and FIFOs, as clients read them."""

import contextlib
import json
import os
import time
from pathlib import Path

import pytest

from support.server import run_aoba
from support.waiting import eventually
from support.wire import Client, read_pdu

READ = read_pdu("holding", 0, 1)


def document(*values, mode="master", table="holding", **more):
    ranges = [{"address_start": 0, "initial_values": list(values)}]
    return json.dumps({"stations": [{"id": 1, "mode": mode, "map": {table: ranges}}], **more})


def rewritten(path, text):
    """Complete in one step, as programs do that mean it."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def value(client):
    answer = client.ask(READ)
    return int.from_bytes(answer[2:]) if answer[0] == 3 else None


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "plant.json"
    path.write_text(document(1))
    return path


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "values"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("change", [rewritten, lambda path, text: path.write_text(text)])
def test_a_file_is_read_again_when_it_changes(serve, file, change):
    server = serve(f"file:{file}")
    with Client(server.port) as client:
        assert value(client) == 1
        change(file, json.dumps(json.loads(document(2)), indent=4) + "\n")
        eventually(lambda: value(client) == 2)


def test_all_documents_of_a_file_take_effect_in_order(serve, file):
    file.write_text(document(1, table="coils") + document(2) + "\n" + document(3))
    server = serve(f"file:{file}")
    with Client(server.port) as client:
        eventually(lambda: value(client) == 3)
        assert client.ask(read_pdu("coils", 0, 1)) == b"\x01\x01\x01"


def test_what_a_changed_file_leaves_out_stays(serve, file):
    server = serve(f"file:{file}")
    with Client(server.port) as client:
        file.write_text(document(1, table="coils"))
        eventually(lambda: client.ask(read_pdu("coils", 0, 1)) == b"\x01\x01\x01")
        assert value(client) == 1


def test_a_faulty_file_changes_nothing_and_says_where(serve, file):
    server = serve(f"file:{file}")
    with Client(server.port) as client:
        file.write_text(document(2) + "\n" + document(70000) + "\n" + '{"stations": [')
        server.wait_for_log(
            r"ERROR .*plant\.json: line 2: stations\[0\]\.map\.holding\[0\]\.initial_values\[0\]: "
            r"expected 0\.\.65535, got 70000$"
        )
        server.wait_for_log(r"ERROR .*plant\.json: line 3: a JSON value ends early")
        eventually(lambda: value(client) == 2)  # the first look may have met the end of it only


def test_a_file_that_goes_and_comes_back(serve, file):
    server = serve(f"file:{file}")
    with Client(server.port) as client:
        file.unlink()
        server.wait_for_log(r"ERROR .*plant\.json: .*there is no file, its last values stay$")
        assert value(client) == 1
        rewritten(file, document(5))
        eventually(lambda: value(client) == 5)
    server.wait_for_log(r"INFO .*plant\.json: .* there again$")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(serve, file):
    server = serve(f"file:{file}")
    with Client(server.port) as client:
        file.chmod(0)
        server.wait_for_log("cannot be read: Permission denied$")
        assert value(client) == 1


def test_an_empty_file_is_an_error(serve, file):
    file.write_text("\n")
    serve(f"file:{file}").wait_for_log(r"ERROR .*plant\.json: no document in it$")


def test_a_program_that_writes_in_pieces_is_waited_for(serve, file):
    server = serve(f"file:{file}")
    with Client(server.port) as client:
        text = document(*range(100, 200))
        with file.open("w") as opened:
            for half in (text[:100], text[100:]):
                opened.write(half)
                opened.flush()
                time.sleep(0.03)  # less than what counts as complete
        eventually(lambda: value(client) == 100)
    assert not server.logged("ends early")


def test_slave_values_of_the_bus_outlive_a_rewritten_file(serve, file):
    file.write_text(document(1, mode="slave"))
    server = serve(f"file:{file}")
    with Client(server.port) as client:
        eventually(lambda: value(client) == 1)
        assert client.ask(bytes.fromhex("06 0000 0009"))[0] == 6
        file.write_text(document(2, mode="slave") + document(7, table="input"))
        eventually(lambda: client.ask(read_pdu("input", 0, 1)) == b"\x04\x02\0\x07")
        assert value(client) == 9


def recording(path, *values):
    path.write_text("".join(document(each) + "\n" for each in values))


def seen(client, count):
    """The next `count` different values."""
    values = [value(client)]

    def is_enough():
        now = value(client)
        if now != values[-1]:
            values.append(now)
        return len(values) == count

    eventually(is_enough)
    return values


def test_a_replay_plays_line_by_line_and_starts_over(serve, tmp_path):
    path = tmp_path / "day.jsonl"
    recording(path, 1, 2, 3)
    server = serve(f"file:{path}?replay=250ms")
    with Client(server.port) as client:
        values = seen(client, 6)
        start = values[0] - 1
        assert values == [(start + i) % 3 + 1 for i in range(6)]


def test_a_replay_does_not_drift(serve, tmp_path):
    path = tmp_path / "day.jsonl"
    recording(path, *range(1, 1000))
    server = serve(f"file:{path}?replay=20ms&health=9:input:0")
    with Client(server.port) as client:
        started, first = time.monotonic(), value(client)
        time.sleep(2)
        played, seconds = value(client) - first, time.monotonic() - started
    assert abs(played - seconds / 0.02) < 25  # half a second, on a machine that is busy


def test_a_replay_without_loop_stays_at_its_last_line(serve, tmp_path):
    path = tmp_path / "day.jsonl"
    recording(path, 1, 2)
    server = serve(f"file:{path}?replay=50ms&loop=false&stale_after=200ms&on_stale=exception")
    with Client(server.port) as client:
        eventually(lambda: client.ask(READ) == b"\x83\x04")  # nothing came after the last one
        recording(path, 5)
        eventually(lambda: value(client) == 5)


def test_an_edited_replay_starts_at_its_first_line(serve, tmp_path):
    path = tmp_path / "day.jsonl"
    recording(path, *range(1, 100))
    server = serve(f"file:{path}?replay=100ms")
    with Client(server.port) as client:
        eventually(lambda: value(client) == 3)
        recording(path, *range(1001, 1100))
        eventually(lambda: (value(client) or 0) > 1000)
        assert value(client) < 1010


def test_a_bad_line_takes_its_turn_and_the_next_is_played(serve, tmp_path):
    path = tmp_path / "day.jsonl"
    path.write_text(f"{document(1)}\n{document(-1)}\n{document(3)}\n")
    server = serve(f"file:{path}?replay=100ms")
    with Client(server.port) as client:
        server.wait_for_log(r"ERROR .*day\.jsonl: line 2: stations\[0\]")
        eventually(lambda: value(client) == 3)


def test_a_large_recording_is_not_held_in_memory(serve, tmp_path):
    path = tmp_path / "day.jsonl"
    line = document(*range(1000)) + "\n"
    with path.open("w") as file:
        for _ in range(10_000):  # 50 MB
            file.write(line)
    small = tmp_path / "small.jsonl"
    small.write_text(line)
    peaks = []
    for each in (small, path):
        server = serve(f"file:{each}?replay=10ms")
        with Client(server.port) as client:
            eventually(lambda client=client: value(client) == 0)
            time.sleep(0.5)
            peaks.append(server.peak_rss())
    assert peaks[1] - peaks[0] < 10 * 2**20


def test_a_fifo_gives_each_document_when_it_is_complete(serve, fifo):
    server = serve(f"pipe:{fifo}")
    with fifo.open("w") as writer:
        writer.write(document(1) + document(2)[:20])
        writer.flush()
        with Client(server.port) as client:
            eventually(lambda: value(client) == 1)
            writer.write(document(2)[20:])
            writer.flush()
            eventually(lambda: value(client) == 2)


def test_writers_come_and_go(serve, fifo):
    server = serve(f"pipe:{fifo}")
    fifo.write_text(document(100))
    with Client(server.port) as client:
        for each in range(1, 30):
            fifo.write_text(document(each))
        eventually(lambda: value(client) == 29)


def test_half_a_document_is_an_error_and_the_next_writer_starts_afresh(serve, fifo):
    server = serve(f"pipe:{fifo}")
    fifo.write_text(document(1) + document(2)[:20])
    server.wait_for_log(r"ERROR .*values: a JSON value ends early, 20 bytes dropped$")
    fifo.write_text(document(3))
    with Client(server.port) as client:
        eventually(lambda: value(client) == 3)


def test_a_fifo_that_goes_and_comes_back(serve, fifo):
    server = serve(f"pipe:{fifo}")
    fifo.write_text(document(1))
    with Client(server.port) as client:
        fifo.unlink()
        server.wait_for_log(r"ERROR .*values: .*no such FIFO, its last values stay$")
        os.mkfifo(fifo)
        fifo.write_text(document(2))
        eventually(lambda: value(client) == 2)
    server.wait_for_log("there again$")


def test_a_flood_keeps_no_client_waiting(serve, fifo, tmp_path):
    server = serve(f"pipe:{fifo}", f"file:{_other(tmp_path)}")
    server.wait_for_log("listening on")
    slowest = 0.0
    flood = (document(*range(500)) + "\n").encode() * 3000
    writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    try:
        with Client(server.port) as client:
            ends, written = time.monotonic() + 1.5, 0
            while time.monotonic() < ends:
                with contextlib.suppress(BlockingIOError):
                    written += os.write(writer, flood[written % len(flood) :][:65536])
                asked = time.monotonic()
                client.ask(read_pdu("coils", 0, 1))
                slowest = max(slowest, time.monotonic() - asked)
    finally:
        os.close(writer)
    assert written > 1_000_000
    assert slowest < 0.5


def _other(folder):
    path = folder / "other.json"
    path.write_text(document(1, table="coils"))
    return path


def test_nothing_is_waited_for_at_the_start(serve, fifo, file):
    file.write_text(document(1))
    started = time.monotonic()
    server = serve(f"pipe:{fifo}", f"file:{file}")
    server.wait_for_log("listening on")
    assert time.monotonic() - started < 10
    assert not server.logged("Traceback")
    assert server.stop() == (0, pytest.approx(0, abs=3))


def test_check_shows_what_a_file_gives(file):
    file.write_text(document(1, 2))

    done = run_aoba("check", f"file:{file}")

    assert done.returncode == 0
    assert "holding  0..1      1     2" in done.stdout
    assert "plant.json: ok, 1 document" in done.stdout


def test_check_tells_all_faults_of_a_file(file):
    file.write_text(document(-1) + "\nwhat?\n{")

    done = run_aoba("check", "--json", f"file:{file}")

    assert done.returncode == 1
    first, second = json.loads(done.stdout)["errors"]
    assert first.startswith("line 1: stations[0].map.holding[0]")
    assert second == "line 3: a JSON value ends early, 1 bytes dropped"


def test_check_waits_for_a_writer(fifo):
    reader = os.open(fifo, os.O_RDWR)  # so that writing does not wait
    try:
        os.write(reader, document(7).encode())
        done = run_aoba("check", f"pipe:{fifo}")
    finally:
        os.close(reader)

    assert done.returncode == 0, done.stderr
    assert "holding  0      7" in done.stdout


def test_the_recorded_day_is_free_of_faults():
    day = Path(__file__).parents[2] / "examples" / "day.jsonl"

    done = run_aoba("check", f"file:{day}")

    assert done.returncode == 0, done.stderr
    assert "day.jsonl: ok, 24 documents" in done.stdout
