"""The least a source can be: the nameplate of a machine, in fixed registers of one station.

    aoba serve examples/static.py

    holding  0  type            4711
             1  year            2026
             2  rated power     750, in tenths of a kilowatt
             3  rated speed     2950, per minute

Aoba runs this file again every second. In "master" mode each run puts the values back, so what a
client writes here lasts until the next run.
"""

import json

NAMEPLATE = [4711, 2026, 750, 2950]

ranges = [{"address_start": 0, "initial_values": NAMEPLATE}]  # as long as the values are many
station = {"id": 1, "mode": "master", "map": {"holding": ranges}}

print(json.dumps({"stations": [station], "reboot_interval": 1000}))
