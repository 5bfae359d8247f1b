#!/usr/bin/env python3
import json

# Define multiple stations
stations = [
    {
        "id": 1,
        "mode": "master",
        "map": {
            "holding": [
                {
                    "address_start": 0,
                    "length": 5,
                    "initial_values": [1, 2, 3, 4, 5]
                }
            ]
        }
    },
    {
        "id": 2,
        "mode": "master",
        "map": {
            "coils": [
                {
                    "address_start": 0,
                    "length": 8,
                    "initial_values": [1, 0, 1, 0, 1, 0, 1, 0]
                }
            ]
        }
    }
]

# Output JSON
print(json.dumps({"stations": stations, "reboot_interval": 2000}))
