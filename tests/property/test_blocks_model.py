"""Parts of a block against a walk along its values."""

from hypothesis import given
from hypothesis import strategies as st

from aoba.client.blocks import Block, to_read, to_write
from aoba.modbus.spec import Table
from aoba.spans import Span

LIMITS = {
    (to_read, True): 2000,
    (to_read, False): 125,
    (to_write, True): 1968,
    (to_write, False): 123,
}


def model(start, values, step, limit):
    """Put one value after the other into the present request, or into a new one."""
    parts = []
    for first in range(start, start + values * step, step):
        if parts and parts[-1][1] + step - parts[-1][0] <= limit:
            parts[-1] = (parts[-1][0], first + step)
        else:
            parts.append((first, first + step))
    return parts


@given(
    st.sampled_from([to_read, to_write]),
    st.sampled_from(Table),
    st.integers(0, 500),
    st.integers(1, 3000),
    st.sampled_from([1, 2, 4]),
)
def test_values_are_kept_together_in_as_few_requests_as_can_be(cut, table, start, values, step):
    block = Block(3, table, Span(start, start + values * step))

    parts = list(cut(block, step))

    limit = LIMITS[cut, table.is_bits]
    assert [tuple(part.span) for part in parts] == model(start, values, step, limit)
    assert {part[:2] for part in parts} == {(3, table)}
