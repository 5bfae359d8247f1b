"""How much of the traffic is logged, of clients and of devices."""

from enum import IntEnum


class TraceLevel(IntEnum):
    OFF = 0
    APP = 1
    """Each request and its answer, in words."""
    FRAME = 2
    """With the hex of their frames."""
    BYTES = 3
    """All bytes, as they come and go."""
