"""Arguments and options that several commands have, and what makes values of them.

Numbers are parsed here, so that what is wrong with one is said in Aoba's words, with its option.
"""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from aoba import __version__
from aoba.endpoints.units import parse_duration
from aoba.errors import UsageError

if TYPE_CHECKING:
    from aoba.logs.trace_level import TraceLevel

HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class Trace(StrEnum):
    OFF = "off"
    APP = "app"
    FRAME = "frame"
    BYTES = "bytes"


def trace_level(trace: Trace) -> "TraceLevel":
    from aoba.logs.trace_level import TraceLevel  # noqa: PLC0415  which is imported where it is used

    return TraceLevel[trace.name]


def whole(option: str, least: int, most: int | None = None) -> Callable[[Any], int]:
    """What makes a number of a text, 0x10 too; raises UsageError."""

    def parse(given: Any) -> int:
        number = given if isinstance(given, int) else _whole(str(given))
        if number is None or number < least or (most is not None and number > most):
            limits = f"a whole number from {least} on" if most is None else f"{least}..{most}"
            raise UsageError(f"{option}: expected {limits}, got {given}")
        return number

    return parse


def finite(option: str) -> Callable[[Any], float]:
    """What makes a number of a text; raises UsageError."""

    def parse(given: Any) -> float:
        try:
            number = float(given)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise UsageError(f"{option}: expected a number, got {given}")
        return number

    return parse


def parse_time(option: str, text: str) -> float:
    """Seconds. Raises UsageError."""
    try:
        return parse_duration(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from None


def _whole(text: str) -> int | None:
    try:
        return int(text, 16 if text[:2] in ("0x", "0X") else 10)
    except ValueError:
        return None


def _show_version(is_given: bool) -> None:
    if is_given:
        typer.echo(f"aoba {__version__}")
        raise typer.Exit


TableName = Literal["coils", "discrete_inputs", "holding", "input"]
WritableName = Literal["coils", "holding"]
TypeName = Literal[
    "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "string"
]
Order = Literal["big", "little"]

Version = Annotated[
    bool,
    typer.Option(
        "--version", "-V", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
]
Url = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        show_default=False,
        help="tcp://HOST[:PORT], tls://, udp://, rtu+tcp://, rtu:///DEVICE or ascii:///DEVICE.",
    ),
]
Address = Annotated[
    str,
    typer.Argument(
        metavar="ADDRESS",
        show_default=False,
        help="The first address, counted from 0: 40 or 0x28; or the first and the last, 0-99; or a "
        "bit of a register, 40.3, of which 0 is the lowest.",
    ),
]
Unit = Annotated[
    int,
    typer.Option(
        metavar="ID", parser=whole("--unit", 0, 255), help="Unit id of the station, up to 255."
    ),
]
Type = Annotated[
    TypeName | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="What registers hold: uint16, the default, int16, uint32, int32, uint64, int64, "
        "float32, float64 or string.",
    ),
]
WordOrder = Annotated[Order | None, typer.Option(help="Order of the registers of a value.")]
ByteOrder = Annotated[Order | None, typer.Option(help="Order of the bytes of a register.")]
Scale = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER",
        parser=finite("--scale"),
        help="Value = register value * scale + offset.",
    ),
]
Offset = Annotated[
    float | None, typer.Option(metavar="NUMBER", parser=finite("--offset"), help="The same.")
]
Timeout = Annotated[str, typer.Option(metavar="TIME", help="How long to wait for an answer.")]
Retries = Annotated[
    int,
    typer.Option(
        metavar="COUNT",
        parser=whole("--retries", 0),
        help="How often to ask again where none comes.",
    ),
]
TraceDevices = Annotated[
    Trace,
    typer.Option(
        "--trace",
        help="Show each request and what comes back: in words (app), with the hex of the frames "
        "(frame), or with all bytes as they come and go (bytes).",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Severity = Annotated[LogLevel, typer.Option(help="The least level shown.")]
Form = Annotated[LogFormat, typer.Option(help="How the log looks.")]
