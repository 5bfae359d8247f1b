"""What a link has done, in one line: `1200 requests: 1180 Read Coils, 20 ...; 3 clients`."""

from collections.abc import Callable, Mapping

from aoba.modbus.counters import Counters
from aoba.modbus.describe import exception_name, function_name


def summary(counters: Counters) -> str:
    """What stands behind `served`."""
    requests = requests_by_name(counters)
    text = _counted("request", requests)
    if exceptions := exceptions_by_name(counters):
        text += f"; {_counted('exception', exceptions)}"
    if counters.clients:
        text += f"; {_plural(counters.clients, 'client')}"
    return text


def requests_by_name(counters: Counters) -> dict[str, int]:
    """The most frequent ones first."""
    return _by_name(dict(enumerate(counters.requests)), function_name)


def exceptions_by_name(counters: Counters) -> dict[str, int]:
    return _by_name(counters.refusals, exception_name)


def _by_name(counts: Mapping[int, int], name: Callable[[int], str]) -> dict[str, int]:
    found = sorted(((count, -code) for code, count in counts.items() if count), reverse=True)
    return {name(-code): count for count, code in found}


def _counted(what: str, counts: Mapping[str, int]) -> str:
    if not counts:
        return f"no {what}s"
    each = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"{_plural(sum(counts.values()), what)}: {each}"


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
