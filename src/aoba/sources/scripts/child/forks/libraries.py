"""Libraries that a fork server has loaded for its runs, out of their sight until they import them.

CPython from 3.8 on. What a run finds is an interpreter in which nothing of them is imported. When
it imports one, the import system looks for it as ever, along the path of that run. Only where it
comes to the file that the server has loaded, it is given the module that is there already, and with
it, in `sys.modules`, those that importing it would have brought along.

Hidden are modules that come from files, and what they have put among the modules. Those that are
part of the interpreter are found loaded, as others are in every fork server.
"""

import builtins
import os
import sys
import time

POLL_INTERVAL = 0.25  # seconds after which files are looked at again, before a fork,
SHARE = 100  # or as many times as long as looking takes
STABLE_AFTER = 0.05  # seconds after a change in which there may be another that does not show,
STABLE_AFTER_IN_SECONDS = 2.0  # and where the file system counts in seconds
BUILT_IN = ("built-in", "frozen")
EXTENSIONS = (".so", ".pyd")


class Libraries:
    """Call `load` and `hide`, and `begin` in each run."""

    def __init__(self, learn, renewals):
        """`learn` is that part; `renewals` are what is called for modules that are given."""
        self.hidden = {}  # name -> module, or what else has been put among them
        self.files = Files()
        self._learn, self._renewals = learn, renewals
        self._uses = {}  # name -> names of what it has imported
        self._brings = {}  # name -> names that come with it, in the order of `sys.modules`
        self._warns = set()  # names of what gives warnings while it is loaded
        self._additions = {}  # name -> what it has added to each of `_lists`
        self._parents = {}  # name -> module in which it has a name once it is imported
        self._given = set()
        self._before, self._lists = set(sys.modules), [list(found) for found in _lists()]
        self._noted = {id(entry) for found in self._lists for entry in found}

    def load(self, roots, look_for_c):
        """Import `roots`, as of `forks/trial`; then call `look_for_c` with names of all modules.

        Raises whatever importing them raises.
        """
        imports = self._learn.Imports(None, on_load=self._note_additions)
        import_ = builtins.__import__
        builtins.__import__ = self._noting(import_)
        imports.watch()
        try:
            for root in roots:
                __import__(root.name)
            look_for_c(list(sys.modules))
        finally:
            imports.unwatch()
            builtins.__import__ = import_
        self._loaded = {loading.name for loading in imports.loaded}
        for loading in imports.loaded:
            if loading.outer is not None:
                self._uses.setdefault(loading.outer.name, set()).add(loading.name)
        for root in roots:
            self._brings[root.name] = root.modules
            self._warns.update(root.modules if root.warns else ())
            self.files.paths.update(root.files)

    def _noting(self, import_):
        """The same as `import_`, which is `__import__`, noting who imports what."""

        def note(name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002  its own
            module = import_(name, globals, locals, fromlist, level)
            user = (globals or {}).get("__name__")
            if user is not None:
                full = _full_name(name, globals, level)
                names = [full, *("%s.%s" % (full, part) for part in fromlist or ())]
                self._uses.setdefault(user, set()).update(n for n in names if n in sys.modules)
            return module

        return note

    def _note_additions(self, name):
        """See what the module of that name has added, which has just been loaded."""
        for at, found in enumerate(_lists()):
            new = [entry for entry in found if id(entry) not in self._noted]
            if new:
                self._noted.update(map(id, new))
                self._additions.setdefault(name, ([], []))[at].extend(new)

    def hide(self):
        """Have the interpreter look as it did before `load`."""
        for name, module in list(sys.modules.items()):
            if name not in self._before and not _is_built_in(name, module):
                del sys.modules[name]
                if module is not sys.modules["__main__"]:  # which runs have another one of
                    self.hidden[name] = module
        names = {name: name for name in self.hidden}  # one object for each, in as few pages
        for name, brought in self._brings.items():
            self._brings[name] = [names[other] for other in brought if other in names]
        for name, module in self.hidden.items():
            parent, _, child = name.rpartition(".")
            package = sys.modules.get(parent) or self.hidden.get(parent)
            comes_with_it = parent in self.hidden and name in self._brought(parent)
            if package is not None and not comes_with_it and vars(package).get(child) is module:
                self._parents[name] = package
                delattr(package, child)
        for found, before in zip(_lists(), self._lists):
            found[:] = before
        _filters_changed()
        self._watch()
        self.files.paths.update(filter(os.path.isabs, map(_origin, self.hidden.values())))
        self.files.look()
        self.begin()  # what the server does with it is no run

    def forget(self):
        """Let go of everything, at the end of a run."""
        self.hidden.clear()
        self._parents.clear()

    def names(self):
        """Of all that is hidden and in no package."""
        return {name.partition(".")[0] for name in self.hidden}

    def begin(self):
        """A run begins, and its path is complete."""
        self._surroundings, self._filters = self._learn.Surroundings(), list(_lists()[0])

    def _brought(self, name):
        """Names that come with it, which are found out where it is no root."""
        if name not in self._brings:
            found, waiting = {name}, [name]
            while waiting:
                used = waiting.pop()
                package = used.rpartition(".")[0]
                more = {*self._uses.get(used, ()), package} & self.hidden.keys()
                waiting.extend(more - found)
                found |= more
            made = (n for n in self.hidden if n not in self._loaded)  # by another, in its package
            found.update([n for n in made if n.rpartition(".")[0] in found])
            self._brings[name] = [other for other in self.hidden if other in found]
        return self._brings[name]

    def _watch(self):
        """Be asked when one of the finders has found the file of a hidden module."""
        watched = {}
        for name, module in self.hidden.items():
            for finder in finders_of(name, module):
                watched.setdefault(finder, set()).add(name)
        for finder, names in watched.items():
            finder.find_spec = self._finding(finder.find_spec, names)

    def _finding(self, find_spec, names):
        def find(name, target=None):
            spec = find_spec(name, target)
            if spec is not None and target is None and name in names:
                self._offer(name, spec)
            return spec

        return find

    def _offer(self, name, spec):
        """Have the loader of `spec` give the module that is there, if it would be the same."""
        module = self.hidden[name]
        if name in self._given or spec.origin != _origin(module) or not self._fits(name):
            return
        own = module.__spec__

        def create_module(_):
            return module

        def exec_module(_):
            module.__spec__ = own
            self._give(name)

        spec.loader.create_module, spec.loader.exec_module = create_module, exec_module

    def _fits(self, name):
        """Whether importing it now would come to the same, or cannot be done.

        Code in C, but for that of the standard library, may not load a second time.
        """
        return self._is_as_before(name) or any(
            origin.endswith(EXTENSIONS) and not self._learn.is_standard(origin)
            for origin in (_origin(self.hidden[brought]) for brought in self._brought(name))
        )

    def _is_as_before(self, name):
        there, hidden = sys.modules, self.hidden
        for brought in self._brought(name):
            if brought in there and there[brought] is not hidden[brought]:
                return False
        folders = self._surroundings.folders()
        if folders is None:
            return False
        if any(self.names().intersection(self._learn.importable(folder)) for folder in folders):
            return False  # something would be found before what is hidden
        if name in self._warns and _lists()[0] != self._filters:
            return False
        return self._learn.is_standard(_origin(hidden[name])) or self._surroundings.are_same()

    def _give(self, name):
        modules, hidden, brought = sys.modules, self.hidden, self._brought(name)
        for other in brought:
            if other != name and other not in modules:
                modules[other] = hidden[other]
        for other in brought:
            if other not in self._given:
                self._given.add(other)
                self._finish(other, hidden[other])

    def _finish(self, name, module):
        """Do what importing it does besides."""
        if name in self._parents:
            setattr(self._parents[name], name.rpartition(".")[2], module)
        if name in self._additions:
            (filters, finders), (new_filters, new_finders) = _lists(), self._additions[name]
            filters[:0] = new_filters
            self._filters[:0] = new_filters
            finders.extend(new_finders)
            _filters_changed()
        if name in self._renewals:
            self._renewals[name](module)


class Files:
    """Files that libraries come from, or have read, and how they looked when they were loaded."""

    def __init__(self):
        self.paths = set()
        self._stamps = {}
        self._since = time.time()
        self._look_at = 0.0
        self._pause = POLL_INTERVAL

    def look(self):
        """Take them as they are; what may have changed since this was made is no good."""
        begun = time.monotonic()
        for path in self.paths:
            stamp = _stamp(path)
            self._stamps[path] = "new" if stamp and _is_newer(stamp, self._since) else stamp
        self._pause = max(POLL_INTERVAL, SHARE * (time.monotonic() - begun))

    def is_due(self):
        """Whether it is time to look again; that is done where nobody waits if it hangs."""
        now = time.monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + self._pause
        return True

    def have_changed(self):
        """Whether one of them looks otherwise."""
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())


