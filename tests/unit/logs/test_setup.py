import asyncio
import json
import logging
import os
import queue
import re
import select
import sys
import threading

import pytest

from aoba.logs import setup as logs
from aoba.logs.setup import JsonFormatter, Logging, TextFormatter, _Handler
from support.waiting import soon


def record(text="hello", *args, level=logging.INFO, **extra):
    fields = {"msg": text, "args": args, "levelno": level, "levelname": logging.getLevelName(level)}
    return logging.makeLogRecord(fields | {"created": 1_700_000_000.25, "msecs": 250.0} | extra)


def failed_record():
    try:
        {}["gone"]
    except KeyError:
        return record("oh", exc_info=sys.exc_info())


@pytest.fixture
def plain():
    return TextFormatter(colour=False)


def test_text_has_time_level_and_message(plain):
    line = plain.format(record("%s run %d", "boiler.py", 7, level=logging.WARNING))

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.250 WARNING boiler\.py run 7", line)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nERROR forged", r"a\x0aERROR forged"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\r\x00\x7f\x9b", r"\x0d\x00\x7f\x9b"),
        ("tab\tand \u00b0C \u20ac", "tab\tand \u00b0C \u20ac"),
    ],
)
def test_text_of_a_script_cannot_move_the_cursor_or_forge_a_line(plain, text, shown):
    assert plain.format(record(text)).endswith(f"INFO    {shown}")


def test_text_shows_where_an_exception_came_from(plain):
    first, *rest = plain.format(failed_record()).splitlines()

    assert first.endswith("oh")
    assert (rest[0], rest[-1]) == ("Traceback (most recent call last):", "KeyError: 'gone'")


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_colour_ends_where_the_message_begins(level):
    number = logging.getLevelNamesMapping()[level]
    line = TextFormatter(colour=True).format(record("hi", level=number))

    assert line.endswith(f"{level:<7}\x1b[0m hi")
    assert line.startswith("\x1b[2m")


def test_the_text_of_an_exception_cannot_forge_a_line_either(plain):
    error = ValueError("a\u2028ERROR forged \x1b[2J")
    line = plain.format(record("oh", exc_info=(ValueError, error, None)))

    assert line.endswith(r"ValueError: a\u2028ERROR forged \x1b[2J")


def test_what_a_library_repeats_is_counted(log, capfd):
    with Logging("info", "text"):
        for number in range(3):
            logging.getLogger("asyncio").error("socket %d failed", number)
            log.info("ours")

    lines = [line.split(maxsplit=3)[3] for line in capfd.readouterr().err.splitlines()]
    assert lines == [
        "socket 0 failed",
        *["ours"] * 3,
        "same library message, 2 times: asyncio: socket 0 failed",
    ]


def test_what_a_library_repeats_is_told_though_nothing_follows():
    written = queue.Queue()

    async def repeat():
        handler = _Handler(written, remind=0.001)
        for number in range(3):
            handler.emit(logging.LogRecord("asyncio", logging.ERROR, "", 0, "%d", (number,), None))
        await soon(lambda: written.qsize() == 2)
        handler.end()

    asyncio.run(repeat())
    messages = [written.get_nowait().getMessage() for _ in range(2)]
    assert messages == ["0", "same library message, 2 times: asyncio: 0"]


def test_text_without_colour_has_no_escapes(plain):
    assert "\x1b" not in plain.format(record(level=logging.ERROR))


def test_json_has_time_level_message_and_what_is_beside():
    line = JsonFormatter().format(record("run %d\n", 7, script="boiler.py", run=7))

    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250+00:00",
        "level": "INFO",
        "message": "run 7\n",
        "script": "boiler.py",
        "run": 7,
    }


def test_json_shows_no_character_that_a_terminal_obeys():
    line = JsonFormatter().format(record("\x9b2J\u202e\u2028"))

    assert json.loads(line)["message"] == "\x9b2J\u202e\u2028"
    assert line.isascii()


def test_json_carries_an_exception():
    assert json.loads(JsonFormatter().format(failed_record()))["exception"].endswith(
        "KeyError: 'gone'"
    )


def test_json_takes_whatever_it_is_given():
    line = JsonFormatter().format(record("\udcff", thing=Exception))

    assert json.loads(line)["thing"] == "<class 'Exception'>"
    assert json.loads(line.encode(errors="backslashreplace"))["message"] == "\udcff"


@pytest.fixture
def log():
    """A logger of the root, whose level the test may change."""
    root = logging.getLogger()
    before = root.level
    yield logging.getLogger("aoba.test")
    root.setLevel(before)


def test_a_record_that_cannot_be_shown_does_not_end_the_log(log, capfd):
    with Logging("info", "text") as logging_:
        logging_._handler.handle(record(msg="number %d", args=("seven",)))
        log.info("after")

    first, second = capfd.readouterr().err.splitlines()
    assert "'number %d' cannot be shown" in first
    assert second.endswith("after")


