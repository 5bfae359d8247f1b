"""The commands of `aoba` and their arguments.

What a command needs is imported when it is called, so that `--help` answers at once.
"""

from typing import Annotated

import typer
from typer.exceptions import TyperException

from aoba.cli import INTERRUPTED
from aoba.cli.devices import devices
from aoba.cli.parameters import (
    HELP_NAMES,
    Form,
    LogFormat,
    LogLevel,
    Retries,
    Severity,
    Timeout,
    Trace,
    TraceDevices,
    Url,
    Version,
    parse_time,
    trace_level,
)
from aoba.cli.streams import complain
from aoba.endpoints.url import ACCEPTED as LISTEN_FORMS
from aoba.endpoints.url import DEFAULT_LISTEN
from aoba.errors import AobaError, UsageError
from aoba.sources.kinds import SOURCES

app = typer.Typer(
    help="Give Modbus registers live values from a Python script, and read or write any device.",
    add_completion=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings=HELP_NAMES,
    rich_markup_mode=None,
)

_FORMS = [row for kind in SOURCES.values() for row in kind.help]
_WIDTH = max(len(form) for form, _ in _FORMS)
# A backspace is what keeps lines apart.
_SERVE_HELP = f"""Serve the values of scripts and other sources over Modbus.

It ends with Ctrl-C or SIGTERM. SOURCE is one of these:

\b
{chr(10).join(f"{form:{_WIDTH}}  {text}" for form, text in _FORMS)}

Options follow a ?, joined by &, in quotes: 'PATH.py?timeout=5&stale_after=10s'
"""


def run() -> int:
    """Carry out the command line; returns the exit code."""
    try:
        code: int | None = app(prog_name="aoba", standalone_mode=False)
    except UsageError as error:
        return complain(error, 2)
    except AobaError as error:
        return complain(error, 1)
    except typer.Abort:  # which typer makes of an interrupt
        return INTERRUPTED
    except TyperException as error:
        return complain(_explained(error), error.exit_code)
    return code or 0


def _explained(error: TyperException) -> str:
    """In one line, with the command whose help says more."""
    line = " ".join(error.format_message().replace("Value error, ", "").split())
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "aoba"
    return f"{line.removesuffix('.')} ({command} --help shows what is accepted)"


@app.callback()
def _aoba(context: typer.Context, _version: Version = False) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        accepted = "serve, publish, push, check, schema, read, write, scan or ports"
        raise UsageError(f"no command given; expected {accepted}")


@app.command(help=_SERVE_HELP)
def serve(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Where values come from, as above; may be given several times.",
        ),
    ] = None,
    data_source: Annotated[
        list[str] | None,
        typer.Option(metavar="SPEC", help="The same as SOURCE; may be given several times."),
    ] = None,
    listen: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help=f"Where to serve; may be given several times. {LISTEN_FORMS}. "
            f"Default: {DEFAULT_LISTEN}.",
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=ACCESS",
            help="What clients with this role in their certificate may do on tls links: read, "
            "write or none; may be given several times. Others may then do nothing.",
        ),
    ] = None,
    identity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="What function 43/14 tells: vendor_name, product_code, revision, vendor_url, "
            "product_name, model_name, user_application_name, 0x80 to 0xFF; may be given several "
            "times.",
        ),
    ] = None,
    trace: Annotated[
        Trace,
        typer.Option(
            help="Tell the log of each request and its answer, of clients and of devices that are "
            "sources: in words (app), with the hex of the frames (frame), or with all bytes as "
            "they come and go (bytes).",
        ),
    ] = Trace.OFF,
    log_level: Severity = LogLevel.INFO,
    log_format: Form = LogFormat.TEXT,
    _version: Version = False,
) -> None:
    from aoba.cli.serve import serve

    serve(
        [*(source or []), *(data_source or [])],
        listen or [],
        identity=identity or [],
        roles=role or [],
        trace=trace.value,
        level=log_level.value,
        form=log_format.value,
    )


@app.command()
def publish(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="As for aoba serve.")],
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="The topic: mqtt://USER@HOST:PORT/TOPIC?password=@FILE&qos=1&retain=true, or "
            "mqtts://HOST:PORT/TOPIC?ca=FILE&cert=FILE&key=FILE.",
        ),
    ],
    log_level: Severity = LogLevel.INFO,
    log_format: Form = LogFormat.TEXT,
    _version: Version = False,
) -> None:
    """Publish the values of a source to an MQTT broker.

    Others serve them, with: aoba serve mqtt://HOST/TOPIC
    """
    from aoba.cli.publish import publish

    publish(source, url, level=log_level.value, form=log_format.value)


@app.command()
def push(
    url: Url,
    source: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE", show_default=False, help="As for aoba serve, one or more."
        ),
    ] = None,
    refresh: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="How often to write everything again; never: not at all."
        ),
    ] = "60s",
    single: Annotated[
        bool, typer.Option("--single", help="Write each address by itself, by functions 5 and 6.")
    ] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read back what was written.")] = False,
    timeout: Timeout = "2s",
    retries: Retries = 1,
    trace: TraceDevices = Trace.OFF,
    log_level: Severity = LogLevel.INFO,
    log_format: Form = LogFormat.TEXT,
    _version: Version = False,
) -> None:
    """Write the values of sources to devices, as their master.

    It ends with Ctrl-C or SIGTERM. Coils and holding registers of stations with the mode "master"
    go to the devices with these unit ids, whenever they change.
    """
    from aoba.cli.push import push

    push(
        url,
        source or [],
        timeout=parse_time("--timeout", timeout),
        retries=retries,
        refresh=refresh,
        single=single,
        verify=verify,
        trace=trace_level(trace),
        level=log_level.value,
        form=log_format.value,
    )


@app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="As for aoba serve.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    _version: Version = False,
) -> None:
    """Run a script once, and show its registers.

    Of another source, wait for its first document. Where something is wrong with a document, exits
    with 1 and says what, and where.
    """
    from aoba.cli.check import check

    raise typer.Exit(check(source, as_json=as_json))


@app.command()
def schema(_version: Version = False) -> None:
    """Print the JSON Schema of a document."""
    from aoba.cli.schema import schema

    schema()


app.add_typer(devices)
