"""What a run imports: watched in the fork where Aoba wants to know, and told at its end.

Standard library only, for CPython from 3.8 on; elsewhere nothing is learned. A library, here, is
what comes from the interpreter's own search path and not from the script's folder. A root is one
that no other library asks for. What is told are lines:

    std NAME MICROSECONDS    a root of the standard library; what importing it took of the CPU
    lib NAME MICROSECONDS    any other root; how long importing it took
    late NAME MICROSECONDS   a root, imported when the script had changed what it may depend on
    refused NAME REASON      a root that did what a script could tell when it was imported
    beside NAME ...          what may be imported from the script's folder

Some libraries note something for themselves when they are imported: the time, or a random number.
`RENEWALS` does that anew for a run. A library that notes something else, which is another thing in
each process, is not loaded beforehand.
"""

import os
import sys
import time
from _thread import get_ident

LONGEST = 32768  # bytes of a report, less than a pipe holds
STANDARD = os.path.dirname(os.__file__)
PACKAGES = ("site-packages", "dist-packages")  # may be in it, and are not standard
SUFFIXES = (".py", ".pyc", ".so")

_variables = os.environ._data  # `os.environ` is a long way


class Surroundings:
    """What an import may look at, and a script may change before: environment and search path."""

    def __init__(self):
        self._path, self._variables = list(sys.path), dict(_variables)
        self._finders, self._hooks = list(sys.meta_path), list(sys.path_hooks)

    def are_same(self):
        """Whether nothing has changed, but for what has come to the lists.

        What has come to the path may still be found before what was there: see `folders`.
        """
        return (
            _variables == self._variables
            and self.folders() is not None
            and sys.meta_path[: len(self._finders)] == self._finders
            and sys.path_hooks[: len(self._hooks)] == self._hooks
        )

    def folders(self):
        """Those that have come to the path; None where those that were there are not as before.

        Those behind all that was there do not count.
        """
        if sys.path == self._path:
            return []
        kept = [entry for entry in sys.path if entry in self._path]
        if kept != self._path:
            return None
        path = list(sys.path)
        while path and path[-1] not in kept:
            path.pop()
        return [entry for entry in path if entry not in kept]


class Imports:
    """The imports of a run, or of the server itself, from `watch` to `unwatch`."""

    def __init__(self, folder, calls=None, on_load=None):
        """`folder` is the script's, or None where it is not searched.

        `calls` hears of what is called meanwhile, and `on_load` of the name of each module, once
        that is complete.
        """
        self.loaded = []  # a `Loading` of each module, in the order in which they were complete
        self._folder = folder
        self._places = {os.path.abspath(entry) for entry in sys.path}
        self._places.discard(folder and os.path.abspath(folder))
        self._surroundings = Surroundings()
        self._calls, self._on_load = calls, on_load
        self._loading = {}  # thread -> what it is loading now, the innermost at the end
        self._failed = False

    def watch(self):
        bootstrap = sys.modules["_frozen_importlib"]
        self._find_and_load = find_and_load = bootstrap._find_and_load
        begin, end = self._begin, self._end

        def _find_and_load(name, import_):
            loading = begin(name)
            try:
                return find_and_load(name, import_)
            finally:
                end(loading)

        # Tracebacks and warnings leave out what stands in a file of this name.
        code = _find_and_load.__code__
        _find_and_load.__code__ = code.replace(co_filename=find_and_load.__code__.co_filename)
        bootstrap._find_and_load = _find_and_load
        if self._calls is not None:
            self._calls.listen()

    def unwatch(self):
        if self._calls is not None:
            self._calls.unwatch()
        sys.modules["_frozen_importlib"]._find_and_load = self._find_and_load

    def report(self):
        """Lines as above; empty where something is not known, or is too much."""
        lines = [loading.line() for loading in self.loaded if loading.is_root]
        lines.append(" ".join(["beside", *importable(self._folder)]))
        told = "".join(line + "\n" for line in lines).encode("utf-8", "replace")
        return b"" if self._failed or len(told) > LONGEST else told

    def _begin(self, name):
        if name in sys.modules:
            return None
        under_way = self._loading.setdefault(get_ident(), [])
        loading = Loading(name, under_way[-1] if under_way else None, self._reasons())
        under_way.append(loading)
        try:
            loading.begin(self._kind, self._surroundings)
        except Exception:  # modules may be anything
            self._failed = True
        return loading

    def _end(self, loading):
        if loading is None:
            return
        self._loading[get_ident()].remove(loading)
        if loading.name not in sys.modules:
            return
        try:
            loading.end(self._kind, self._reasons())
        except Exception:
            self._failed = True
        self.loaded.append(loading)
        if self._on_load is not None:
            self._on_load(loading.name)

    def _reasons(self):
        return () if self._calls is None else tuple(self._calls.reasons)

    def _kind(self, name):
        """`std` or `lib`; None where a module is no library, or was found in no folder."""
        place = _place(sys.modules.get(name.partition(".")[0]))
        if place is None or place not in self._places:
            return None
        return "std" if place in (STANDARD, os.path.join(STANDARD, "lib-dynload")) else "lib"


