"""How requests to a device are made: options that every URL of a device may have.

Devices differ in what they stand. Some are deaf for seconds after somebody has connected, some need
time between two requests, take a few registers at a time, know one kind of function only, are busy
now and then, or want to be left alone between two polls.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from aoba.endpoints.options import Parsers, flag
from aoba.endpoints.units import parse_pause
from aoba.errors import UsageError
from aoba.modbus.spec import MAX_READ_REGISTERS

MAX_BUSY_RETRIES: Final = 100


class RetryPolicy(NamedTuple):
    """How long a station may take for an answer, in seconds, and how often it is asked again."""

    timeout: float
    retries: int
    busy_retries: int = 0
    """The same where it says that it is busy."""

    @property
    def cost(self) -> float:
        """Seconds that a silent station takes from the others."""
        return self.timeout * (1 + self.retries)


@dataclass(frozen=True, slots=True)
class RequestOptions:
    connect_delay: float = 0.0
    """Seconds between connecting and the first request."""
    delay: float = 0.0
    """Seconds between what a device has sent last and the next request."""
    keep_open: bool = True
    """Whether the connection stays open while there is nothing to ask."""
    max_registers: int = MAX_READ_REGISTERS
    """In one request, of a read as of a write."""
    busy_retries: int = 0
    """How often a request is sent again that was answered with exception 05 or 06."""
    single: bool = False
    """Whether each address is written by itself, by functions 5 and 6."""
    multiple: bool = False
    """Whether functions 15 and 16 are used for a single address, too."""

    def one_by_one(self, size: int, *, asked_single: bool) -> bool:
        """Whether `size` addresses are written by functions 5 and 6.

        `asked_single` is how it would be without these options.
        """
        if self.single:
            return True
        return asked_single and not (self.multiple and size == 1)


NO_OPTIONS: Final = RequestOptions()


def check(text: str, options: RequestOptions) -> RequestOptions:
    """Raises UsageError about `text` where they exclude each other."""
    if options.single and options.multiple:
        raise UsageError(f"{text}: single=true and multiple=true exclude each other")
    return options


def _registers(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0  # noqa: PLR2004  1 to 125
    if not 1 <= number <= MAX_READ_REGISTERS:
        raise UsageError(f"expected 1 to {MAX_READ_REGISTERS}, got {text!r}")
    return number


def _retries(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4):  # noqa: PLR2004  up to 100
        raise UsageError(f"expected 0 to {MAX_BUSY_RETRIES}, got {text!r}")
    if int(text) > MAX_BUSY_RETRIES:
        raise UsageError(f"expected {MAX_BUSY_RETRIES} at most, got {text!r}")
    return int(text)


REQUEST_OPTIONS: Final[Parsers] = {
    "connect_delay": parse_pause,
    "delay": parse_pause,
    "keep_open": flag,
    "max_registers": _registers,
    "busy_retries": _retries,
    "single": flag,
    "multiple": flag,
}
