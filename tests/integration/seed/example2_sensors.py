#!/usr/bin/env python3
import json
import random
import time

# Simulate reading sensor data
temperature = random.randint(20, 30)
humidity = random.randint(40, 60)
pressure = random.randint(1000, 1020)

# Create station with sensor readings
stations = [
    {
        "id": 1,
        "mode": "master",
        "map": {
            "holding": [
                {
                    "address_start": 0,
                    "length": 3,
                    "initial_values": [temperature, humidity, pressure]
                }
            ]
        }
    }
]

# Output JSON
output = {
    "stations": stations,
    "reboot_interval": 5000  # Update every 5 seconds
}

print(json.dumps(output))
