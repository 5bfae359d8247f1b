"""Documents as scripts print them."""

import json
from pathlib import Path
from typing import Any


def station(unit: int = 1, mode: str = "master", **tables: list[int]) -> dict[str, Any]:
    """A station with one range from address 0 for each of `tables`, given by its values."""
    ranges = {
        name: [{"address_start": 0, "length": len(values), "initial_values": values}]
        for name, values in tables.items()
    }
    return {"id": unit, "mode": mode, "map": ranges}


def document(*stations: dict[str, Any], interval: int | None = None, **tables: list[int]) -> str:
    """A document of `stations`, or of a single one with `tables`, in one line."""
    result: dict[str, Any] = {"stations": list(stations) or [station(**tables)]}
    if interval is not None:
        result["reboot_interval"] = interval
    return json.dumps(result)


def printing(*lines: str) -> str:
    """A script that prints each of `lines`, at once, on any Python."""
    return "import sys\n" + "".join(
        f"sys.stdout.write({line!r} + '\\n')\nsys.stdout.flush()\n" for line in lines
    )


RUN_NUMBER = """
import json, os, sys
run = int(os.environ["AOBA_RUN"])
def put(*values, **more):
    holding = [{"address_start": 0, "length": len(values), "initial_values": list(values)}]
    station = {"id": 1, "mode": "master", "map": {"holding": holding}}
    print(json.dumps(dict({"stations": [station], "reboot_interval": 50}, **more)))
    sys.stdout.flush()
"""
"""Begin of a script: `run` is its number, `put(1, 2)` prints a document of holding registers."""

UPDATE = """
def made(*values, **more):
    holding = [{"address_start": 0, "initial_values": list(values)}]
    stations = [{"id": 1, "mode": "master", "map": {"holding": holding}}]
    return dict({"stations": stations, "reboot_interval": 20}, **more)
"""
"""Begin of an embedded script whose `update` returns documents: `return made(1, 2)`."""


def until_exists(path: Path) -> str:
    """Part of a script that waits until a test touches `path`."""
    return f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.01)\n"
