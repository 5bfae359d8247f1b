import os

import pytest

from aoba.sources import file_version
from aoba.sources.file_version import FileVersion


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("one")
    return path


def test_another_content_is_another_version(path):
    version = FileVersion(path)
    first = version.read()
    path.write_text("other")

    assert version.read() != first


def test_the_same_content_is_the_same_version(path):
    version = FileVersion(path)
    first = version.read()
    os.utime(path, (1, 1))
    assert version.read() == first
    path.unlink()
    path.write_text("one")

    assert version.read() == first


def test_where_none_can_be_read_it_is_the_last_one(path):
    version = FileVersion(path)
    first = version.read()
    path.unlink()
    assert version.read() == first
    path.mkdir()

    assert version.read() == first


def test_a_very_large_file_is_not_looked_at(path, monkeypatch):
    monkeypatch.setattr(file_version, "MAX_SCRIPT", 2)

    assert FileVersion(path).read() is None
