import pytest

from aoba.errors import UsageError
from aoba.links.roles import NO_RULES, functions_of, parse_rules
from aoba.modbus.peer import ALL_FUNCTIONS
from aoba.modbus.spec import WRITING

RULES = parse_rules(["engineer=write", "viewer=read", "former=none", "a=b=read"])


@pytest.mark.parametrize(
    ("role", "functions"),
    [
        ("engineer", ALL_FUNCTIONS),
        ("viewer", ALL_FUNCTIONS - WRITING),
        ("a=b", ALL_FUNCTIONS - WRITING),
        ("former", frozenset()),
        ("unknown", frozenset()),
        ("", frozenset()),
        (None, frozenset()),
    ],
)
def test_what_a_role_may_do(role, functions):
    assert functions_of(role, RULES) == functions


@pytest.mark.parametrize("role", [None, "engineer", "unknown"])
def test_everything_where_there_are_no_rules(role):
    assert functions_of(role, NO_RULES) == functions_of(role, parse_rules([])) == ALL_FUNCTIONS


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["engineer"], "--role engineer: expected NAME=read, NAME=write or NAME=none"),
        (["engineer=all"], "--role engineer=all: expected NAME=read"),
        (["engineer="], "--role engineer=: expected NAME=read"),
        (["=read"], "--role =read: expected NAME=read"),
        (["x=read", "x=write"], "--role x=write: role 'x' is given twice"),
    ],
)
def test_rules_that_are_none(texts, reason):
    with pytest.raises(UsageError) as caught:
        parse_rules(texts)

    assert str(caught.value).startswith(reason)
