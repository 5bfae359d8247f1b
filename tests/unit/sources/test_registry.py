import re
from importlib import import_module
from pathlib import Path

import pytest

from aoba.errors import UsageError
from aoba.sources.kinds import ACCEPTED, SOURCES
from aoba.sources.registry import parse_spec
from aoba.sources.scripts.spec import ScriptSpec

README = Path(__file__).parents[3] / "README.md"


@pytest.mark.parametrize("prefix", ["", "python:", "python:external:", "python:embedded:"])
def test_a_script(tmp_path, monkeypatch, prefix):
    (tmp_path / "boiler.py").touch()
    monkeypatch.chdir(tmp_path)

    spec = parse_spec(f"{prefix}boiler.py")

    assert isinstance(spec, ScriptSpec)
    assert spec.path == tmp_path / "boiler.py"


def test_a_path_may_have_a_colon(tmp_path):
    (tmp_path / "a:b.py").touch()

    assert parse_spec(f"{tmp_path}/a:b.py").name == "a:b.py"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("boiler", "boiler"),
        ("", "''"),
        ("ruby:boiler.rb", "ruby:boiler.rb"),
        ("boiler?x.py", "boiler"),
        ("python", "python"),
        ("gopher://host/x", "gopher://..."),
    ],
)
def test_what_is_no_source_is_told_what_is(text, shown):
    with pytest.raises(UsageError) as caught:
        parse_spec(text)

    assert str(caught.value) == f"{shown}: not a source; expected {ACCEPTED}"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("htp://127.0.0.1:8080/plant", "did you mean http:?"),
        ("https://127.0.0.1:8080/plant", "did you mean http:?"),
        ("MQTT://broker/plant", "did you mean mqtt:?"),
        ("tcp://10.0.0.5", "to poll a device, put modbus: before it"),
        ("tls://10.0.0.5?ca=ca.pem", "to poll a device, put modbus: before it"),
        ("rtu:///dev/ttyUSB0", "to poll a device, put modbus: before it"),
        ("plant.json?replay=1s", "a file of documents is file:plant.json"),
        ("day.jsonl", "a file of documents is file:day.jsonl"),
        ("pyton:boiler.py", "pyton:boiler.py: no such script; did you mean python:?"),
        ("Python:boiler.py?timeout=5", "no such script; did you mean python:?"),
        ("embeded:boiler.py", "no such script; did you mean python:embedded:?"),
        ("modbuss:tcp://10.0.0.5?holding=0", "did you mean modbus:?"),
        ("/dev/ttyUSB0", "to poll a device, there is modbus:rtu:///dev/ttyUSB0?holding=0-99"),
        ("10.0.0.5:502", "to poll a device, there is modbus:tcp://10.0.0.5:502?holding=0-99"),
    ],
)
def test_what_is_nearly_a_source_is_told_which(text, hint):
    with pytest.raises(UsageError, match=re.escape(hint)):
        parse_spec(text)


@pytest.mark.parametrize(
    "text", ["htp://me:SECRET@host/x", "http//host/x?token=SECRET", "x://h/?a=b&token=SECRET"]
)
def test_what_is_no_source_shows_no_secret(text):
    with pytest.raises(UsageError) as caught:
        parse_spec(text)

    assert "SECRET" not in str(caught.value)


def test_what_is_accepted_names_every_kind():
    for name in SOURCES:
        assert f"{name}:" in ACCEPTED


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_row_names_is_there(name):
    kind = SOURCES[name]

    for place in (kind.parse, kind.build):
        module, _, function = place.partition(":")
        assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize("name", SOURCES)
def test_each_kind_is_in_the_readme(name):
    assert f"{name}:" in README.read_text()
