#!/usr/bin/env python3
import json

# Define station configuration
stations = [
    {
        "id": 1,
        "mode": "master",
        "map": {
            "holding": [
                {
                    "address_start": 0,
                    "length": 10,
                    "initial_values": [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]
                }
            ]
        }
    }
]

# Output JSON
output = {
    "stations": stations,
    "reboot_interval": 1000  # Execute every 1 second
}

print(json.dumps(output))
