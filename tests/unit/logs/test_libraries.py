import logging

import pytest

from aoba.logs.libraries import LibraryLog


def record(name, text, *args, level=logging.ERROR, error=None):
    return logging.LogRecord(name, level, "file.py", 1, text, args, error)


@pytest.fixture
def library():
    return LibraryLog()


def texts(records):
    return [each.getMessage() for each in records]


def test_what_is_ours_passes_each_time(library):
    for _ in range(3):
        ours = record("aoba.link", "bad")
        assert library.passed(ours) == [ours]
    assert library.end() == []


def test_what_a_library_says_passes_once_whatever_is_put_into_it(library):
    first = record("asyncio", "socket %d", 1)
    assert library.passed(first) == [first]
    for number in range(2, 5):
        assert library.passed(record("asyncio", "socket %d", number)) == []
    other = record("aiohttp.server", "socket %d", 1)
    assert library.passed(other) == [other]

    assert texts(library.end()) == ["same library message, 3 times: asyncio: socket 1"]


def test_what_cannot_be_put_together_passes(library):
    bad = record("asyncio", "number %d", "seven")

    assert library.passed(bad) == [bad]


def failed(kind):
    return record("asyncio", "failed", error=(kind, kind(), None))


def test_another_exception_is_another_message(library):
    found = [library.passed(failed(kind)) for kind in (ValueError, KeyError, ValueError)]

    assert [[each.exc_info[0] for each in passed] for passed in found] == [
        [ValueError],
        [KeyError],
        [],
    ]


def test_counts_are_given_in_time():
    library = LibraryLog(remind=0)
    assert not library.pending
    library.passed(record("asyncio", "socket %d", 1))
    assert texts(library.due()) == []

    repeated = library.passed(record("asyncio", "socket %d", 2))
    assert texts(repeated) == ["same library message, 1 time: asyncio: socket 1"]


def test_what_is_left_out_is_counted_in_words(library):
    for number in range(1000):
        library.passed(record("asyncio", f"socket {number}"))

    assert library.pending
    assert texts(library.end())[-1].endswith(" more library messages, not shown")
