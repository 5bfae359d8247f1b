"""Spans against a set of addresses."""

from hypothesis import given
from hypothesis import strategies as st

from aoba.spans import Span, Spans

SIZE = 40  # small, so that spans meet

spans = st.tuples(st.integers(0, SIZE - 1), st.integers(1, SIZE)).map(
    lambda pair: (pair[0], min(SIZE, pair[0] + pair[1]))
)


def build(added):
    result, model = Spans(), set()
    for start, stop in added:
        index = result.add(start, stop)
        model |= set(range(start, stop))
        assert result[index].start <= start < stop <= result[index].stop
    return result, model


def runs(addresses):
    """The runs of consecutive `addresses`."""
    starts = [i for i in sorted(addresses) if i - 1 not in addresses]
    stops = [i + 1 for i in sorted(addresses) if i + 1 not in addresses]
    return list(zip(starts, stops, strict=True))


@given(st.lists(spans, max_size=12))
def test_spans_are_the_runs_of_what_was_added(added):
    result, model = build(added)

    assert list(result) == runs(model)


@given(st.lists(spans, max_size=8), spans)
def test_questions_have_the_answers_of_a_set(added, asked):
    result, model = build(added)
    wanted = set(range(*asked))
    common = runs(wanted & model)

    assert result.covers(*asked) == (wanted <= model)
    assert result.overlap(*asked) == (Span(*common[0]) if common else None)
    assert list(result.gaps(*asked)) == runs(wanted - model)


@given(st.lists(spans, max_size=8), spans)
def test_touching_spans_are_those_that_adding_joins(added, asked):
    result, _ = build(added)
    start, stop = asked
    expected = [i for i, s in enumerate(result) if s.start <= stop and s.stop >= start]

    assert list(result.touching(start, stop)) == expected
