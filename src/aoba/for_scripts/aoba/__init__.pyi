from collections.abc import Sequence
from typing import Any

__all__ = ["__version__", "push_stations", "set_reboot_interval"]

__version__: str

def push_stations(stations: Sequence[Any] | str) -> None:
    """Print a document of `stations`: a list, or a string, the JSON of one.

    Raises TypeError where it is neither, or has in it what JSON cannot express, and ValueError
    where the string is no JSON.
    """

def set_reboot_interval(ms: int) -> None:
    """Print a document that asks for `ms` milliseconds from one start of the script to the next.

    Raises TypeError where `ms` is no integer, and ValueError where it is not 10 to 86 400 000.
    """
