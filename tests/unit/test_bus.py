import pytest

from aoba.bus import parse_bus
from aoba.errors import UsageError


@pytest.mark.parametrize("name", ["main", "north-1", "10.9.0.5", "fd00::1", "20000", "a" * 64])
def test_a_name(name):
    assert parse_bus(name) == name


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\n", "a" * 65, "ä", "{ip}"])
def test_what_is_none(name):
    with pytest.raises(UsageError, match="expected the name of a bus"):
        parse_bus(name)
