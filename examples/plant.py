"""A small plant that moves with time: a tank that is filled and emptied, with a pump and a heater.

Each run is a new process, so whatever the plant does must follow from the clock. Values with a
fraction are scaled to whole numbers, as PLCs do: 21.5 degrees become 215.

    input    0   level          per mille
             1   temperature    tenths of a degree
             2   flow           tenths of a litre a minute
             3   seconds of this hour
    holding  0   high alarm for the level, per mille
             1   set point of the temperature, tenths of a degree
    coils    0   pump
    discrete_inputs  0  level is high    1  heater is on
"""

import json
import math
import time

HIGH_ALARM = 800
SET_POINT = 600

now = time.time()
phase = 2 * math.pi * (now % 60) / 60  # the tank fills and empties once a minute

level = round(500 + 400 * math.sin(phase))
pump = math.cos(phase) > 0  # the level rises
flow = round(250 * abs(math.cos(phase)))
temperature = round(SET_POINT + 15 * math.sin(7 * phase))

station = {
    "id": 1,
    "mode": "master",
    "map": {
        "input": [
            {"address_start": 0, "initial_values": [level, temperature, flow, int(now) % 3600]}
        ],
        "holding": [{"address_start": 0, "initial_values": [HIGH_ALARM, SET_POINT]}],
        "coils": [{"address_start": 0, "initial_values": [pump]}],
        "discrete_inputs": [
            {"address_start": 0, "initial_values": [level > HIGH_ALARM, temperature < SET_POINT]}
        ],
    },
}

print(json.dumps({"stations": [station], "reboot_interval": 500}))