def _stamp(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev


def _is_newer(stamp, since):
    """Whether it may have changed, by the time of `time.time`, in a way that does not show."""
    changed = stamp[1] / 1e9
    return changed > since - (STABLE_AFTER if changed % 1 else STABLE_AFTER_IN_SECONDS)


def finders_of(name, module):
    """Those that find the file of a module in their folder; none where another way leads to it."""
    spec = getattr(module, "__spec__", None)
    if not getattr(spec, "has_location", False):
        return []
    folder, file = os.path.split(spec.origin)
    if file.partition(".")[0] == "__init__":  # others may have made themselves packages
        folder = os.path.dirname(folder)
    finders = [f for f in sys.path_importer_cache.values() if getattr(f, "path", None) == folder]
    return [f for f in finders if getattr(f.find_spec(name), "origin", None) == spec.origin]


def is_found(name, module):
    """Whether it can be hidden, and found again: it is from a file, or the interpreter's own."""
    spec = getattr(module, "__spec__", None)
    return not getattr(spec, "has_location", False) or bool(finders_of(name, module))


def _is_built_in(name, module):
    spec = getattr(module, "__spec__", None)
    return _origin(module) in BUILT_IN and spec.name == name  # else a file has put it there


def _full_name(name, names, level):
    """What is imported, by a module with these `names`, other modules in its package included."""
    if not level:
        return name
    package = names.get("__package__")
    if package is None:
        package = names["__name__"] if "__path__" in names else names["__name__"].rpartition(".")[0]
    package = package.rsplit(".", level - 1)[0]
    return "%s.%s" % (package, name) if name else package


def _origin(module):
    return str(getattr(getattr(module, "__spec__", None), "origin", None))


def _lists():
    """Filters of warnings, to which modules add at the beginning; finders, at the end."""
    return sys.modules["_warnings"].filters, sys.meta_path


def _filters_changed():
    """Have the interpreter look at the filters again."""
    getattr(sys.modules["_warnings"], "_filters_mutated", int)()
