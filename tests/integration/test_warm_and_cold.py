"""A script cannot tell whether it was started afresh or is a fork of a kept interpreter."""

import difflib
import re
from pathlib import Path

import pytest

from aoba.sources.scripts.runners.warm.fork_process import LEARNED
from support.curious import CASES, THEMES, normal, written
from support.pythons import python
from support.runs import Outcome, Runs

pytestmark = pytest.mark.of_python

ARGUMENTS = ["one", "two words", ""]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written(tmp_path_factory.mktemp("scripts"))


@pytest.fixture(scope="module")
def cold(runs: Runs, scripts: dict[str, Path]) -> dict[str, Outcome]:
    """What comes of each script when it is started afresh, with ARGUMENTS."""
    names = list(scripts)
    found = {}
    for part in (names[start : start + 8] for start in range(0, len(names), 8)):
        outcomes = runs.cold(*(scripts[name] for name in part), args=ARGUMENTS)
        found.update(zip(part, map(normal, outcomes), strict=True))
    return found


def differences(warm: Outcome, cold: Outcome) -> str:
    pair = ["\n".join(map(str, outcome)).splitlines() for outcome in (warm, cold)]
    return "\n".join(["", *difflib.unified_diff(*pair, "warm", "cold", n=0, lineterm="")])


def compared(runs: Runs, scripts: dict[str, Path], cold: dict[str, Outcome]) -> str:
    """Where a warm run of a script is another than its cold one."""
    names = list(scripts)
    different = {}
    for start in range(0, len(names), 8):
        part = names[start : start + 8]
        warm = runs.warm(*(scripts[name] for name in part), args=ARGUMENTS)
        for name, outcome in zip(part, map(normal, warm), strict=True):
            if outcome != cold[name]:
                different[name] = outcome, cold[name]
    return "\n".join(f"{name}: {differences(*pair)}" for name, pair in different.items())


def test_nobody_can_tell(runs: Runs, scripts: dict[str, Path], cold: dict[str, Outcome]) -> None:
    assert compared(runs, scripts, cold) == ""


def test_no_theme_hides_a_script_of_another() -> None:
    assert len(CASES) == sum(len(theme.CASES) for theme in THEMES) > 100


PRELOADED = ("asyncio", "concurrent.futures", "logging", "multiprocessing", "random", "threading")


def test_modules_that_are_there_already_change_nothing(
    runs: Runs, scripts: dict[str, Path], cold: dict[str, Outcome]
) -> None:
    if runs.python.startswith(python("2.7")):
        pytest.skip("none of these modules is in it")
    names = [name for name in scripts if re.search("thread|process|pool|asyncio|log|atexit", name)]
    paths = [scripts[name] for name in names]
    with Runs(runs.python, PRELOADED) as preloaded:
        assert preloaded.process.ready, preloaded.lines
        warm = map(normal, preloaded.warm(*paths, args=ARGUMENTS))
    assert [
        f"{name}: {differences(outcome, cold[name])}"
        for name, outcome in zip(names, warm, strict=True)
        if outcome != cold[name]
    ] == []
    assert len(names) >= 10


LIBRARIES = ("asyncio", "logging.handlers", "multiprocessing.pool", "unittest")


def test_libraries_that_are_loaded_out_of_sight_change_nothing(
    runs: Runs, scripts: dict[str, Path], cold: dict[str, Outcome]
) -> None:
    if not runs.python.startswith((python("3.8"), python("3.13"))):
        pytest.skip("neither the oldest nor the newest one that does so")
    with Runs(runs.python, (LEARNED, *LIBRARIES)) as loaded:
        assert loaded.process.loaded == LIBRARIES, loaded.process.left_out
        different = compared(loaded, scripts, cold)
    assert different == "", different
