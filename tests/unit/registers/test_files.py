import pytest

from aoba.errors import IllegalDataAddress
from aoba.registers.files import Files

A, B, C, D = b"\x00\x0a", b"\x00\x0b", b"\x00\x0c", b"\x00\x0d"


@pytest.fixture
def files():
    files = Files()
    files.put(4, A + B + C, only_new=False)
    return files


def test_reads_any_run_of_records(files):
    assert files.read(4, 0, 3) == A + B + C
    assert files.read(4, 1, 1) == B
    assert files.read(4, 1, 2) == B + C


@pytest.mark.parametrize(
    ("number", "record", "count"), [(4, 3, 1), (4, 2, 2), (4, 0, 4), (4, 9999, 1), (5, 0, 1)]
)
def test_what_is_not_defined_is_neither_read_nor_written(files, number, record, count):
    with pytest.raises(IllegalDataAddress, match=f"file {number} record {record}"):
        files.read(number, record, count)
    with pytest.raises(IllegalDataAddress):
        files.write(number, record, D * count)
    assert files.read(4, 0, 3) == A + B + C
    assert set(files) == {4}


def test_writes(files):
    files.write(4, 1, D + D)

    assert files.read(4, 0, 3) == A + D + D


def test_new_records_replace_the_old_and_leave_those_behind_them(files):
    files.put(4, D, only_new=False)
    assert files.read(4, 0, 3) == D + B + C


@pytest.mark.parametrize("only_new", [False, True])
def test_a_file_grows(files, only_new):
    files.put(4, D * 5, only_new=only_new)

    assert files.read(4, 0, 5) == (A + B + C if only_new else D * 3) + D * 2


@pytest.mark.parametrize("count", [0, 1, 3])
def test_only_new_records_leaves_those_that_are_there(files, count):
    files.put(4, D * count, only_new=True)

    assert files.read(4, 0, 3) == A + B + C
    with pytest.raises(IllegalDataAddress):
        files.read(4, 3, 1)


def test_an_empty_file_is_there():
    files = Files()
    files.put(9, b"", only_new=True)

    assert 9 in files
    with pytest.raises(IllegalDataAddress):
        files.read(9, 0, 1)
