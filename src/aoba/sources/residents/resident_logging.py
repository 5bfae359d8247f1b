"""`logging` in the resident interpreter: loggers and handlers as they were before the run.

What the module itself keeps, such as its factory of records, is put back with the baseline of all
libraries. A logger stays, since a library may have it, with the level, the handlers and the filters
that it had when libraries were loaded; one of a class of the script's goes.

Standard library only; it runs beside `resident`, without the package.
"""

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
else:
    from resident_builtins import own as __builtins__


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
        self._loggers: dict[Any, _State] = {}
        self._count = 0
        self._changed: set[Any] = set()  # loggers that runs are known to change
        self._handlers: dict[int, Any] = {}  # references to them, by id

    def add(self) -> None:
        """Libraries have been loaded: how these have set up loggers, they are to be."""
        if self._module is None:
            self._module = sys.modules.get("logging")
            if self._module is None:
                return
            self._manager = self._module.Logger.manager
        self._managed = self._of_manager()
        for logger in self._all():
            if logger not in self._changed:
                self._loggers[logger] = _state(logger)
        self._handlers = {id(reference): reference for reference in self._module._handlerList}

    def note(self) -> None:
        """A library is going to be loaded: what loggers have by now, the script has given them."""
        if self._module is not None:
            self._changed.update(
                logger
                for logger in self._all()
                if _state(logger) != self._loggers.get(logger, _NEW)
            )

    def shut_down(self) -> None:
        """Flush and close the handlers of the run, as at the end of a process."""
        m, known = self._module, self._handlers
        if m is not None:
            new = [reference for reference in m._handlerList if id(reference) not in known]
            if new:
                m.shutdown(new)

    def put_back(self, *, thorough: bool) -> None:
        """What runs are known to change; all loggers where `thorough`, or where some are new."""
        manager = self._manager
        if manager is None:
            return
        if self._of_manager() != self._managed:
            manager.loggerClass, manager.logRecordFactory, manager.disable = self._managed
            manager._clear_cache()
        manager.emittedNoHandlerWarning = False
        if thorough or len(manager.loggerDict) != self._count:
            self._let_go_of_own()
            self._count = len(manager.loggerDict)
            looked_at = self._all()
        else:
            looked_at = list(self._changed)
        if sum(map(self._put_back, looked_at)):
            manager._clear_cache()

    def _put_back(self, logger: Any) -> bool:
        before = self._loggers.get(logger, _NEW)
        if _state(logger) == before:
            return False
        logger.level, logger.propagate, logger.disabled = (
            before.level,
            before.propagate,
            before.disabled,
        )
        logger.handlers[:], logger.filters[:] = before.handlers, before.filters
        self._changed.add(logger)
        return True

    def _let_go_of_own(self) -> None:
        loggers = self._manager.loggerDict
        for name, logger in list(loggers.items()):
            if not self._is_own(logger):
                continue
            children = [other for other in self._all() if other.parent is logger]
            for child in children:
                child.parent = logger.parent
            del loggers[name]
            if children:  # where a new one of that name will look for them
                loggers[name] = self._module.PlaceHolder(children[0])
                for child in children[1:]:
                    loggers[name].append(child)
            self._changed.discard(logger)

    def _of_manager(self) -> tuple[Any, ...]:
        manager = self._manager
        return manager.loggerClass, manager.logRecordFactory, manager.disable

    def _all(self) -> list[Any]:
        named = self._manager.loggerDict.values()
        return [self._manager.root, *(it for it in named if hasattr(it, "handlers"))]


def _state(logger: Any) -> _State:
    handlers, filters = tuple(logger.handlers), tuple(logger.filters)
    return _State(logger.level, handlers, filters, logger.propagate, logger.disabled)
