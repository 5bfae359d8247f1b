"""Paths of SPECs: what stands for what, and what is there."""

from pathlib import Path

import pytest

from aoba.errors import UsageError
from aoba.sources.paths import absolute, in_spec, kind_at


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("a b.json", "a b.json"),
        ("what%3F.json", "what?.json"),
        ("what%3f.json", "what?.json"),
        ("100%25.json", "100%25.json"),  # all else as it stands
        ("what%253F.json", "what%3F.json"),
        ("%2525%3F", "%2525?"),
    ],
)
def test_only_a_question_mark_is_escaped(location, path):
    assert in_spec(location) == path


def test_a_path_is_absolute_and_its_links_stay(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")

    assert absolute("link/../link/a.py") == f"{tmp_path}/link/a.py"
    assert absolute("~/a.py") == "/home/somebody/a.py"


def test_a_folder_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert absolute("/a.py") == "/a.py"
    with pytest.raises(UsageError, match=r"^a\.py: the working directory is gone"):
        absolute("a.py")


def test_what_is_there(tmp_path):
    file = tmp_path / "a"
    file.touch()

    assert kind_at(str(tmp_path / "nothing")) is None
    assert kind_at(str(file)) != kind_at(str(tmp_path))
    assert kind_at(str(file)) == kind_at(str(Path(__file__)))