class Loading:
    """One module that is being loaded."""

    def __init__(self, name, outer, reasons):
        self.name, self.outer = name, outer
        self._before, self._reason = len(reasons), None
        self.is_root = self.is_late = self.is_inside = False
        self.kind = None

    def begin(self, kind_of, surroundings):
        outer = self.outer
        if outer is not None:
            self.is_inside = outer.is_inside
            if not outer.name.startswith(self.name + "."):  # a package is for whom its module is
                self.is_inside = outer.is_inside or kind_of(outer.name) is not None
        if not self.is_inside:
            self.is_root, self.is_late = True, not surroundings.are_same()
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def end(self, kind_of, reasons):
        self._reason = next(iter(reasons[self._before :]), None)
        self._cpu = time.process_time() - self._cpu
        self._wall = time.perf_counter() - self._wall
        self.kind = kind_of(self.name)
        self.is_root = self.is_root and self.kind is not None

    def line(self):
        if self._reason is not None:
            return "refused %s %s" % (self.name, self._reason)
        seconds = self._cpu if self.kind == "std" else self._wall
        kind = "late" if self.is_late else self.kind
        return "%s %s %d" % (kind, self.name, 1000000 * seconds)


def is_standard(path):
    """Whether a file is one of the standard library."""
    is_in = path.startswith(os.path.join(STANDARD, ""))
    return is_in and not any(part in PACKAGES for part in path.split(os.sep))


def _place(module):
    """The folder in which a module, or its outermost package, was found; None: in no folder."""
    path = getattr(module, "__path__", None)
    if path:
        return os.path.abspath(os.path.dirname(next(iter(path))))
    spec = getattr(module, "__spec__", None)
    if spec is None or not spec.has_location:
        return None
    return os.path.abspath(os.path.dirname(spec.origin))


def importable(folder):
    """Names of what is there to be imported from a folder; None: from nothing."""
    try:
        found = os.listdir(folder) if folder is not None else ()
    except OSError:
        found = ()
    return sorted({name.partition(".")[0] for name in found if _is_importable(name)})


def _is_importable(name):
    """By its name alone: what is there may be the root of a file system that hangs."""
    stem, dot, _ = name.partition(".")
    return stem.isidentifier() and (not dot or name.endswith(SUFFIXES))


def tell(imports, path, mode):
    """Write the report to what Aoba has opened for it. Whatever fails, the run goes on."""
    try:
        imports.unwatch()
        descriptor = os.open(path, mode)
        try:
            os.write(descriptor, imports.report())
        finally:
            os.close(descriptor)
    except BaseException:
        pass


def _logging(module):
    now = time.time_ns() if isinstance(module._startTime, int) else time.time()
    module._startTime = now


def _draws(module):
    module.seed()


def _processes(module):
    config = module._current_process._config
    config["authkey"] = module.AuthenticationString(os.urandom(32))
    try:
        module.ORIGINAL_DIR = os.path.abspath(os.getcwd())
    except OSError:
        module.ORIGINAL_DIR = None


def _main_module(_):
    sys.modules["__mp_main__"] = sys.modules["__main__"]


def _dates(module):
    known = vars(module.DEFAULTPARSER.info)
    if "_year" in known:  # by which it completes years of two digits
        known["_year"] = time.localtime().tm_year
        known["_century"] = known["_year"] // 100 * 100


RENEWALS = {
    "dateutil.parser._parser": _dates,
    "logging": _logging,
    "multiprocessing": _main_module,
    "multiprocessing.process": _processes,
    "numpy.random.mtrand": _draws,
    "random": _draws,
}
"""By module, what is to be called with it."""

EXPECTED = frozenset(
    (
        "logging._startTime",
        "multiprocessing.process.ORIGINAL_DIR",
        "multiprocessing.process._current_process",
        "numpy.random.mtrand._rand",
        "random._inst",
        "threading._active",  # which every fork has anew
    )
)
"""Names of what may differ from process to process."""

CLOCKS = frozenset(("dateutil.parser._parser", "logging"))
"""Modules that look at the clock for it."""
