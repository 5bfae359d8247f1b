"""The commands that ask devices, and their arguments; `cli/app` makes them commands of `aoba`.

What a command needs is imported when it is called, so that `--help` answers at once.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aoba.duration import parse_duration
from aoba.errors import UsageError

if TYPE_CHECKING:
    from aoba.links.trace import Level

devices = typer.Typer()

TableName = Literal["coils", "discrete_inputs", "holding", "input"]
WritableName = Literal["coils", "holding"]
TypeName = Literal[
    "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "string"
]
Order = Literal["big", "little"]

Url = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        show_default=False,
        help="tcp://HOST[:PORT], tls://, udp://, rtu+tcp://, rtu:///DEVICE or ascii:///DEVICE.",
    ),
]
Address = Annotated[
    int,
    typer.Argument(
        metavar="ADDRESS",
        min=0,
        max=65535,
        show_default=False,
        help="The first address, counted from 0.",
    ),
]
Unit = Annotated[int, typer.Option(metavar="ID", min=0, max=255, help="Unit id of the station.")]
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
Scale = Annotated[float | None, typer.Option(help="Value = register value * scale + offset.")]
Offset = Annotated[float | None, typer.Option(help="The same.")]
Timeout = Annotated[str, typer.Option(metavar="TIME", help="How long to wait for an answer.")]
Retries = Annotated[int, typer.Option(min=0, help="How often to ask again where none comes.")]


class Trace(StrEnum):
    OFF = "off"
    APP = "app"
    FRAME = "frame"
    BYTES = "bytes"


TraceDevices = Annotated[
    Trace,
    typer.Option(
        "--trace",
        help="Show each request and what comes back: in words (app), with the hex of the frames "
        "(frame), or with all bytes as they come and go (bytes).",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@devices.command()
def read(
    url: Url,
    table: Annotated[
        TableName,
        typer.Argument(metavar="TABLE", help="Which table."),
    ],
    address: Address,
    count: Annotated[
        int,
        typer.Argument(
            metavar="COUNT", min=1, max=65536, help="How many values; of a string, registers."
        ),
    ] = 1,
    unit: Unit = 1,
    data_type: Type = None,
    word_order: WordOrder = None,
    byte_order: ByteOrder = None,
    scale: Scale = None,
    offset: Offset = None,
    watch: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Read again and again, this often, until Ctrl-C."),
    ] = None,
    as_json: AsJson = False,
    timeout: Timeout = "2s",
    retries: Retries = 1,
    trace: TraceDevices = Trace.OFF,
) -> None:
    """Read values of a device.

    TIME is in seconds, or has a unit: 500ms, 2min.
    """
    from aoba.cli.read import Reading, read
    from aoba.cli.typed import typed
    from aoba.client.line_state import LineState
    from aoba.client.target import parse_target

    level = trace_level(trace)
    line = LineState(parse_target(url), level)
    kind = typed(table, data_type, word_order, byte_order, scale, offset)
    block = kind.block(unit, address, count)
    reading = Reading(line, block, kind, parse_time("--timeout", timeout), retries, level)
    if watch is None:
        read(reading, as_json=as_json)
        return
    from aoba.cli.watch import watch as watch_values

    watch_values(reading, parse_time("--watch", watch), as_json=as_json)


# Of unknown options, some are negative numbers; the others are no values, which is said then.
@devices.command(context_settings={"ignore_unknown_options": True})
def write(
    url: Url,
    table: Annotated[WritableName, typer.Argument(metavar="TABLE", help="Which table.")],
    address: Address,
    values: Annotated[
        list[str],
        typer.Argument(metavar="VALUE", help="Numbers, a string, or for coils 0, 1, on, off."),
    ],
    unit: Unit = 1,
    data_type: Type = None,
    word_order: WordOrder = None,
    byte_order: ByteOrder = None,
    scale: Scale = None,
    offset: Offset = None,
    length: Annotated[
        int | None,
        typer.Option(min=1, max=65536, help="Registers of a string; the rest is filled with NULs."),
    ] = None,
    single: Annotated[
        bool, typer.Option("--single", help="Write each address by itself, by functions 5 and 6.")
    ] = False,
    multiple: Annotated[
        bool, typer.Option("--multiple", help="Write one address by functions 15 and 16, too.")
    ] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read back what was written.")] = False,
    timeout: Timeout = "2s",
    retries: Retries = 1,
    trace: TraceDevices = Trace.OFF,
) -> None:
    """Write values to a device."""
    from aoba.cli.typed import typed
    from aoba.cli.write import Writing, write_values
    from aoba.client.line_state import LineState
    from aoba.client.target import parse_target

    if single and multiple:
        raise UsageError("--single and --multiple exclude each other")
    level = trace_level(trace)
    line = LineState(parse_target(url), level)
    kind = typed(table, data_type, word_order, byte_order, scale, offset)
    cells = kind.cells(values, length)
    size = len(cells) // (1 if kind.form is None else 2)
    block = kind.block(unit, address, size // kind.step)
    one_by_one = single or (size == 1 and not multiple)
    seconds = parse_time("--timeout", timeout)
    write_values(Writing(line, block, kind, cells, one_by_one, verify, seconds, retries, level))


@devices.command()
def scan(
    url: Url,
    units: Annotated[str, typer.Option(metavar="IDS", help="Which, as in 1,5,10-20.")] = "1-247",
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long to wait for each answer. Default: 300ms on a serial line, else 1.5s.",
        ),
    ] = None,
    parallel: Annotated[
        int, typer.Option(min=1, max=64, help="Connections that ask at a time; 1 for gateways.")
    ] = 1,
    as_json: AsJson = False,
    trace: TraceDevices = Trace.OFF,
) -> None:
    """Find out which unit ids answer, and what devices they are."""
    from aoba.cli.scan import parse_units, scan_units
    from aoba.client.target import parse_target

    target = parse_target(url)
    seconds = None if timeout is None else parse_time("--timeout", timeout)
    level, ids = trace_level(trace), parse_units(units)
    code = scan_units(target, ids, seconds, parallel, trace=level, as_json=as_json)
    raise typer.Exit(code)


@devices.command()
def ports(as_json: AsJson = False) -> None:
    """List the serial ports of this machine, and whether they are free."""
    from aoba.cli.ports import list_ports

    list_ports(as_json=as_json)


def trace_level(trace: Trace) -> "Level":
    from aoba.links.trace import Level

    return Level[trace.name]


def parse_time(option: str, text: str) -> float:
    try:
        return parse_duration(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from None
