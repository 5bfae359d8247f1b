"""Two states of modules are told apart by what can be reached from them, and by nothing else."""

import functools
import os
import random
import threading
from types import ModuleType, SimpleNamespace

import pytest

from aoba.sources.scripts.child.forks import digest as numbers
from aoba.sources.scripts.child.forks.digest import differences, digest


def module(**names):
    made = ModuleType("made")
    vars(made).update(names)
    return made


class Thing:
    def __init__(self, value):
        self.value = value


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Text(str):
    __slots__ = ()


class LongDouble:
    """As numpy has them: of its 16 bytes, some are whatever was in memory."""

    dtype = SimpleNamespace(char="g")

    def __reduce__(self):
        return LongDouble, (os.urandom(16),)

    def __repr__(self):
        return "1.0"


def closure(value):
    return lambda: value


def default(value):
    return lambda x=value: x


def keyword(value):
    return lambda *, x=value: x


def attributed(value):
    def function():
        pass

    function.value = value
    return function


def in_class(value):
    return type("Made", (), {"value": value, "__module__": "made"})


def static(value):
    return type("Made", (), {"value": staticmethod(closure(value)), "__module__": "made"})


def cycle(value):
    made = []
    made.append((made, value))
    return made


HOLDERS = {
    "itself": lambda value: value,
    "list": lambda value: [0, [value]],
    "tuple": lambda value: ((value,),),
    "key": lambda value: {value: 1},
    "value": lambda value: {"a": {1: value}},
    "set": lambda value: {value, 99},
    "instance": Thing,
    "slots": Slotted,
    "subclass": Text,
    "closure": closure,
    "default": default,
    "keyword": keyword,
    "attribute": attributed,
    "class": in_class,
    "static method": static,
    "partial": lambda value: functools.partial(max, value),
    "method": lambda value: Thing(value).__init__,
    "exception": ValueError,
    "generator of numbers": random.Random,
    "cycle": cycle,
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_a_value_that_is_held_in_any_way(holder):
    one, same, other = (digest({"made": module(a=holder(v))}) for v in ("1", "1", "2"))

    assert list(differences(one, same)) == []
    assert list(differences(one, other)) == ["made.a"]


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 2), (1, 1.0), (0.0, -0.0), (1, True), (None, False), ("a", b"a"), ([1, 2], [2, 1])],
)
def test_values_that_differ(one, other):
    found = differences(digest({"made": module(a=one)}), digest({"made": module(a=other)}))
    assert list(found) == ["made.a"]


@pytest.mark.parametrize(
    "make",
    [
        object,
        threading.Lock,
        lambda: float("nan"),
        lambda: id(object()),  # an address
        lambda: [object(), Thing(object())],
        lambda: ("a", "b") if os.urandom(1)[0] % 2 else ("b", "a"),  # as from a set
        lambda: {Thing(1), Thing(2)},
        LongDouble,
        lambda: os,
    ],
)
def test_what_is_not_looked_at(make):
    for _ in range(5):
        one, other = digest({"made": module(a=make())}), digest({"made": module(a=make())})
        assert list(differences(one, other)) == []


def test_names_and_modules_that_are_missing():
    one = digest({"made": module(a=1, b=2), "more": module()})
    other = digest({"made": module(a=1)})

    assert list(differences(one, other)) == ["made.b", *(f"more.{name}" for name in one["more"])]


def test_what_an_object_does_that_is_looked_at_does_no_harm():
    class Angry:
        @property
        def __dict__(self):
            raise KeyError

        def __reduce_ex__(self, _):
            raise SystemError

        def __eq__(self, other):
            raise TypeError

        __hash__ = None

    assert digest({"made": module(a=Angry())})["made"]["a"]


def test_what_is_too_much(monkeypatch):
    monkeypatch.setattr(numbers, "MOST", 100)
    with pytest.raises(OverflowError, match="too much to be looked at"):
        digest({"made": module(a=[[n] for n in range(100)])})
