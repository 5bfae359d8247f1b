"""What two configurations have in common is found by its kind and its place."""

import pytest

from aoba.config.model import Config, LinkConfig, PushConfig, by_key, named
from aoba.sources.registry import parse_spec


def link(place, rules=()):
    return LinkConfig(place, rules)


def test_what_is_equal_in_two_configurations_has_the_same_key():
    one, other = by_key([link("a"), link("b")]), by_key([link("b"), link("a")])

    assert one == other
    assert len(one) == 2


def test_of_several_at_one_place_each_has_a_key():
    keyed = by_key([link("a", rules=1), link("a", rules=2)])

    assert [config.rules for config in keyed.values()] == [1, 2]
    assert by_key([link("a", rules=1)]).items() <= keyed.items()


def test_kinds_at_one_place_are_told_apart():
    assert len(by_key([link("a"), PushConfig("a")])) == 2


def test_configurations_with_equal_contents_are_equal_and_never_change():
    config = Config(outlets=(link("a"),))

    assert config == Config(outlets=(link("a"),))
    assert config != Config(outlets=(link("a"), link("a")))
    with pytest.raises(AttributeError):
        config.outlets = ()


def test_sources_without_names_get_different_ones(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.py").touch()
    specs = [parse_spec(f"{tmp_path}/{folder}/x.py") for folder in ("a", "b")]
    sources = named(specs)

    assert [source.spec for source in sources] == specs
    assert len({source.name for source in sources}) == 2
