"""Registers out of a SQLite database.

    aoba serve examples/database.py

The database is made at the first run: `readings.db` beside this file, or the file that the
environment variable READINGS_DB names. Change a value in it, and it is in the register a second
later:

    python3 -c "import sqlite3; db = sqlite3.connect('examples/readings.db'); \
        db.execute('UPDATE readings SET value = 7 WHERE station = 1 AND address = 0'); db.commit()"

    unit 1  holding  0..2    temperature, humidity, pressure
            holding  10..11  counters
    unit 2  holding  0       a level
"""

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

DATABASE = Path(os.environ.get("READINGS_DB") or Path(__file__).with_name("readings.db"))

FIRST_READINGS = [
    # station, address, value
    (1, 0, 215),
    (1, 1, 48),
    (1, 2, 1013),
    (1, 10, 7),
    (1, 11, 42),
    (2, 0, 730),
]


def open_database() -> sqlite3.Connection:
    # isolation_level=None: a transaction begins where BEGIN stands, and nowhere else.
    db = sqlite3.connect(DATABASE, timeout=5, isolation_level=None)
    # Of two processes that both find no table, one waits at BEGIN IMMEDIATE for the other.
    db.execute("BEGIN IMMEDIATE")
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'readings'").fetchone():
        db.execute(
            "CREATE TABLE readings (station INTEGER, address INTEGER, value INTEGER NOT NULL,"
            " PRIMARY KEY (station, address))"
        )
        db.executemany("INSERT INTO readings VALUES (?, ?, ?)", FIRST_READINGS)
    db.execute("COMMIT")
    return db


def stations(rows: list[tuple[int, int, int]]) -> list[dict[str, Any]]:
    """A station for each number, and a range for each run of consecutive addresses.

    `rows` are in the order of station and address.
    """
    ranges: dict[int, list[dict[str, Any]]] = {}
    for station, address, value in rows:
        known = ranges.setdefault(station, [])
        last = known[-1] if known else None
        if last and address == last["address_start"] + len(last["initial_values"]):
            last["initial_values"].append(value)
        else:
            known.append({"address_start": address, "initial_values": [value]})
    return [
        {"id": station, "mode": "master", "map": {"holding": holding}}
        for station, holding in ranges.items()
    ]


try:
    with closing(open_database()) as database:
        query = "SELECT station, address, value FROM readings ORDER BY station, address"
        readings = database.execute(query).fetchall()
except sqlite3.Error as error:
    # A line on stderr is a line in Aoba's log. The registers keep their last values meanwhile.
    sys.exit(f"{DATABASE}: {error}")

print(json.dumps({"stations": stations(readings), "reboot_interval": 1000}))
