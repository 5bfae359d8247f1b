"""Three stations behind one port, told apart by unit id, with all four tables and both modes.

aoba serve examples/stations.py

unit 1, a gateway, "master": the script says what every value is.
    input            0        runs of this script so far
    holding          0..4     1, 2, 3, 4, 5
                     100..101 a second range, far from the first; 5..99 do not exist
unit 2, a valve block, "slave": a device that clients operate.
    coils            0..7     valves; open or closed as a client leaves them
    discrete_inputs  0..7     end switches, from the script
    holding          0..1     set points; what a client writes stays
    input            0        pressure, from the script
unit 247, a spare: 16 registers without values, which are 0 until a client writes them.
"""

import json
import os
import random

# Aoba counts the runs; outside of Aoba there is no count.
run = int(os.environ.get("AOBA_RUN", "0"))

gateway = {
    "id": 1,
    "mode": "master",
    "map": {
        "input": [{"address_start": 0, "initial_values": [run % 65536]}],
        "holding": [
            {"address_start": 0, "length": 5, "initial_values": [1, 2, 3, 4, 5]},
            {"address_start": 100, "initial_values": [1001, 1002]},
        ],
    },
}

valves = {
    "id": 2,
    "mode": "slave",
    "map": {
        # Coils and holding registers take these values once, when Aoba first sees the range.
        "coils": [{"address_start": 0, "length": 8, "initial_values": [1, 0, 1, 0, 1, 0, 1, 0]}],
        "holding": [{"address_start": 0, "initial_values": [250, 40]}],
        # Discrete inputs and input registers take them with every document.
        "discrete_inputs": [
            {"address_start": 0, "initial_values": [random.random() < 0.5 for _ in range(8)]}
        ],
        "input": [{"address_start": 0, "initial_values": [random.randint(1000, 1020)]}],
    },
}

spare = {
    "id": 247,
    "mode": "slave",
    "map": {"holding": [{"address_start": 0, "length": 16}]},
}

print(json.dumps({"stations": [gateway, valves, spare], "reboot_interval": 2000}))
