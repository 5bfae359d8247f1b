import logging

import pytest

from aoba.logs.rate_limit import OVERHEAD, LineLimit, RateLimit, cost
from aoba.logs.setup import JsonFormatter, TextFormatter


def test_a_burst_passes_and_then_so_much_a_second():
    limit = RateLimit(burst=3, per_second=0.5)

    assert [limit.take(1, 1000.0) for _ in range(4)] == [True, True, True, False]
    assert [limit.take(1, 1002.0) for _ in range(2)] == [True, False]
    assert [limit.take(1, 9999.0) for _ in range(4)] == [True, True, True, False]


def test_what_is_refused_takes_nothing():
    limit = RateLimit(burst=3, per_second=1)

    assert limit.take(2, 0.0)
    assert not limit.take(2, 0.0)
    assert limit.take(1, 0.0)


def test_what_is_larger_than_the_burst_costs_the_burst():
    limit = RateLimit(burst=3, per_second=1)

    assert limit.take(100, 0.0)
    assert not limit.take(100, 2.0)
    assert limit.take(100, 3.0)


def test_a_clock_that_goes_back_gives_nothing_away():
    limit = RateLimit(burst=1, per_second=1)

    assert limit.take(1, 10.0)
    assert not limit.take(1, 9.0)
    assert limit.take(1, 10.0)


def test_children_share_what_their_parent_has():
    parent = RateLimit(burst=3, per_second=1)
    one, other = (RateLimit(burst=2, per_second=1, parent=parent) for _ in range(2))

    assert [one.take(1, 0.0) for _ in range(3)] == [True, True, False]
    assert [other.take(1, 0.0) for _ in range(2)] == [True, False]
    assert not one.take(1, 0.5)  # which leaves the parent alone
    assert other.take(1, 1.0)


def test_a_full_one_is_as_good_as_a_new_one():
    limit = RateLimit(burst=4, per_second=2)

    assert limit.is_full(0.0)
    limit.take(3, 0.0)
    assert not limit.is_full(1.0)
    assert limit.is_full(1.5)


def test_what_is_charged_has_to_come_in_again():
    parent = RateLimit(burst=10, per_second=10)
    limit = RateLimit(burst=3, per_second=1, parent=parent)

    limit.take(1, 0.0)
    limit.charge(5)
    assert not limit.take(1, 3.0)
    assert limit.take(1, 4.0)
    assert parent.take(9, 4.0)


@pytest.mark.parametrize(
    "text",
    [
        "pump started",
        'a "quoted" C:\\path',
        "\tat\x1b[31m\x00\x7f",
        "\u00b0C \u65e5\u672c \U0001f600",
        "\x85\u202e\u200b\ufeff\U000e0041",
        "\udcff",
    ],
)
@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter(colour=False)])
def test_the_cost_of_a_text_is_what_it_takes_in_either_form_of_the_log(text, formatter):
    def size(message):
        record = logging.LogRecord("aoba", logging.INFO, "", 0, "%s", (message,), None)
        return len(formatter.format(record).encode(errors="backslashreplace"))

    assert size(text) - size("") <= cost(text) - OVERHEAD
    if isinstance(formatter, JsonFormatter):
        assert size(text) - size("") == cost(text) - OVERHEAD


def test_each_line_of_a_text_has_its_overhead():
    assert cost("a\nb\nc") == 3 * OVERHEAD + len(r"a\nb\nc")


def test_lines_that_are_left_out_are_counted_until_that_is_said():
    limit = LineLimit(OVERHEAD + 4, 0, "lines on stderr")

    assert [limit.lets(line, 0.0) for line in ("good", "bad", "bad")] == [True, False, False]
    assert limit.left_out == 2
    assert limit.more() == ["2 more lines on stderr, not shown"]
    assert limit.more() == []
    assert LineLimit(1, 1).more() == []
