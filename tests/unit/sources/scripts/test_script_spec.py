import shutil
import sys
from pathlib import Path

import pytest

from aoba.errors import UsageError
from aoba.sources.freshness import FreshnessRule
from aoba.sources.health_place import HealthPlace
from aoba.sources.monitoring import Monitoring
from aoba.sources.scripts.limits import NO_LIMITS, Limits
from aoba.sources.scripts.spec import (
    DEFAULT_START,
    DEFAULT_TIMEOUT,
    FORMS,
    ScriptSpec,
    parse_script,
)

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The directory that Aoba is started in, with some scripts."""
    (tmp_path / "boiler.py").touch()
    (tmp_path / "no suffix").touch()
    (tmp_path / "a+b & c.py").touch()
    (tmp_path / "plant:north.py").touch()
    (tmp_path / "folder.py").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pythons(tmp_path, monkeypatch):
    """A PATH with nothing in it; call with names to add interpreters of these names."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def add(*names):
        for name in names:
            (folder / name).touch(mode=0o755)
        return folder

    return add


@pytest.mark.parametrize("prefix", ["python:external:", "python:", ""])
@pytest.mark.parametrize("absolute", [False, True])
def test_three_ways_to_name_a_script(here, prefix, absolute):
    path = here / "boiler.py"
    spec = parse_script(f"{prefix}{path if absolute else 'boiler.py'}")

    assert spec == ScriptSpec(path=path, python=spec.python, args=(), timeout=DEFAULT_TIMEOUT)
    assert spec.path.is_absolute()


def test_the_contract_of_a_run_that_is_silent():
    assert DEFAULT_TIMEOUT == 30.0


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("python:external:no suffix", "no suffix"),
        ("python:no suffix", "no suffix"),
        ("a+b & c.py", "a+b & c.py"),  # a path is taken as it stands
        ("./folder.py/../boiler.py", "boiler.py"),
        ("python:external:plant:north.py", "plant:north.py"),
        ("python:./plant:north.py", "plant:north.py"),
        ("plant:north.py", "plant:north.py"),
    ],
)
def test_paths(here, location, path):
    assert parse_script(location).path == here / path


def test_a_symbolic_link_stays_as_the_user_named_it(here):
    (here / "link.py").symlink_to("boiler.py")

    assert parse_script("link.py").path == here / "link.py"


@pytest.mark.parametrize(
    ("query", "args", "timeout"),
    [
        ("", (), 30.0),
        ("timeout=5", (), 5.0),
        ("timeout=500ms", (), 0.5),
        ("args=--site+north", ("--site", "north"), 30.0),
        ("args=--site%20north", ("--site", "north"), 30.0),
        ("args='a+b'+c", ("a b", "c"), 30.0),
        ("args=--x%3D1%262", ("--x=1&2",), 30.0),
        ("args=", (), 30.0),
        ("args=what%3F", ("what?",), 30.0),
        ("timeout=1min&args=x", ("x",), 60.0),
    ],
)
@pytest.mark.parametrize("prefix", ["python:external:", "python:", ""])
def test_options(here, prefix, query, args, timeout):
    spec = parse_script(f"{prefix}boiler.py?{query}")

    assert (spec.path, spec.args, spec.timeout) == (here / "boiler.py", args, timeout)


def test_an_interpreter_by_its_path():
    assert parse_script(f"boiler.py?python={sys.executable}").python == sys.executable


def test_an_interpreter_by_its_name(pythons):
    folder = pythons("python2.7", "python3")

    assert parse_script("boiler.py?python=python2.7").python == str(folder / "python2.7")


def test_an_interpreter_at_home(pythons, monkeypatch):
    folder = pythons("mine")
    monkeypatch.setenv("HOME", str(folder))

    assert parse_script("boiler.py?python=~/mine").python == str(folder / "mine")


@pytest.mark.parametrize(
    ("present", "taken"),
    [(("python", "python3"), "python3"), (("python3",), "python3"), (("python",), "python")],
)
def test_python3_before_python(pythons, present, taken):
    folder = pythons(*present)

    assert parse_script("boiler.py").python == str(folder / taken)


def test_a_virtual_environment_is_the_path_of_its_link(pythons):
    folder = pythons("real")
    (folder / "python3").symlink_to("real")

    assert parse_script("boiler.py").python == str(folder / "python3")


