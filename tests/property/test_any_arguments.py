"""Whatever is typed, a command ends with one of its exit codes, and says what is wrong in one line.

Nothing here exists or listens, so that no command gets further than to find that out.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.commands import command

TARGETS = [
    "tcp://127.0.0.1:1", "udp://127.0.0.1:1", "tls://127.0.0.1:1?ca=/no/such", "rtu:///no/such",
    "ascii:///dev/null", "rtu+tcp://127.0.0.1:1", "tcp://", "tcp://[", "tcp://a..b", "tcp://x:y",
    "tcp://127.0.0.1:99999", "tcp://127.0.0.1:1?x", "tcp://127.0.0.1:1?keep=1", "rtu://x",
    "rtu:///no/such?baudrate=0", "rtu:///no/such?parity=Q", "127.0.0.1:1", "/no/such", "\udcff", "",
]  # fmt: skip
SOURCES = [
    "gone.py", "gone.py?timeout=5", "gone.py?&&", "python:", "python:x:y", "pyton:gone.py", "file:",
    "file:/no/such", "pipe:/dev/null", "modbus:", "modbus:tcp://127.0.0.1:1?holding=400001",
    "modbus:tcp://127.0.0.1:1?holding=0-x", "http://", "mqtt://", "mqtt://a b/#", "x://", "",
]  # fmt: skip
NUMBERS = [
    "0", "1", "-1", "-5.5", "0x10", "0-9", "9-0", "5.3", "5.99", "40001", "400001", "9" * 30,
    "9" * 5000, "1e999", "nan", "inf", "on", "x", "", "\u0661", "\u202e", "two words", "a\nb",
]  # fmt: skip
TABLES = ["coils", "holding", "input", "discrete_inputs", "registers", ""]
OPTIONS = [
    "--type", "--scale", "--offset", "--unit", "--retries", "--timeout", "--length", "--units",
    "--parallel", "--word-order", "--byte-order", "--refresh", "--listen", "--role", "--identity",
    "--log-level", "--trace", "--single", "--multiple", "--verify", "--json", "--verfy", "--",
    "-h", "-V", "-x",
]  # fmt: skip

numbers = st.sampled_from(NUMBERS)
options = st.lists(
    st.sampled_from(OPTIONS) | numbers | st.sampled_from(["float32", "little"]), max_size=4
)
arguments = st.one_of(
    st.tuples(
        st.sampled_from(["read", "write"]),
        st.sampled_from(TARGETS),
        st.sampled_from(TABLES),
        numbers,
        st.lists(numbers, max_size=2),
        options,
    ),
    st.tuples(st.just("scan"), st.sampled_from(TARGETS), options),
    st.tuples(st.just("push"), st.sampled_from(TARGETS), st.sampled_from(SOURCES), options),
    st.tuples(st.sampled_from(["check", "serve"]), st.sampled_from(SOURCES), options),
    st.tuples(st.just("publish"), st.sampled_from(SOURCES), st.sampled_from(TARGETS), options),
    st.tuples(st.sampled_from(["schema", "ports", "server", "", "-h", "-V"]), options),
)


def flat(parts):
    return [it for part in parts for it in (part if isinstance(part, list) else [part])]


@given(arguments)
def test_a_line_and_no_traceback(parts):
    quick = ["--timeout", "1ms"] if parts[0] in ("read", "write") else []
    ended = command(*flat(parts), *quick)

    assert ended.code in (0, 1, 2)
    assert "Traceback" not in ended.stderr
    if ended.code == 2 or (ended.code == 1 and parts[0] != "check"):
        assert ended.stderr.startswith("aoba: ")
        assert ended.stderr.count("\n") == 1
    for words in ("Value error", "Input should", "unable to parse"):
        assert words not in ended.stderr


@pytest.mark.parametrize("units", ["9" * 5000, "1-" + "9" * 5000])
def test_numbers_that_python_does_not_parse(units):
    ended = command("scan", "tcp://127.0.0.1:1", "--units", units)

    assert (ended.code, ended.stderr.count("\n")) == (2, 1)
