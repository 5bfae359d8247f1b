import os

import pytest

from aoba.errors import UsageError
from aoba.sources.files.spec import FifoSpec, FileSpec, parse_fifo, parse_file
from aoba.sources.freshness import FreshnessRule
from aoba.sources.monitoring import Monitoring


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "plant.json").touch()
    os.mkfifo(tmp_path / "values")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file(here):
    spec = parse_file("file:plant.json")

    assert spec == FileSpec(here / "plant.json")
    assert (spec.name, spec.full_name) == ("plant.json", f"{here}/plant.json")


@pytest.mark.parametrize(
    ("query", "replay", "loop"),
    [("", None, True), ("replay=1s", 1.0, True), ("replay=10ms&loop=false", 0.01, False)],
)
def test_how_it_is_played(here, query, replay, loop):
    spec = parse_file(f"file:{here}/plant.json?{query}")

    assert (spec.replay, spec.loop) == (replay, loop)


def test_a_fifo(here):
    monitoring = Monitoring(FreshnessRule(5.0))

    assert parse_fifo("pipe:values?stale_after=5s") == FifoSpec(here / "values", monitoring)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file:", "file:: the path is missing; expected file:PATH"),
        ("file:gone", "{here}/gone: no such file"),
        ("file:folder", "{here}/folder: not a file; expected a file of documents"),
        (
            "file:values",
            "{here}/values: a FIFO; expected a file of documents, or pipe:{here}/values",
        ),
        ("pipe:", "pipe:: the path is missing; expected pipe:PATH"),
        ("pipe:gone", "{here}/gone: no such file; `mkfifo {here}/gone` makes a FIFO"),
        (
            "pipe:plant.json",
            (
                "{here}/plant.json: not a FIFO, which `mkfifo` makes; "
                "for a file there is file:{here}/plant.json"
            ),
        ),
        ("pipe:folder", "{here}/folder: not a FIFO, which `mkfifo` makes"),
        (
            "file:plant.json?loop=true",
            "file:plant.json?loop=true: option 'loop' goes with replay",
        ),
        (
            "file:plant.json?replay=1ms",
            "file:plant.json?replay=1ms: option 'replay': expected 10ms to 24h, got '1ms'",
        ),
        (
            "pipe:values?replay=1s",
            (
                "pipe:values?replay=1s: unknown option 'replay', "
                "known here: stale_after, on_stale, health, bus"
            ),
        ),
    ],
)
def test_refused_in_one_line(here, text, reason):
    parse = parse_file if text.startswith("file:") else parse_fifo
    with pytest.raises(UsageError) as caught:
        parse(text)

    assert str(caught.value) == reason.format(here=here)


def test_a_name_that_no_file_can_have():
    with pytest.raises(UsageError, match="no such file"):
        parse_file(f"file:{'x' * 5000}")