def test_no_interpreter_at_all(pythons):
    pythons()

    with pytest.raises(UsageError) as caught:
        parse_script("boiler.py")
    assert str(caught.value) == (
        "neither python3 nor python is in the PATH; name one with ?python=PATH"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "python:jython:boiler.py",
            (f"python:jython:boiler.py: unknown mode 'jython'; expected {FORMS}"),
        ),
        ("python:", f"the path of the script is missing; expected {FORMS}"),
        ("python:external:?timeout=5", f"the path of the script is missing; expected {FORMS}"),
        (
            "boiler.py?timeout=0",
            (
                "boiler.py?timeout=0: option 'timeout': expected seconds, or a "
                "number with ms, s, min or h, as in 500ms, got '0'"
            ),
        ),
        (
            "boiler.py?timeuot=5",
            ("boiler.py?timeuot=5: unknown option 'timeuot', did you mean timeout?"),
        ),
        (
            "boiler.py?x=5",
            (
                "boiler.py?x=5: unknown option 'x', known here: python, args, timeout, start, "
                "preload, feed, stale_after, on_stale, health, bus, interval, cwd, env_file, user, "
                "memory, cpu, nice"
            ),
        ),
        (
            "boiler.py?timeout=5&timeout=6",
            ("boiler.py?timeout=5&timeout=6: option 'timeout' is given twice"),
        ),
        ("boiler.py?timeout", "boiler.py?timeout: after the ? come name=value pairs, joined by &"),
        (
            "boiler.py?args=a%00",
            "boiler.py?args=a%00: option 'args': an argument cannot have a NUL character in it",
        ),
        ("boiler.py?args='a", "boiler.py?args='a: option 'args': No closing quotation in \"'a\""),
        (
            "boiler.py?python=nowhere",
            (
                "boiler.py?python=nowhere: option 'python': 'nowhere' is not "
                "an interpreter; expected a path or a name in the PATH"
            ),
        ),
        (
            "boiler.py?python=",
            (
                "boiler.py?python=: option 'python': '' is not an interpreter; "
                "expected a path or a name in the PATH"
            ),
        ),
    ],
)
def test_refused_in_one_line(text, reason):
    with pytest.raises(UsageError) as caught:
        parse_script(text)

    assert str(caught.value) == reason


def test_where_a_script_stands(here):
    (here / "folder.py" / "__main__.py").touch()
    (here / "plant.pyz").touch()
    folder, archive = parse_script("python:folder.py"), parse_script("python:plant.pyz")
    plain = parse_script("boiler.py")

    assert folder.path == here / "folder.py"
    assert folder.file == here / "folder.py" / "__main__.py"
    assert [spec.is_archive for spec in (folder, archive, plain)] == [False, True, False]
    assert (archive.file, plain.file) == (here / "plant.pyz", here / "boiler.py")


def test_a_path_may_have_a_question_mark_and_begin_at_home(here, monkeypatch):
    (here / "what?.py").touch()
    (here / "100%3F.py").touch()
    monkeypatch.setenv("HOME", str(here))

    assert parse_script("what%3F.py").path == here / "what?.py"
    assert parse_script("python:~/what%3f.py?timeout=5").path == here / "what?.py"
    assert parse_script("100%253F.py").path == here / "100%3F.py"


@pytest.mark.usefixtures("here")
def test_the_interval_until_a_document_names_one():
    assert parse_script("boiler.py").first_interval == 1.0
    assert parse_script("boiler.py?interval=250ms").first_interval == 0.25
    with pytest.raises(UsageError, match="option 'interval': expected 10ms to 24h, got '1ms'"):
        parse_script("boiler.py?interval=1ms")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.py", "no such script"),
        ("folder.py", "a folder without a __main__.py; expected a Python script"),
    ],
)
def test_what_is_not_there_is_named_by_its_whole_path(here, name, reason):
    with pytest.raises(UsageError) as caught:
        parse_script(name)

    assert str(caught.value) == f"{here / name}: {reason}"


def test_a_nul_is_in_no_path():
    with pytest.raises(UsageError, match="no such script"):
        parse_script("boiler\0.py")


