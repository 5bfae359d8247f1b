"""Who asks: what an answer may depend on besides the station and the request."""

from typing import Final

from aoba.modbus.counters import Counters
from aoba.modbus.frame_history import FrameHistory
from aoba.modbus.spec import SERIAL_ONLY, WRITING, FunctionCode

READONLY: Final = "the link has readonly=true"
"""A restriction."""

ALL_FUNCTIONS: Final = frozenset[int](FunctionCode)
NETWORK_FUNCTIONS: Final = ALL_FUNCTIONS - SERIAL_ONLY
READING_FUNCTIONS: Final = ALL_FUNCTIONS - WRITING


class Peer:
    """One connection, or one serial line.

    `counters` is what its link has counted, the same for all clients of a link. `functions` are the
    function codes it may use, and unless given, all that the kind of its link allows; the answer to
    any other is exception 01. `restriction` says, for the log, why it may use no more of them.
    """

    __slots__ = (
        "called",
        "counters",
        "functions",
        "history",
        "host",
        "listen_only",
        "name",
        "restriction",
    )

    def __init__(
        self,
        name: str,
        counters: Counters | None = None,
        functions: frozenset[int] | None = None,
        restriction: str = "",
    ) -> None:
        self.name = name
        """For people: where it connects from, or the device of the line."""
        self.host = name.partition(" port ")[0]
        """The same without what a new connection would change."""
        self.counters = Counters() if counters is None else counters
        allowed = ALL_FUNCTIONS if self.counters.is_serial else NETWORK_FUNCTIONS
        self.functions = allowed if functions is None else functions & allowed
        self.restriction = restriction
        self.history = FrameHistory()
        """Its last frames; a link that tells of them puts another one here, before any session."""
        self.called = ("", 0)
        """The address and the counters of ours to which it is connected."""
        self.listen_only = False
        """Nothing is answered until it asks for a restart (section 6.8.1, sub-functions 1 and 4).

        On a network it concerns this connection alone, or any client could silence all others.
        """
