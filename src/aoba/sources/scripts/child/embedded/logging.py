"""`logging` in the resident interpreter: loggers and handlers as they were before the run.

What the module itself keeps, such as its factory of records, is put back with the baseline of all
libraries. Loggers that were there when libraries had been loaded get back their level, handlers and
filters. Those that have come in the run go, unless a library has them.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import sys
from _weakref import ref
from typing import TYPE_CHECKING, Any, NamedTuple

from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable


class _State(NamedTuple):
    """Of a logger."""

    level: int
    handlers: tuple[Any, ...]
    filters: tuple[Any, ...]
    propagate: bool
    disabled: bool


_NEW = _State(0, (), (), propagate=True, disabled=False)


class Logging:
    """`is_own` tells what is the script's."""

    def __init__(self, is_own: "Callable[[Any], bool]") -> None:
        self._is_own = is_own
        self._module: Any = None
        self._manager: Any = None
        self._managed: tuple[Any, ...] = ()  # what the manager has
        self._named: dict[str, Any] = {}  # loggers, and what holds the place of some
        self._loggers: dict[Any, _State] = {}
        self._changed: set[Any] = set()  # loggers that runs are known to change
        self._handlers: dict[int, Any] = {}  # references to them, by id
        self._of_script: set[str] = set()  # names of loggers that the script has made by now

    def note(self) -> None:
        """A library is going to be loaded: what loggers there are, and have, is the script's."""
        if self._module is not None:
            self._of_script = self._manager.loggerDict.keys() - self._named.keys()
            self._changed.update(it for it in self._all() if _state(it) != self._before(it))

    def add(self) -> None:
        """Libraries have been loaded: how these have set up loggers, they are to be."""
        if self._module is None:
            self._module = sys.modules.get("logging")
            if self._module is None:
                return
            self._manager = self._module.Logger.manager
        self._managed = self._of_manager()
        for name, it in self._manager.loggerDict.items():
            if name not in self._of_script:
                self._named[name] = it
        for logger in self._all():
            if logger not in self._changed:
                self._loggers[logger] = _state(logger)
        self._handlers = {id(reference): reference for reference in self._module._handlerList}

    def shut_down(self) -> None:
        """Flush and close the handlers of the run, as at the end of a process."""
        m, known = self._module, self._handlers
        if m is not None:
            new = [reference for reference in m._handlerList if id(reference) not in known]
            if new:
                m.shutdown(new)

    def put_back(self, *, thorough: bool) -> None:
        """What runs are known to change; looks at all loggers where `thorough`."""
        manager = self._manager
        if manager is None:
            return
        if self._of_manager() != self._managed:
            manager.loggerClass, manager.logRecordFactory, manager.disable = self._managed
            manager._clear_cache()
        manager.emittedNoHandlerWarning = False
        if thorough or len(manager.loggerDict) != len(self._named):
            self._let_go_of_new()
        if sum(map(self._put_back, self._all() if thorough else list(self._changed))):
            manager._clear_cache()

    def _put_back(self, logger: Any) -> bool:
        before = self._before(logger)
        if _state(logger) == before:
            return False
        logger.level, handlers, filters, logger.propagate, logger.disabled = before
        logger.handlers[:], logger.filters[:] = handlers, filters
        self._changed.add(logger)
        return True

    def _let_go_of_new(self) -> None:
        named, before = self._manager.loggerDict, self._named
        new = {name: it for name, it in named.items() if before.get(name) is not it}
        if not new:
            return
        named.clear()
        named.update(before)
        loggers = {name: it for name, it in new.items() if _is_logger(it)}
        self._detach(set(loggers.values()))
        references = {name: ref(it) for name, it in loggers.items()}
        del new, loggers
        for name, reference in references.items():
            logger = reference()
            if logger is not None and name not in named and not self._is_own(logger):
                self._keep(name, logger)

    def _detach(self, gone: set[Any]) -> None:
        """Have the others hold none of these any more."""
        self._changed -= gone
        for it in self._manager.loggerDict.values():
            if _is_logger(it):
                while it.parent in gone:
                    it.parent = it.parent.parent
            else:
                for logger in gone & it.loggerMap.keys():
                    del it.loggerMap[logger]

    def _keep(self, name: str, logger: Any) -> None:
        """Of the loggers that have come in the run, that of a library."""
        self._put_back(logger)
        self._manager.loggerDict[name] = logger
        self._manager._fixupParents(logger)
        self._named = dict(self._manager.loggerDict)

    def _before(self, logger: Any) -> _State:
        return self._loggers.get(logger, _NEW)

    def _of_manager(self) -> tuple[Any, ...]:
        manager = self._manager
        return manager.loggerClass, manager.logRecordFactory, manager.disable

    def _all(self) -> list[Any]:
        named = self._manager.loggerDict.values()
        return [self._manager.root, *(it for it in named if _is_logger(it))]


def _is_logger(it: Any) -> bool:
    """Rather than what holds the place of one."""
    return hasattr(it, "handlers")


def _state(logger: Any) -> _State:
    handlers, filters = tuple(logger.handlers), tuple(logger.filters)
    return _State(logger.level, handlers, filters, logger.propagate, logger.disabled)
