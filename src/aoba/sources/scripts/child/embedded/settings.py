"""Settings of the process and of libraries, which a run may change: put back at its end.

A row of the table reads a setting and sets it. It counts from the moment when its module is loaded.
What takes a call of the system, and is hardly ever changed, is looked at seldom, until it has been
seen to change; but for the umask, which decides who may read the files of the runs to come, and the
priority.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import posix
from functools import partial
from itertools import count
from operator import call
from posix import umask
from typing import TYPE_CHECKING, Any, NamedTuple

from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class Setting(NamedTuple):
    what: str
    get: "Callable[[], Any]"
    set: "Callable[[Any], object]"
    is_seldom: bool = False


class Settings:
    """Call `begin` before the first run: by then Aoba has set its limits to the process."""

    def __init__(self) -> None:
        self._quick, self._seldom = _Rows(), _Rows()
        self._numbered: list[Callable[[], None]] = []

    def begin(self, settings: "Iterable[Setting]") -> None:
        """`settings` are some besides those of the table."""
        self._add(_of_process())
        self._add(settings)

    def add(self, modules: "Mapping[str, Any]") -> None:
        """Modules have been loaded: of what they have changed, that is how it is."""
        for rows in (self._quick, self._seldom):
            rows.adapt()
        for name in modules:
            if name in _OF_MODULES:
                self._add(_OF_MODULES[name](modules[name]))
            if name in _NUMBERED:
                self._numbered.append(_renumbering(modules[name], *_NUMBERED[name]))

    def note(self) -> None:
        """A module is going to be loaded: what changes from now on is its doing."""
        for rows in (self._quick, self._seldom):
            rows.note()

    def put_back(self, *, thorough: bool) -> str | None:
        """Returns what cannot be put back, if anything; looks at everything where `thorough`."""
        for renumber in self._numbered:
            renumber()
        changed = self._quick.changed()
        if thorough:
            changed += self._seldom.changed()
        stuck = None
        for setting, before in changed:
            if self._seldom.remove(setting):
                self._quick.add(setting, before)
            if not _is_set(setting, before):
                stuck = setting.what
        return stuck

    def _add(self, settings: "Iterable[Setting]") -> None:
        for setting in settings:
            rows = self._seldom if setting.is_seldom else self._quick
            rows.add(setting, setting.get())


class _Rows:
    """Settings and what they were, in lists that are quick to go through."""

    def __init__(self) -> None:
        self._settings: list[Setting] = []
        self._gets: list[Callable[[], Any]] = []
        self._before: list[Any] = []
        self._noted: list[Any] = []

    def add(self, setting: Setting, before: Any) -> None:
        self._settings.append(setting)
        self._gets.append(setting.get)
        self._before.append(before)

    def remove(self, setting: Setting) -> bool:
        """Returns whether it was there."""
        if setting not in self._settings:
            return False
        at = self._settings.index(setting)
        for column in (self._settings, self._gets, self._before):
            del column[at]
        return True

    def changed(self) -> list[tuple[Setting, Any]]:
        """Those that are not what they were, with that."""
        now = list(map(call, self._gets))
        if now == self._before:
            return []
        rows = zip(self._settings, self._before, now, strict=True)
        return [(setting, before) for setting, before, is_now in rows if is_now != before]

    def note(self) -> None:
        self._noted = list(map(call, self._gets))

    def adapt(self) -> None:
        """Whatever has changed since `note`, is to be what it is."""
        if self._noted:
            for at, (get, noted) in enumerate(zip(self._gets, self._noted, strict=True)):
                now = get()
                if now != noted:
                    self._before[at] = now


def _is_set(setting: Setting, before: Any) -> bool:
    try:
        setting.set(before)
    except (OSError, ValueError):  # not permitted
        return False
    return bool(setting.get() == before)


def _umask() -> int:
    now = umask(0)
    umask(now)
    return now


def _of_process() -> "Iterator[Setting]":
    yield Setting("the umask", _umask, umask)
    yield Setting(
        "the priority",
        partial(posix.getpriority, posix.PRIO_PROCESS, 0),
        partial(posix.setpriority, posix.PRIO_PROCESS, 0),
    )
    if hasattr(posix, "getresuid"):
        yield Setting(
            "the user",
            lambda: (posix.getresuid(), posix.getresgid(), posix.getgroups()),
            _set_user,
            is_seldom=True,
        )
    if hasattr(posix, "sched_getaffinity"):
        yield Setting(
            "the processors",
            partial(posix.sched_getaffinity, 0),
            partial(posix.sched_setaffinity, 0),
            is_seldom=True,
        )


def _set_user(user: "tuple[tuple[int, int, int], tuple[int, int, int], list[int]]") -> None:
    users, groups, others = user
    posix.setresuid(*users)
    posix.setresgid(*groups)
    posix.setgroups(others)


def _of_sys(m: Any) -> "Iterator[Setting]":
    yield Setting("the recursion limit", m.getrecursionlimit, m.setrecursionlimit)
    yield Setting("the trace function", m.gettrace, m.settrace)
    yield Setting("the profile function", m.getprofile, m.setprofile)
    yield Setting("the switch interval", m.getswitchinterval, m.setswitchinterval, is_seldom=True)
    yield Setting(
        "the digits of an int",
        m.get_int_max_str_digits,
        m.set_int_max_str_digits,
        is_seldom=True,
    )
    yield Setting(
        "hooks of generators",
        m.get_asyncgen_hooks,
        lambda hooks: m.set_asyncgen_hooks(*hooks),
        is_seldom=True,
    )


def _of_gc(m: Any) -> "Iterator[Setting]":
    yield Setting("gc", m.isenabled, lambda on: m.enable() if on else m.disable())
    yield Setting(
        "thresholds of gc", m.get_threshold, lambda them: m.set_threshold(*them), is_seldom=True
    )
    yield Setting("debugging of gc", m.get_debug, m.set_debug, is_seldom=True)
    yield Setting(
        "callbacks of gc", m.callbacks.copy, lambda all_: _fill(m.callbacks, all_), is_seldom=True
    )


def _of_threading(m: Any) -> "Iterator[Setting]":
    yield Setting("the trace function of threads", m.gettrace, m.settrace)
    yield Setting("the profile function of threads", m.getprofile, m.setprofile)
    yield Setting("the stack of threads", m.stack_size, m.stack_size)


def _of_locale(m: Any) -> "Iterator[Setting]":
    yield Setting(
        "the locale",
        lambda: m.setlocale(m.LC_ALL),
        lambda name: m.setlocale(m.LC_ALL, name),
    )


def _of_socket(m: Any) -> "Iterator[Setting]":
    yield Setting("the timeout of sockets", m.getdefaulttimeout, m.setdefaulttimeout)


def _of_multiprocessing(m: Any) -> "Iterator[Setting]":
    context = m._default_context
    yield Setting(
        "the start method",
        lambda: context._actual_context,
        lambda value: setattr(context, "_actual_context", value),
    )


def _of_asyncio(m: Any) -> "Iterator[Setting]":
    yield Setting(  # and with it the event loop of the thread
        "the policy of event loops",
        lambda: m._event_loop_policy,
        lambda policy: setattr(m, "_event_loop_policy", policy),
    )
    yield Setting("the running event loop", m._get_running_loop, m._set_running_loop)


def _of_resource(m: Any) -> "Iterator[Setting]":
    names = {getattr(m, name): name for name in sorted(dir(m))[::-1] if name[:7] == "RLIMIT_"}
    for number, name in names.items():
        limits = m.getrlimit(number)
        if name == "RLIMIT_CPU" and limits[0] != m.RLIM_INFINITY:
            continue  # `resident` sets it before each run
        yield Setting(
            name, partial(m.getrlimit, number), partial(m.setrlimit, number), is_seldom=True
        )


def _of_csv(m: Any) -> "Iterator[Setting]":
    yield Setting("the size of csv fields", m.field_size_limit, m.field_size_limit)
    yield Setting("dialects of csv", m.list_dialects, lambda names: _keep_dialects(m, names))


def _keep_dialects(m: Any, names: list[str]) -> None:
    for name in m.list_dialects():
        if name not in names:
            m.unregister_dialect(name)


def _of_decimal(m: Any) -> "Iterator[Setting]":
    default = m.DefaultContext
    names = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
    yield Setting(
        "the default context of decimals",
        lambda: [getattr(default, name) for name in names],
        lambda values: [*map(setattr, [default] * len(names), names, values)],
    )


def _fill(target: list[Any], values: list[Any]) -> None:
    target[:] = values


_OF_MODULES: "dict[str, Callable[[Any], Iterator[Setting]]]" = {
    "sys": _of_sys,
    "gc": _of_gc,
    "threading": _of_threading,
    "locale": _of_locale,
    "socket": _of_socket,
    "multiprocessing.context": _of_multiprocessing,
    "asyncio.events": _of_asyncio,
    "resource": _of_resource,
    "csv": _of_csv,
    "decimal": _of_decimal,
}

_NUMBERED = {
    "threading": ("_counter", lambda: count(1).__next__),
    "multiprocessing.process": ("_process_counter", lambda: count(1)),
    "concurrent.futures.thread": ("ThreadPoolExecutor._counter", lambda: count().__next__),
}
"""What gives threads and processes the numbers in their names."""


def _renumbering(owner: Any, path: str, new: "Callable[[], Any]") -> "Callable[[], None]":
    *classes, name = path.split(".")
    for inner in classes:
        owner = getattr(owner, inner)

    def renumber() -> None:
        setattr(owner, name, new())

    return renumber
