"""Pipes and files by name, of both kinds: that which Linux has, and that for elsewhere."""

import os
import sys
from pathlib import Path

import pytest

from aoba.sources.scripts.runners.warm import stream_paths as module
from aoba.sources.scripts.runners.warm.stream_paths import DescriptorNames, FifoNames, names
from support.runs import open_descriptors

KINDS = [FifoNames] + [DescriptorNames] * (sys.platform == "linux")


@pytest.fixture(params=KINDS)
def some(request, monkeypatch, tmp_path):
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    some = request.param()
    yield some
    some.close()
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_by_name_arrives_and_ends(some):
    reader, writer, name = some.pipe()
    other = os.open(name, os.O_WRONLY)
    os.write(other, b"words")
    os.close(writer)
    some.forget(name)
    os.close(other)

    assert os.read(reader, 100) == b"words"
    assert os.read(reader, 100) == b""
    os.close(reader)


def test_who_reads_does_not_wait_and_who_writes_does(some):
    reader, writer, name = some.pipe()
    other = os.open(name, os.O_WRONLY)

    assert [os.get_blocking(descriptor) for descriptor in (reader, other)] == [False, True]

    for descriptor in (reader, writer, other):
        os.close(descriptor)
    some.forget(name)


def test_a_file_is_read_from_its_beginning_by_everyone(some):
    descriptor, name = some.file(b"data")

    assert [Path(name).read_bytes() for _ in range(2)] == [b"data", b"data"]

    some.forget(name)
    os.close(descriptor)


def test_nothing_is_handed_down(some):
    reader, writer, _ = some.pipe()
    descriptor, _ = some.file(b"")

    assert not any(os.get_inheritable(number) for number in (reader, writer, descriptor))

    for number in (reader, writer, descriptor):
        os.close(number)


def test_the_sample_is_there(some):
    assert Path(some.folder + some.sample).exists()


def test_a_pipe_that_cannot_be_had_leaves_nothing_open(some, monkeypatch):
    def fail(*_):
        raise OSError(24, "Too many open files")

    before = open_descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(os, "pipe2", fail)
        patch.setattr(os, "open", fail)
        with pytest.raises(OSError, match="Too many"):
            some.pipe()

    assert open_descriptors() == before


@pytest.mark.skipif(sys.platform != "linux", reason="there are no such names")
def test_descriptors_that_nobody_may_see_have_no_names(monkeypatch, tmp_path):
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    assert isinstance(names(), DescriptorNames)

    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    hidden = names()

    assert isinstance(hidden, FifoNames)
    hidden.close()
