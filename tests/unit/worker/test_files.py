import os
from pathlib import Path

import pytest

from aoba.worker.files import devices_of, find_program, kind_of, read


def test_kinds(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "broken").symlink_to("nothing")
    os.mkfifo(tmp_path / "fifo")
    names = ("file", "link", "fifo", "broken", "nothing", ".", "a\0b", 5000 * "x")

    kinds = [kind_of(f"{tmp_path}/{name}") for name in names]
    assert kinds == ["file", "file", "FIFO", None, None, "folder", None, None]
    assert kind_of(os.devnull) == "other"


def test_what_is_in_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"\0one")

    assert read(str(tmp_path / "file")) == b"\0one"
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "nothing"))
    with pytest.raises(ValueError, match="null"):
        read("a\0b")


def test_programs_are_found_by_path_and_by_name(tmp_path):
    program = tmp_path / "tool"
    program.touch(mode=0o755)
    (tmp_path / "text").touch(mode=0o644)

    assert find_program("tool", str(tmp_path)) == str(program)
    assert find_program(str(program), "") == str(program)
    assert find_program("text", str(tmp_path)) is None
    assert find_program("tool", "/nowhere") is None


def test_file_systems_of_links_are_those_at_both_of_their_ends(tmp_path):
    (tmp_path / "null").symlink_to(os.devnull)
    here, there = tmp_path.stat().st_dev, Path(os.devnull).stat().st_dev

    assert devices_of(str(tmp_path / "null")) == {here, there}
    with pytest.raises(FileNotFoundError):
        devices_of(str(tmp_path / "nothing"))
