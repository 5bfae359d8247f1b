import asyncio

import pytest

from aoba.errors import UsageError
from aoba.registers.image import Image
from aoba.sources.open import Shared, open_source
from aoba.sources.spec import parse_spec


def opened(*specs):
    shared = Shared(Image())
    for number, spec in enumerate(specs):
        open_source(f"source {number}", parse_spec(spec), shared)
    return shared


def test_http_sources_of_one_place_share_a_port():
    shared = opened("http://127.0.0.1:0/a", "http://127.0.0.1:0/b", "http://[::1]:0/a")

    assert len(shared.listeners) == 2


def test_two_of_them_cannot_have_the_same_path():
    with pytest.raises(UsageError) as caught:
        opened("http://127.0.0.1:0/a%62", "http://127.0.0.1:0/ab?stale_after=5s")

    says = "http://127.0.0.1:0/ab: two sources; expected another path for each"
    assert str(caught.value) == says


def test_health_where_another_one_has_it_is_named():
    with pytest.raises(UsageError, match=r"^health of source 1: .* already belongs to the health"):
        opened(
            "http://127.0.0.1:0/a?health=1:input:9000", "http://127.0.0.1:0/b?health=1:input:9007"
        )


def test_what_was_never_bound_can_be_closed():
    asyncio.run(opened("http://127.0.0.1:0/a").close())

    assert not opened().listeners
