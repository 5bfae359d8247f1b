"""What is accepted, what is put on a process, and what a failure is said to come from."""

import os
import resource
import signal
import subprocess
import sys

import pytest

from aoba.errors import UsageError
from aoba.sources.scripts import limits
from aoba.sources.scripts.limits import (
    CPU_TO_KILL,
    NO_LIMITS,
    Limits,
    parse_cpu,
    parse_memory,
    parse_nice,
)

MIB = 2**20


@pytest.fixture
def child():
    """A process that waits to be ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def of(process, name):
    return resource.prlimit(process.pid, getattr(resource, name))


def niceness(process):
    return os.getpriority(os.PRIO_PROCESS, process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="limits need Linux")
class TestOnAProcess:
    def test_all_of_them(self, child):
        Limits(memory=512 * MIB, cpu=7, nice=19).apply(child.pid)

        assert of(child, "RLIMIT_AS") == (512 * MIB, 512 * MIB)
        assert of(child, "RLIMIT_CPU") == (7, 7 + CPU_TO_KILL)
        assert niceness(child) == 19

    def test_cpu_time_is_not_for_one_that_goes_on_and_on(self, child):
        before = of(child, "RLIMIT_CPU")
        Limits(memory=512 * MIB, cpu=7).apply_to_all_runs(child.pid)

        assert of(child, "RLIMIT_AS") == (512 * MIB, 512 * MIB)
        assert of(child, "RLIMIT_CPU") == before

    def test_none(self, child):
        names = ("RLIMIT_AS", "RLIMIT_CPU")
        before = [of(child, name) for name in names], niceness(child)
        NO_LIMITS.apply(child.pid)

        assert ([of(child, name) for name in names], niceness(child)) == before

    def test_a_limit_is_never_lifted(self, child):
        Limits(memory=512 * MIB, cpu=5, nice=19).apply(child.pid)
        Limits(memory=1024 * MIB, cpu=50, nice=3).apply(child.pid)

        assert of(child, "RLIMIT_AS") == (512 * MIB, 512 * MIB)
        assert of(child, "RLIMIT_CPU") == (5 + CPU_TO_KILL, 5 + CPU_TO_KILL)
        assert niceness(child) == 19

    def test_a_process_that_is_gone(self, child):
        child.communicate(b"\n")

        assert Limits(memory=512 * MIB, cpu=7, nice=19).apply(child.pid) is None


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_memory, "256MiB", 256 * MIB),
        (parse_cpu, "10s", 10),
        (parse_cpu, "10", 10),
        (parse_cpu, "2000ms", 2),
        (parse_cpu, "1h", 3600),
        (parse_nice, "0", 0),
        (parse_nice, "19", 19),
    ],
)
def test_values(parse, text, value, monkeypatch):
    monkeypatch.setattr(limits.sys, "platform", "linux")

    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "reason"),
    [
        (parse_memory, "256", "expected a number with GiB, MiB, "),
        (parse_cpu, "500ms", "expected whole seconds, as in 10s, got '500ms'"),
        (parse_cpu, "1.5s", "expected whole seconds, as in 10s, got '1.5s'"),
        (parse_cpu, "9999999h", "expected whole seconds"),
        (parse_cpu, "soon", "expected seconds, or"),
        (parse_nice, "20", r"expected 0\.\.19, got '20'"),
        (parse_nice, "-5", r"expected 0\.\.19"),
        (parse_nice, "", r"expected 0\.\.19"),
        (parse_nice, "٣", r"expected 0\.\.19"),
    ],
)
def test_anything_else_is_refused(parse, text, reason, monkeypatch):
    monkeypatch.setattr(limits.sys, "platform", "linux")

    with pytest.raises(UsageError, match=reason):
        parse(text)


@pytest.mark.parametrize(
    ("parse", "text"), [(parse_memory, "256MiB"), (parse_cpu, "1s"), (parse_nice, "1")]
)
def test_other_systems_have_none(parse, text, monkeypatch):
    monkeypatch.setattr(limits.sys, "platform", "darwin")

    with pytest.raises(UsageError, match="limits need Linux"):
        parse(text)


ALL = Limits(memory=256 * MIB, cpu=10, nice=5)
TRACEBACK = b'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n'


@pytest.mark.parametrize(
    ("code", "said", "explained"),
    [
        (-signal.SIGXCPU, b"", "over its CPU limit of 10 s"),
        (-signal.SIGKILL, b"", "F (its CPU limit is 10 s)"),
        (1, TRACEBACK + b"MemoryError\n", "over its memory limit of 256 MiB (F)"),
        (
            1,
            b"numpy.core._exceptions._ArrayMemoryError: Unable\n",
            "over its memory limit of 256 MiB (F)",
        ),
        (
            1,
            b"OSError: [Errno 12] Cannot allocate memory\n",
            "over its memory limit of 256 MiB (F)",
        ),
        (-signal.SIGABRT, b"what():  std::bad_alloc\n", "over its memory limit of 256 MiB (F)"),
        (-signal.SIGSEGV, b"", "F (its memory limit is 256 MiB)"),
        (1, TRACEBACK + b"ValueError: MemoryError\n", "F"),
        (-signal.SIGTERM, b"", "F"),
        (3, b"", "F"),
    ],
)
def test_what_a_failure_comes_from(code, said, explained):
    assert ALL.explain("F", code, said) == explained


@pytest.mark.parametrize("code", [-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGSEGV, 1])
def test_without_limits_nothing_comes_from_them(code):
    assert NO_LIMITS.explain("F", code, b"MemoryError\n") == "F"
