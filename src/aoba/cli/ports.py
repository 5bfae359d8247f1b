"""`aoba ports`: the serial ports of this machine, in a table or as JSON."""

import json
import sys

from rich.console import Console
from rich.text import Text

from aoba.client.ports import PROC, Port, ports
from aoba.logs.printable import printable


def list_ports(*, as_json: bool) -> None:
    found = ports()
    if as_json:
        entries = [{**port._asdict(), "is_free": is_free(port)} for port in found]
        sys.stdout.write(json.dumps(entries, ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False)
    rows = [_cells(port) for port in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for port, row in zip(found, rows, strict=True):
        device, state, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        style = "green" if is_free(port) else "yellow"
        line = Text.assemble((device, "bold"), "  ", (state, style), "  ", "  ".join(rest))
        line.rstrip()
        console.print(line, soft_wrap=True)
        if port.stable:
            console.print(Text(f"  {port.stable}", "dim"), soft_wrap=True)
    if not found:
        console.print("no serial ports")


def is_free(port: Port) -> bool | None:
    """None where the system does not tell who has it open."""
    if port.used_by or not port.is_permitted:
        return False
    return True if PROC.exists() else None


def _cells(port: Port) -> tuple[str, ...]:
    state = {True: "free", None: "not known whether free", False: "not permitted"}[is_free(port)]
    if port.used_by:
        state = f"in use by {port.used_by}"
    serial = f"serial {port.serial_number}" if port.serial_number else ""
    texts = (port.device, state, port.usb or "", port.description or "", serial)
    return tuple(map(printable, texts))
