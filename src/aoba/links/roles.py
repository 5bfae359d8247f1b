"""What clients of TLS links may do, by the role in their certificate (Modbus/TCP Security).

Where a user gives rules, whoever has no role, or one that no rule names, may do nothing. Without
any rule, every client whose certificate was verified may do everything.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from aoba.errors import UsageError
from aoba.modbus.peer import ALL_FUNCTIONS, READING_FUNCTIONS

NOTHING: Final = frozenset[int]()

_ACCESS: Final = {"read": READING_FUNCTIONS, "write": ALL_FUNCTIONS, "none": NOTHING}

Rules = Mapping[str, frozenset[int]]
"""The function codes that a role may use, by its name."""

NO_RULES: Final[Rules] = {}


def parse_rules(texts: Sequence[str]) -> Rules:
    """`NAME=read`, `NAME=write` (which reads, too) or `NAME=none` each. Raises UsageError."""
    rules: dict[str, frozenset[int]] = {}
    for text in texts:
        name, equals, access = text.rpartition("=")
        if not equals or not name or access not in _ACCESS:
            raise UsageError(f"--role {text}: expected NAME=read, NAME=write or NAME=none")
        if name in rules:
            raise UsageError(f"--role {text}: role {name!r} is given twice")
        rules[name] = _ACCESS[access]
    return rules


def functions_of(role: str | None, rules: Rules) -> frozenset[int]:
    """The function codes that a client of `role` may use."""
    if not rules:
        return ALL_FUNCTIONS
    return NOTHING if role is None else rules.get(role, NOTHING)


def words_for(role: str | None, functions: frozenset[int]) -> str:
    """Why a client of `role` may use no more than `functions`."""
    who = "a client without a role" if role is None else f"role {role!r}"
    return f"{who} may {'only read' if functions else 'do nothing'}, as --role has it"
