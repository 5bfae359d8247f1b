"""A pump station that is loaded once and updated in each slot: for `python:embedded:PATH`.

    aoba serve python:embedded:examples/embedded.py

Input registers 0 to 2: level of the sump in mm, starts of the pump, seconds it has run. What it
knows stays in its globals from one update to the next. As an external script it prints the state
it begins with, again and again.
"""

import json
import random

INTERVAL_MS = 100
START_AT, STOP_AT = 1500.0, 600.0  # mm

level = 900.0
pumping = False
starts = 0
seconds = 0.0


def update() -> dict[str, object]:
    global level, pumping, starts, seconds  # noqa: PLW0603  this is what keeps the state
    step = INTERVAL_MS / 1000
    level += random.uniform(20, 60) * step - (120 * step if pumping else 0)
    if level > START_AT and not pumping:
        pumping, starts = True, starts + 1
    elif level < STOP_AT:
        pumping = False
    seconds += step * pumping
    return document()


def document() -> dict[str, object]:
    inputs = [
        {"address_start": 0, "name": "level", "unit": "mm", "initial_values": [round(level)]},
        {"address_start": 1, "name": "starts", "initial_values": [starts & 0xFFFF]},
        {"address_start": 2, "name": "run time", "unit": "s", "initial_values": [int(seconds)]},
    ]
    coils = [{"address_start": 0, "name": "pumping", "initial_values": [pumping]}]
    station = {"id": 1, "mode": "master", "map": {"input": inputs, "discrete_inputs": coils}}
    return {"stations": [station], "reboot_interval": INTERVAL_MS}


if __name__ == "__main__":
    print(json.dumps(document()))
