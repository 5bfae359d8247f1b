"""A tank that is operated over Modbus: the level follows what clients write.

    aoba serve 'examples/tank.py?feed=writes'

Write 1 to the coil, and the pump fills the tank up to the set point; write 0, and it runs empty.
With `feed=writes`, a run finds a JSON object on stdin: what clients have written since the last
run, and the present values. A run is a new process, and so the level of the run before comes from
there, too. Where Aoba calls `update` itself, it is given the same object.

    coils    0     pump       on or off; the clients'
    holding  0..1  set point  float32, in per cent; the clients'
    input    0..1  level      float32, in per cent
    input    2     flow       tenths of a litre a second, out of the tank
"""

import json
import sys
from typing import Any

INTERVAL = 0.5  # seconds from run to run
FILLING = 4.0  # per cent a second
DRAINING = 1.0


def update(context: dict[str, Any]) -> dict[str, Any]:
    for write in context.get("writes", []):
        what = f"{write['table']} {write['address']} = {write['values']}"
        print(f"{write['client']} wrote {what}", file=sys.stderr)

    # Before the first document there are no values, and without feed=writes never.
    now = {it["name"]: it["values"][0] for at in context.get("stations", []) for it in at["values"]}
    pump, set_point, level = now.get("pump", 0), now.get("set point", 60.0), now.get("level", 20.0)

    flow = DRAINING if level > 0 else 0.0
    level = max(0.0, level - flow * INTERVAL)
    if pump and level < set_point:
        level = min(set_point, level + FILLING * INTERVAL, 100.0)

    return document(level, flow)


def document(level: float, flow: float) -> dict[str, Any]:
    percent = {"data_type": "float32", "unit": "%"}
    coils = [{"address_start": 0, "name": "pump", "initial_values": [0]}]
    holding = [{"address_start": 0, "name": "set point", "initial_values": [60.0], **percent}]
    inputs: list[dict[str, Any]] = [
        {"address_start": 0, "name": "level", "initial_values": [level], **percent},
        {"address_start": 2, "initial_values": [round(10 * flow)]},
    ]
    # In slave mode coils and holding registers take their initial values only once.
    tables = {"coils": coils, "holding": holding, "input": inputs}
    station = {"id": 1, "mode": "slave", "map": tables}
    return {"stations": [station], "reboot_interval": round(1000 * INTERVAL)}


if __name__ == "__main__":
    fed = "" if sys.stdin.isatty() else sys.stdin.read()
    print(json.dumps(update(json.loads(fed or "{}"))))
