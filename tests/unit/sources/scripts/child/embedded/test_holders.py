"""What a run has changed of modules, classes and containers is put back, whatever it was."""

from collections import OrderedDict, defaultdict, deque
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aoba.sources.scripts.child.embedded.holders import Attributes, Contents

quickly = settings(
    deadline=None,  # on a machine that has more to do
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    max_examples=50,
)


class Own:
    """What is the script's, here."""


def is_own(value):
    return value is Own or isinstance(value, Own)


def put_back(holder):
    return [name for name, step in list(holder.changes()) if step()]


class Awkward:
    def __eq__(self, _):
        raise TypeError

    __hash__ = None


VALUES = st.one_of(st.integers(0, 3), st.text(max_size=2), st.builds(Own), st.builds(Awkward))
NAMES = st.sampled_from("abcd")
KEYS = st.one_of(NAMES, st.integers(0, 3), st.builds(Own))
CONTENTS = {
    dict: st.dictionaries(KEYS, VALUES, max_size=5),
    OrderedDict: st.dictionaries(KEYS, VALUES, max_size=5),
    list: st.lists(VALUES, max_size=5),
    deque: st.lists(VALUES, max_size=5),
    set: st.sets(KEYS, max_size=5),
    bytearray: st.binary(max_size=5),
}


def same(one, other):
    """Of one kind: whether each part is the same, or at least equal."""
    if len(one) != len(other):
        return False
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    if isinstance(one, set):
        return one == other
    return all(
        a is b or (type(a) is not Awkward and a == b) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("kind", CONTENTS)
@quickly
@given(data=st.data())
def test_whole_contents_are_put_back(kind, data):
    container = kind(data.draw(CONTENTS[kind]))
    before = container.copy()
    holder = Contents(container, is_own, is_whole=True)
    container.clear()
    (container.extend if kind in (list, deque, bytearray) else container.update)(
        data.draw(CONTENTS[kind])
    )
    put_back(holder)
    assert same(container, before)
    assert put_back(holder) == []


@pytest.mark.parametrize("kind", [dict, list, deque, set])
@quickly
@given(data=st.data())
def test_of_other_contents_only_what_is_the_script_s_goes(kind, data):
    lasting = data.draw(CONTENTS[kind].filter(lambda c: not any(map(is_own, _parts(c)))))
    container = kind(lasting)
    before = container.copy()
    holder = Contents(container, is_own, is_whole=False)
    added = data.draw(CONTENTS[kind])
    (container.extend if kind in (list, deque) else container.update)(added)
    after = container.copy()
    put_back(holder)
    assert not any(map(is_own, _parts(container)))
    for part in container:
        assert any(part is it for it in (*before, *after))
    if kind is dict:
        for key, value in after.items():
            if not is_own(key) and not is_own(value):
                assert container[key] is value
            elif key in before:
                assert container[key] is before[key]
    else:
        assert same(container, kind(it for it in after if not is_own(it)))


def _parts(container):
    return [*container, *(container.values() if isinstance(container, dict) else ())]


@quickly
@given(
    before=st.dictionaries(NAMES, VALUES),
    changed=st.dictionaries(NAMES, VALUES),
    gone=st.sets(NAMES),
)
def test_attributes_of_the_standard_library_are_put_back(before, changed, gone):
    module = ModuleType("m")
    vars(module).update(before)
    kept = dict(vars(module))
    holder = Attributes(module, "m", is_own, is_whole=True)
    vars(module).update(changed)
    for name in gone & vars(module).keys():
        delattr(module, name)
    put_back(holder)
    assert vars(module).keys() == kept.keys()
    assert all(vars(module)[name] is value for name, value in kept.items())
    assert put_back(holder) == []


def test_of_other_libraries_code_and_what_is_the_script_s_is_put_back():
    class Library:
        state = 0
        hook = None

        def method(self):
            pass

    method = Library.method
    holder = Attributes(Library, "library", is_own, is_whole=False)
    Library.state, Library.hook, Library.added = 1, Own(), Own
    Library.method = lambda _: None
    Library.more = 5
    assert sorted(put_back(holder)) == ["added", "hook", "method"]
    assert (Library.state, Library.hook, Library.method, Library.more) == (1, None, method, 5)
    assert not hasattr(Library, "added")


def test_what_a_library_changes_while_it_is_loaded_is_how_it_is():
    module = ModuleType("m")
    module.one = module.two = 1
    names = defaultdict(int)
    holders = Attributes(module, "m", is_own, is_whole=True), Contents(names, is_own, is_whole=True)
    module.one = 2  # by the script
    holders[0].note()
    module.two, module.three = 2, Own()
    names["x"] += 1
    for holder in holders:
        holder.adapt()
    names.clear()
    for holder in holders:
        put_back(holder)
    assert (module.one, module.two, hasattr(module, "three")) == (1, 2, False)
    assert names == {"x": 1}


@pytest.mark.parametrize("name", ["_cache", "cached", "__warningregistry__", "__file__"])
def test_caches_and_the_like_are_left_alone(name):
    module = ModuleType("m")
    setattr(module, name, 1)
    holder = Attributes(module, "m", is_own, is_whole=True)
    setattr(module, name, 2)
    assert put_back(holder) == []
