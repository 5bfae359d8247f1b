"""A small plant that moves with time: a tank that is filled and emptied, with a pump and a heater.

    aoba serve examples/plant.py

Each run is a new process, so whatever the plant does must follow from the clock. Values with a
fraction are scaled to whole numbers, as PLCs do: 21.5 degrees become 215.

    input            0  level                     per mille, 100 to 900 once a minute
                     1  temperature               tenths of a degree, around the set point
                     2  flow                      tenths of a litre a minute
                     3  seconds of this hour
    holding          0  high alarm for the level  per mille
                     1  temperature set point     tenths of a degree
    coils            0  pump                      on while the level rises
    discrete_inputs  0  the level is high
                     1  the heater is on
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
        # `length` may be left out: it is the number of values.
        "input": [
            {"address_start": 0, "initial_values": [level, temperature, flow, int(now) % 3600]}
        ],
        "holding": [{"address_start": 0, "initial_values": [HIGH_ALARM, SET_POINT]}],
        # Bits may be true and false, or 1 and 0.
        "coils": [{"address_start": 0, "initial_values": [pump]}],
        "discrete_inputs": [
            {"address_start": 0, "initial_values": [level > HIGH_ALARM, temperature < SET_POINT]}
        ],
    },
}

print(json.dumps({"stations": [station], "reboot_interval": 500}))