def test_what_waits_at_the_end_is_written_where_somebody_reads(log, capfd):
    with Logging("info", "text") as logging_:
        for i in range(logging_._queue.maxsize * 2):
            log.info("line %d", i)
    written = capfd.readouterr().err

    lost = sum(int(n) for n in re.findall(r"\((\d+) lines of the log were lost\)", written))
    assert written.count(" line ") + lost + logging_._handler.lost == logging_._queue.maxsize * 2


def test_what_is_logged_within_comes_out_from_the_level_on(log, capfd):
    with Logging("warning", "text"):
        log.info("not this")
        log.warning("this")
        log.error("\udcff")
    log.error("nor this")

    lines = capfd.readouterr().err.splitlines()
    assert [line.split(maxsplit=2)[2] for line in lines] == ["WARNING this", r"ERROR   \udcff"]


def test_json_comes_out_one_object_a_line(log, capfd):
    with Logging("debug", "json"):
        log.debug("one")
        log.info("two\nlines")

    lines = capfd.readouterr().err.splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["one", "two\nlines"]


def test_what_finds_no_room_is_counted():
    logging_ = Logging("info", "text")
    handler = logging_._handler
    room = handler.queue.maxsize
    for _ in range(room + 3):
        handler.handle(record())

    assert isinstance(handler, _Handler)
    assert (room, handler.lost, handler.queue.qsize()) == (2_000, 3, room)


def test_lost_lines_are_told(capfd):
    logging_ = Logging("info", "text")
    logging_._handler.lost = 3
    logging_._handler.handle(record("next"))
    logging_._queue.put_nowait(None)
    logging_._write()

    first, second = capfd.readouterr().err.splitlines()
    assert first == "(3 lines of the log were lost)"
    assert second.endswith("next")
    assert logging_._handler.lost == 0


def test_the_thread_is_there_only_while_there_is_something_to_write(log, capfd, monkeypatch):
    monkeypatch.setattr(logs, "_LINGER", 0.01)
    with Logging("info", "text") as logging_:
        for number in range(3):
            log.info("line %d", number)
            writer = logging_._writer
            if writer is not None:  # else it has already gone
                writer.join(5)
                assert not writer.is_alive()
        assert logging_._writer is None

    lines = capfd.readouterr().err.splitlines()
    assert [line.rsplit(maxsplit=1)[1] for line in lines] == ["0", "1", "2"]


def test_without_a_thread_lines_wait_for_one(log, capfd, monkeypatch):
    def start(_):
        raise RuntimeError("can't start new thread")

    with Logging("info", "text"):
        with monkeypatch.context() as patch:
            patch.setattr(logs.threading.Thread, "start", start)
            log.info("first")
        log.info("second")

        with monkeypatch.context() as patch:
            patch.setattr(logs.threading.Thread, "start", start)
            log.info("third")

    lines = capfd.readouterr().err.splitlines()
    assert [line.rsplit(maxsplit=1)[1] for line in lines] == ["first", "second", "third"]


def test_what_goes_wrong_costs_a_line_that_is_counted(log, capfd):
    with Logging("info", "text") as logging_:
        wake, logging_._handler.wake = logging_._handler.wake, None
        log.info("bad")
        logging_._handler.wake = wake
        log.info("good")

    written = capfd.readouterr().err
    assert "Traceback" not in written
    assert "(1 lines of the log were lost)" in written


def test_no_line_is_left_while_threads_come_and_go(log, capfd, monkeypatch):
    monkeypatch.setattr(logs, "_LINGER", 0)
    with Logging("info", "text") as logging_:
        for number in range(1_000):
            log.info("line %d", number)
        for writer in iter(lambda: logging_._writer, None):
            writer.join(5)
        assert logging_._queue.empty()

    lines = capfd.readouterr().err.splitlines()
    assert [int(line.rsplit(maxsplit=1)[1]) for line in lines] == list(range(1_000))


@pytest.fixture
def no_threads(monkeypatch):
    """The system permits none, until the test says otherwise."""
    permitted = []
    start = threading.Thread.start

    def limited(thread):
        if not permitted:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    return permitted


def test_lines_are_written_where_no_thread_is_to_be_had(log, capfd, no_threads):
    with Logging("info", "text"):
        log.info("one")
        assert capfd.readouterr().err.endswith("INFO    one\n")
        no_threads.append(True)
        log.info("two")
        log.info("three")
    assert [line.split()[-1] for line in capfd.readouterr().err.splitlines()] == ["two", "three"]


@pytest.mark.usefixtures("no_threads")
def test_without_a_thread_nobody_waits_for_who_reads_the_log(log, monkeypatch):
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stderr, Logging("info", "text"):
        monkeypatch.setattr(sys, "stderr", stderr)
        for number in range(30):  # more than the pipe holds
            log.info("%d %s", number, 3000 * "x")
        read = b""
        while select.select((reader,), (), (), 0)[0]:
            read += os.read(reader, 65536)
        assert 32 * 1024 < len(read) < 30 * 3000
        log.info("the end")
    with os.fdopen(reader, "rb") as rest:
        *lines, last = (read + rest.read()).decode().splitlines()
    assert [int(line.split()[3]) for line in lines] == list(range(30))
    assert all(line.endswith(3000 * "x") for line in lines)
    assert last.endswith("the end")
