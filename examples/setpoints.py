"""Set points for two heating controllers, which Aoba writes to them as their master.

    aoba push tcp://10.0.0.5 'examples/setpoints.py?feed=writes'

By day it shall be warm, by night less so. With `feed=writes`, Aoba reads back what the controllers
hold: their temperatures, which close the loop, and set points that somebody has changed on the
spot. Those are only told here: the next document gives the set point again, and the script is the
authority. Without it, or in `aoba serve`, there are no temperatures, and no heater is switched on.

    holding  0..1  set point    float32, in degrees; written
    coils    0     heater       on or off; written
    input    0..1  temperature  float32, in degrees; the controller's own, read
"""

import json
import sys
import time
from typing import Any

ROOMS = {1: 21.0, 2: 19.5}  # degrees by day, by unit id
NIGHT = 16.0
HYSTERESIS = 0.5


def document(told: dict[str, Any]) -> dict[str, Any]:
    for write in told.get("writes", []):
        where = f"{write['table']} {write['address']} of station {write['station']}"
        print(f"{where} was set to {write['values']} on the spot", file=sys.stderr)

    is_day = 6 <= time.localtime().tm_hour < 22
    now = {at["id"]: values_of(at) for at in told.get("stations", [])}
    stations = [
        station(unit, warm if is_day else NIGHT, now.get(unit, {})) for unit, warm in ROOMS.items()
    ]
    return {"stations": stations, "reboot_interval": 1000}


def values_of(station_told: dict[str, Any]) -> dict[str, Any]:
    return {it["name"]: it["values"][0] for it in station_told["values"]}


def station(unit: int, set_point: float, now: dict[str, Any]) -> dict[str, Any]:
    temperature, heater = now.get("temperature"), bool(now.get("heater"))
    # Before the controller was read for the first time, its temperature is 0 here, or not there.
    if not temperature or temperature > set_point + HYSTERESIS:
        heater = False
    elif temperature < set_point - HYSTERESIS:
        heater = True
    degrees = {"address_start": 0, "data_type": "float32", "unit": "°C"}
    tables = {
        "holding": [{**degrees, "name": "set point", "initial_values": [set_point]}],
        "coils": [{"address_start": 0, "name": "heater", "initial_values": [heater]}],
        # Without values of its own: what stands there is the controller's.
        "input": [{**degrees, "name": "temperature", "length": 2}],
    }
    return {"id": unit, "mode": "master", "map": tables}


if __name__ == "__main__":
    fed = "" if sys.stdin.isatty() else sys.stdin.read()
    print(json.dumps(document(json.loads(fed or "{}"))))
