"""The environment of a resident interpreter, in a process of its own, which it takes over."""

import subprocess
import sys
from pathlib import Path

import pytest

from aoba.sources.scripts.child import resident

BEGIN = f"""
import os, resource, subprocess, sys
sys.path.insert(0, {str(Path(resident.__file__).parent)!r})
if {{without}}:
    sys.modules["ctypes"] = None
from embedded.restore import Environment
environment = Environment()
def seen():
    shell = subprocess.check_output(["sh", "-c", "echo $AOBA_RUN $KEPT $MORE"], text=True)
    return os.environ.get("AOBA_RUN"), shell.split()
"""


def said(body, *, without=False):
    """What `body` prints, on an interpreter with or without `ctypes`."""
    code = BEGIN.format(without=without) + body
    argv = [sys.executable, "-c", code]
    return subprocess.run(
        argv, env={"KEPT": "k"}, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("without", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        "",
        "os.environ['AOBA_RUN'] = 'x'",
        "del os.environ['AOBA_RUN']",
        "os.environ.clear()",
        "os.environ['MORE'] = 'm'; del os.environ['KEPT']",
    ],
)
def test_a_run_finds_what_was_there_and_its_number(change, without):
    body = f"""
for number in (1, 22, 3):
    environment.put_back(); environment.number_run(number)
    print(*seen())
    {change}
"""
    assert said(body, without=without).splitlines() == [
        f"{number} ['{number}', 'k']" for number in (1, 22, 3)
    ]


def test_a_script_that_is_updated_keeps_its_changes_but_for_the_number():
    body = """
environment.put_back(); environment.number_run(1)
os.environ["AOBA_RUN"] = os.environ["MORE"] = "m"
environment.number_run(2)
print(*seen())
"""
    assert said(body) == "2 ['2', 'k', 'm']\n"


def test_numbers_take_no_memory():
    body = """
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
environment.put_back(); environment.number_run(1)
before = peak()
for number in range(200_000):
    environment.put_back(); environment.number_run(number)
print(peak() - before)
"""
    kilobytes = int(said(body)) // (1024 if sys.platform == "darwin" else 1)
    assert kilobytes < 4000  # the C library would keep 12 MB
