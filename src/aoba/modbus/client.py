"""Who asks: what an answer may depend on besides the station and the request."""

from dataclasses import dataclass
from enum import Enum


class Access(Enum):
    """What a client may do; a request beyond it is answered with exception 01."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    """Read, too."""


@dataclass(frozen=True, slots=True)
class Client:
    """One connection, or one serial line."""

    name: str
    """For people: where it connects from, or the device of the line."""
    access: Access = Access.WRITE
