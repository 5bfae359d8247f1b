"""What the documentation shows is true: its scripts pass `aoba check`, its links lead somewhere."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import aoba
from aoba.modbus.functions import FUNCTIONS
from aoba.modbus.requests.diagnostics import SUB_FUNCTIONS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")])
SCRIPT = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)")
DEADLINE = 20.0


def scripts():
    for page in PAGES:
        for number, text in enumerate(SCRIPT.findall(page.read_text()), 1):
            yield pytest.param(text, id=f"{page.name}-{number}")


def links():
    for page in PAGES:
        for path, anchor in LINK.findall(page.read_text()):
            yield pytest.param(page, path, anchor, id=f"{page.name}-{path}{anchor}")


@pytest.mark.parametrize("text", [*scripts()])
def test_scripts_pass_check(text, tmp_path):
    (tmp_path / "script.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "aoba", "check", "--json", "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["stations"]


@pytest.mark.parametrize(("page", "path", "anchor"), [*links()])
def test_links_lead_somewhere(page, path, anchor):
    target = page.parent / path if path else page
    assert target.exists()
    if anchor:
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        assert anchor[1:] in [heading.lower().replace(" ", "-") for heading in headings]


def test_the_newest_change_is_of_this_version():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == aoba.__version__


def test_every_function_and_sub_function_is_in_the_tables_of_behaviour():
    text = (ROOT / "docs" / "behaviour.md").read_text()
    rows = re.findall(r"^\| ([0-9A-F]{2}) \| .*? \| (\d\.\d+) \|", text, re.MULTILINE)
    sections = {code: function.section for code, function in FUNCTIONS.items()}
    sections[0x2B] = "6.21"  # where its only MEI type stands
    assert {int(code, 16): section for code, section in rows} == sections
    part = text.split("\n## Diagnostics\n")[1].split("\n## ")[0]
    subs = re.findall(r"^\| ([\d, ]+?)(?: \([0-9A-F, ]+\))? \| ", part, re.MULTILINE)
    told = {int(number) for found in subs for number in found.split(",")}
    assert set(SUB_FUNCTIONS) == told