@pytest.mark.parametrize("text", ["boiler.py", "{boiler}?python=./mine"])
def test_a_relative_path_in_a_folder_that_is_gone(tmp_path, here, monkeypatch, text):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    with pytest.raises(UsageError) as caught:
        parse_script(text.format(boiler=here / "boiler.py"))
    assert str(caught.value).endswith("the working directory is gone; expected an absolute path")


def test_the_python_of_the_path_is_one_that_exists():
    if shutil.which("python3") or shutil.which("python"):
        assert Path(parse_script("boiler.py").python).is_file()


@pytest.mark.parametrize(
    ("query", "start", "preload", "learns"),
    [
        ("", DEFAULT_START, (), True),
        ("preload=auto", "warm", (), True),
        ("preload=none", DEFAULT_START, (), False),
        ("preload=none&start=cold", "cold", (), False),
        ("preload=numpy", "warm", ("numpy",), False),
        ("start=cold", "cold", (), True),
        ("start=warm&preload=numpy,xml.dom", "warm", ("numpy", "xml.dom"), False),
        ("preload=auto,none", "warm", ("auto", "none"), False),
    ],
)
def test_how_runs_start(here, query, start, preload, learns):
    spec = parse_script(f"{here}/boiler.py?{query}")

    assert (spec.start, spec.preload, spec.learns) == (start, preload, learns)


@pytest.mark.parametrize("query", ["start=hot", "preload=", "preload=a,,b", "preload=a-b"])
def test_other_ways_to_start_are_refused(here, query):
    with pytest.raises(UsageError, match=r"option '(start|preload)': expected"):
        parse_script(f"{here}/boiler.py?{query}")


@pytest.mark.parametrize("preload", ["numpy", "auto"])
def test_what_is_preloaded_is_for_warm_starts(here, preload):
    with pytest.raises(UsageError, match="option 'preload' goes with start=warm"):
        parse_script(f"{here}/boiler.py?start=cold&preload={preload}")


def test_what_may_be_preloaded_is_said(here):
    with pytest.raises(UsageError, match="expected auto, none, or names of modules joined by comm"):
        parse_script(f"{here}/boiler.py?preload=Auto-")


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("", None),
        ("stale_after=5s", FreshnessRule(5.0, "hold")),
        ("stale_after=500ms&on_stale=zero", FreshnessRule(0.5, "zero")),
        ("on_stale=exception&stale_after=1min", FreshnessRule(60.0, "exception")),
    ],
)
def test_freshness(here, query, rule):
    assert parse_script(f"{here}/boiler.py?{query}").monitoring == Monitoring(rule)


def test_what_stale_reads_answer_needs_a_time(here):
    with pytest.raises(UsageError, match="option 'on_stale' goes with stale_after"):
        parse_script(f"{here}/boiler.py?on_stale=zero")


def test_health_and_feedback(here):
    spec = parse_script(f"{here}/boiler.py?feed=writes&health=1:input:9000")

    assert (spec.feed, spec.monitoring.health) == ("writes", HealthPlace(1, "input", 9000))
    plain = parse_script(f"{here}/boiler.py")
    assert (plain.feed, plain.monitoring.health) == (None, None)


def test_names(here):
    spec = parse_script("boiler.py")

    assert (spec.name, spec.full_name) == ("boiler.py", str(here / "boiler.py"))


@pytest.mark.skipif(sys.platform != "linux", reason="limits need Linux")
def test_limits(here):
    spec = parse_script(f"{here}/boiler.py?memory=1MiB&cpu=10s&nice=3")

    assert spec.limits == Limits(memory=2**20, cpu=10, nice=3)
    assert parse_script(f"{here}/boiler.py?nice=3").limits == Limits(nice=3)
    assert parse_script(f"{here}/boiler.py").limits == NO_LIMITS


def test_an_embedded_script_has_our_own_python(here):
    spec = parse_script("python:embedded:boiler.py?timeout=5&args=a+b")

    assert spec == ScriptSpec(
        path=here / "boiler.py",
        python=sys.executable,
        args=("a", "b"),
        timeout=5.0,
        mode="embedded",
    )


@pytest.mark.parametrize("option", ["python=python3", "start=cold", "preload=json"])
def test_what_an_embedded_script_cannot_have_is_refused(option):
    name = option.partition("=")[0]
    with pytest.raises(UsageError, match=f"option '{name}' goes with python:external; "):
        parse_script(f"python:embedded:boiler.py?{option}")
