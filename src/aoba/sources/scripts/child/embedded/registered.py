"""What a run registers with the interpreter, where this does not tell what there is: it is noted.

Searches for codecs are taken back. Audit hooks cannot be.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import codecs
import sys
from typing import TYPE_CHECKING, Any

from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable

    Search = Callable[[str], codecs.CodecInfo | None]


class Registered:
    """`in_library` tells whether a library is being loaded: what that registers, stays."""

    def __init__(self, in_library: "Callable[[], bool]") -> None:
        self.has_audit_hook = False
        self._in_library = in_library
        self._searches: list[Search] = []
        self._add_audit_hook, sys.addaudithook = sys.addaudithook, self._audit
        self._register, codecs.register = codecs.register, self._note_search

    def take_back(self) -> None:
        while self._searches:
            codecs.unregister(self._searches.pop())

    def _note_search(self, search_function: "Search", /) -> None:
        """In place of `codecs.register`."""
        self._register(search_function)
        if not self._in_library():
            self._searches.append(search_function)

    def _audit(self, hook: "Callable[[str, tuple[Any, ...]], Any]") -> None:
        """In place of `sys.addaudithook`."""
        self._add_audit_hook(hook)
        self.has_audit_hook |= not self._in_library()
