"""docs/architecture.md names what is there, names every room, and stays short enough to be read."""

import re

from support.modules import ROOT, SOURCE

TEXT = (ROOT / "docs" / "architecture.md").read_text()
LONGEST = 250


def test_it_can_be_read_in_one_go():
    assert len(TEXT.splitlines()) < LONGEST


def test_what_looks_like_a_module_is_there():
    """A word with a slash, below the source or the repository; but for those of the system."""
    words = re.findall(r"`([\w.]+/[\w./]*)`", TEXT)
    there = [(SOURCE / w, SOURCE / f"{w}.py", ROOT / w) for w in words]

    assert len(words) > 10
    assert [
        w for w, paths in zip(words, there, strict=True) if not any(p.exists() for p in paths)
    ] == []


def test_every_room_is_in_it():
    rooms = {path.parent.name for path in SOURCE.glob("*/*.py")}

    assert {room for room in rooms if f"`{room}/`" not in TEXT} == set()


def test_it_has_six_walks_and_reasons():
    walks = TEXT.partition("## Six walks")[2].partition("## Decisions")[0]

    assert len(re.findall(r"(?m)^### ", walks)) == 6
    assert len(re.findall(r"(?m)^- \*\*", TEXT.partition("## Decisions")[2])) > 30
