"""The commands that ask devices, and their arguments; `cli/app` makes them commands of `aoba`.

What a command needs is imported when it is called, so that `--help` answers at once.
"""

from typing import Annotated

import typer

from aoba.cli.parameters import (
    Address,
    AsJson,
    ByteOrder,
    Offset,
    Retries,
    Scale,
    TableName,
    Timeout,
    Trace,
    TraceDevices,
    Type,
    Unit,
    Url,
    Version,
    WordOrder,
    WritableName,
    parse_time,
    trace_level,
    whole,
)
from aoba.errors import UsageError

devices = typer.Typer()


@devices.command()
def read(
    url: Url,
    table: Annotated[
        TableName,
        typer.Argument(metavar="TABLE", help="Which table."),
    ],
    address: Address,
    count: Annotated[
        int | None,
        typer.Argument(
            metavar="COUNT",
            parser=whole("COUNT", 1, 65536),
            help="How many values, 1 if not given; of a string, registers.",
        ),
    ] = None,
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
    _version: Version = False,
) -> None:
    """Read values of a device.

    TIME is in seconds, or has a unit: 500ms, 2min.
    """
    from aoba.cli.place import parse_place
    from aoba.cli.read import Reading, read
    from aoba.cli.typed import bits_of_registers, typed
    from aoba.client.channel_state import ChannelState
    from aoba.endpoints.device import parse_target

    level = trace_level(trace)
    line, place = ChannelState(parse_target(url), level), parse_place(address)
    options = (data_type, word_order, byte_order, scale, offset)
    if place.bit is None:
        kind = typed(table, *options)
    else:
        kind = bits_of_registers(table, place.bit, count or 1, *options)
    block = kind.block(unit, place.start, place.values(count, kind))
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
        typer.Argument(metavar="VALUE", help="Numbers, a string, or for bits 0, 1, on, off."),
    ],
    unit: Unit = 1,
    data_type: Type = None,
    word_order: WordOrder = None,
    byte_order: ByteOrder = None,
    scale: Scale = None,
    offset: Offset = None,
    length: Annotated[
        int | None,
        typer.Option(
            metavar="COUNT",
            parser=whole("--length", 1, 65536),
            help="Registers of a string; the rest is filled with NULs.",
        ),
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
    _version: Version = False,
) -> None:
    """Write values to a device."""
    from aoba.cli.place import parse_place
    from aoba.cli.typed import bits_of_registers, typed
    from aoba.cli.write import Writing, write_values
    from aoba.cli.write_bits import WritingBits, write_bits
    from aoba.client.channel_state import ChannelState
    from aoba.endpoints.device import parse_target

    if single and multiple:
        raise UsageError("--single and --multiple exclude each other")
    level = trace_level(trace)
    line, place = ChannelState(parse_target(url), level), parse_place(address)
    options = (data_type, word_order, byte_order, scale, offset)
    ways = (verify, parse_time("--timeout", timeout), retries, level)
    if place.bit is not None:
        kind = bits_of_registers(table, place.bit, len(values), *options)
        cells = kind.cells(values, length)
        block = kind.block(unit, place.start, len(values))
        is_forced = single or multiple
        write_bits(WritingBits(line, block, kind, [*cells], is_forced, not multiple, *ways))
        return
    kind = typed(table, *options)
    cells = kind.cells(values, length if length or not kind.is_text else place.size)
    size = len(cells) // (1 if kind.form is None else 2)
    place.expect(size)
    block = kind.block(unit, place.start, size // kind.step)
    write_values(Writing(line, block, kind, cells, single or (size == 1 and not multiple), *ways))


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
        int,
        typer.Option(
            metavar="COUNT",
            parser=whole("--parallel", 1, 64),
            help="Connections that ask at a time, up to 64; 1 for gateways.",
        ),
    ] = 1,
    as_json: AsJson = False,
    trace: TraceDevices = Trace.OFF,
    _version: Version = False,
) -> None:
    """Find out which unit ids answer, and what devices they are."""
    from aoba.cli.scan import parse_units, scan_units
    from aoba.endpoints.device import parse_target

    target = parse_target(url)
    seconds = None if timeout is None else parse_time("--timeout", timeout)
    level, ids = trace_level(trace), parse_units(units)
    code = scan_units(target, ids, seconds, parallel, trace=level, as_json=as_json)
    raise typer.Exit(code)


@devices.command()
def ports(as_json: AsJson = False, _version: Version = False) -> None:
    """List the serial ports of this machine, and whether they are free."""
    from aoba.cli.ports import list_ports

    list_ports(as_json=as_json)
