"""Who asks: what an answer may depend on besides the station and the request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """One connection, or one serial line."""

    name: str
    """For people: where it connects from, or the device of the line."""
