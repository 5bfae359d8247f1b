import pytest

from aoba.errors import UsageError
from aoba.sources.script_spec import ScriptSpec
from aoba.sources.spec import ACCEPTED, KINDS, parse_spec


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


@pytest.mark.parametrize("text", ["boiler", "", "ruby:boiler.rb", "boiler?x.py", "python"])
def test_what_is_no_source_is_told_what_is(text):
    with pytest.raises(UsageError) as caught:
        parse_spec(text)

    assert str(caught.value) == f"{text}: not a source; expected {ACCEPTED}"


def test_what_is_accepted_names_every_kind():
    for name in KINDS:
        assert f"{name}:" in ACCEPTED
