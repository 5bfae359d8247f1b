"""The least a source can be: ten fixed registers in one station.

    aoba serve examples/static.py

    holding  0..9   100, 200, ... 1000

Aoba runs this file again every second. In "master" mode each run puts the values back, so what a
client writes here lasts until the next run.
"""

import json

station = {
    "id": 1,
    "mode": "master",
    "map": {
        "holding": [
            {
                "address_start": 0,
                "length": 10,
                "initial_values": [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000],
            }
        ]
    },
}

print(json.dumps({"stations": [station], "reboot_interval": 1000}))
