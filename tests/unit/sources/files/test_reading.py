"""What is read of files and FIFOs."""

import io
import os

import pytest

from aoba.sources.files import reading
from aoba.sources.files.reading import leads_to, look, open_fifo, part, whole


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"one")
    return path


def test_a_look_tells_states_apart(path):
    first, age = look(str(path))
    assert first
    assert age < 30
    os.utime(path, (100, 100))
    second, age = look(str(path))

    assert second != first
    assert age > 30
    path.unlink()
    assert look(str(path)) == ((), reading.SETTLED)
    path.mkdir()
    assert look(str(path)) == ((), reading.SETTLED)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("read", [whole, lambda path: part(path, 0, 10, None)])
def test_what_is_no_file_keeps_nobody_waiting(path, make, read):
    path.unlink()
    make(path)

    with pytest.raises(OSError, match=r"no file any more|Is a directory"):
        read(str(path))


def test_one_that_is_too_large_is_not_read_whole(path, monkeypatch):
    monkeypatch.setattr(reading, "AT_ONCE", 2)

    assert whole(str(path)) is None
    assert part(str(path), 1, 10, None) == (b"ne", path.stat().st_ino)


def test_a_file_that_is_written_to_meanwhile_is_read_again(path, monkeypatch):
    class Torn(io.BytesIO):
        """Somebody writes to the file just when its content has been read."""

        def __init__(self):
            super().__init__(path.read_bytes())
            self._file = path.open("rb")

        def fileno(self):
            return self._file.fileno()

        def read(self, size):
            data = super().read(size)
            path.write_bytes(b"new content")
            return data

        def close(self):
            self._file.close()

    openings = iter([Torn(), path.open("rb")])
    monkeypatch.setattr(reading, "open_file", lambda _: next(openings))

    assert whole(str(path)) == b"new content"


def test_which_fifo_is_at_a_path(path):
    assert open_fifo(str(path)) is None
    path.unlink()
    assert open_fifo(str(path)) is None
    os.mkfifo(path)
    descriptor, fifo = open_fifo(str(path))
    os.close(descriptor)
    assert leads_to(str(path), fifo)

    path.rename(path.with_name("older"))  # whose number stays taken
    assert not leads_to(str(path), fifo)
    os.mkfifo(path)
    assert not leads_to(str(path), fifo)
