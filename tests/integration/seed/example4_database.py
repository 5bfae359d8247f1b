#!/usr/bin/env python3
import json
import sqlite3
import sys

try:
    # Connect to database
    conn = sqlite3.connect('/path/to/sensors.db')
    cursor = conn.cursor()
    
    # Query latest sensor readings
    cursor.execute('''
        SELECT station_id, register_address, value 
        FROM sensor_readings 
        WHERE timestamp > datetime('now', '-1 minute')
        ORDER BY station_id, register_address
    ''')
    
    # Group readings by station
    stations_data = {}
    for row in cursor.fetchall():
        station_id, address, value = row
        if station_id not in stations_data:
            stations_data[station_id] = []
        stations_data[station_id].append((address, value))
    
    # Build station configurations
    stations = []
    for station_id, readings in stations_data.items():
        min_addr = min(addr for addr, _ in readings)
        max_addr = max(addr for addr, _ in readings)
        length = max_addr - min_addr + 1
        
        # Fill values array
        values = [0] * length
        for addr, value in readings:
            values[addr - min_addr] = value
        
        stations.append({
            "id": station_id,
            "mode": "master",
            "map": {
                "holding": [{
                    "address_start": min_addr,
                    "length": length,
                    "initial_values": values
                }]
            }
        })
    
    conn.close()
    
    # Output JSON
    print(json.dumps({
        "stations": stations,
        "reboot_interval": 60000  # Update every minute
    }))

except Exception as e:
    # Log error to stderr
    sys.stderr.write(f"Error reading from database: {e}\n")
    sys.exit(1)
