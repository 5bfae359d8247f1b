"""Values of other types than 16-bit integers, with names and units: a small boiler room.

    aoba check examples/typed.py
    aoba serve examples/typed.py

`aoba check` shows the registers, and below them what they mean. Each run is a new process, so the
values follow from the clock.

    input    0  temperatures  three float32, two registers each
             6  energy        uint32, low register first (CDAB), in Wh
             8  pressure      int16, in hundredths of a bar: may be below zero
    holding  0  label         a string of up to 16 bytes
             8  set point     int16, in tenths of a degree
"""

import json
import math
import time

now = time.time()
phase = 2 * math.pi * (now % 60) / 60
flow = 71.5 + 1.5 * math.sin(phase)

station = {
    "id": 1,
    "mode": "master",
    "map": {
        "input": [
            {
                "address_start": 0,
                "data_type": "float32",
                "name": "flow, return, outside",
                "unit": "°C",
                "initial_values": [flow, flow - 12.25, -3.5],
            },
            {
                "address_start": 6,
                "data_type": "uint32",
                "word_order": "little",  # the order that is often called CDAB
                "name": "energy",
                "unit": "Wh",
                "initial_values": [int(1000 * now) % 2**32],
            },
            {
                "address_start": 8,
                "data_type": "int16",
                "scale": 0.01,  # 1.57 bar is 157 in the register
                "name": "pressure",
                "unit": "bar",
                "initial_values": [1.5 + 0.1 * math.cos(phase)],
            },
        ],
        "holding": [
            {
                "address_start": 0,
                "length": 8,  # room for longer labels; the rest is NULs
                "data_type": "string",
                "name": "label",
                "initial_values": "BOILER 7",
            },
            {
                "address_start": 8,
                "data_type": "int16",
                "scale": 0.1,
                "name": "set point",
                "unit": "°C",
                "initial_values": [72.5],
            },
        ],
    },
}

print(json.dumps({"stations": [station], "reboot_interval": 1000}))
