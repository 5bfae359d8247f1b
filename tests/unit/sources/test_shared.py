import asyncio

import pytest

from aoba.errors import UsageError
from aoba.registers.buses import Buses
from aoba.sources.files.file import FileSource, Replay
from aoba.sources.http.source import HttpSource
from aoba.sources.registry import open_source, parse_spec
from aoba.sources.scripts.script import Script
from aoba.sources.shared import Shared


@pytest.fixture
def shared():
    return Shared(Buses())


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "a.py").touch()
    (tmp_path / "a.json").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a.py", Script),
        ("python:embedded:a.py", Script),
        ("file:a.json", FileSource),
        ("file:a.json?replay=1s", Replay),
        ("http://127.0.0.1:0/a", HttpSource),
    ],
)
def test_each_kind_has_a_class(text, kind, shared):
    async def opened():
        return open_source("a", parse_spec(text), shared)

    assert type(asyncio.run(opened())) is kind


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("text", ["a.py", "file:a.json"])
def test_two_cannot_have_their_health_in_one_place(text, shared):
    async def opened():
        for name in ("a", "b"):
            open_source(name, parse_spec(f"{text}?health=1:input:9000"), shared)

    with pytest.raises(UsageError, match="health of b: station 1 input 9000"):
        asyncio.run(opened())


def opened(*specs):
    shared = Shared(Buses())
    for number, spec in enumerate(specs):
        open_source(f"source {number}", parse_spec(spec), shared)
    return shared


def test_http_sources_of_one_place_share_a_port():
    shared = opened("http://127.0.0.1:0/a", "http://127.0.0.1:0/b", "http://[::1]:0/a")

    assert len(shared.resources) == 2


def test_two_of_them_cannot_have_the_same_path():
    with pytest.raises(UsageError) as caught:
        opened("http://127.0.0.1:0/a%62", "http://127.0.0.1:0/ab?stale_after=5s")

    says = "http://127.0.0.1:0/ab: two sources; expected another path for each"
    assert str(caught.value) == says


def test_what_was_never_bound_can_be_closed():
    asyncio.run(opened("http://127.0.0.1:0/a").close())

    assert not opened().resources
