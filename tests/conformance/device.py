"""The device that all cases talk to: four stations that one script defines, once.

All are in slave mode, so what is written stays. Unit ids that are not here belong to nobody.

    17  has what the examples of the specification read and write
    1   full tables, to find the limits of each function
    2   nothing but files, queues, and objects too long for one response
    3   nothing at all, and the identity that Aoba has by itself, but for the revision
"""

import json
from typing import Any, Final

EXAMPLES, FULL, NUMBERED, EMPTY = 17, 1, 2, 3
NOBODY: Final = 99

COILS: Final = [i % 3 == 0 for i in range(2000)]
INPUTS: Final = [i % 5 == 0 for i in range(2000)]


def bits(data: str, count: int) -> list[int]:
    """The first `count` bits of bytes in hex, as section 6.1 packs them."""
    raw = bytes.fromhex(data)
    return [raw[i // 8] >> i % 8 & 1 for i in range(count)]


def packed(values: list[bool]) -> str:
    """The opposite, one bit at a time."""
    data = bytearray((len(values) + 7) // 8)
    for i, value in enumerate(values):
        data[i // 8] |= value << i % 8
    return data.hex()


def words(first: int, count: int) -> str:
    """Consecutive numbers as registers, in hex."""
    return "".join(f"{first + i & 0xFFFF:04x}" for i in range(count))


def at(start: int, values: list[int]) -> dict[str, Any]:
    return {"address_start": start, "initial_values": values}


def fifo(pointer: int, values: list[int]) -> dict[str, Any]:
    return at(pointer, values) | {"fifo": True}


def zeros(start: int, length: int) -> dict[str, int]:
    return {"address_start": start, "length": length}


_EXAMPLES: Final = {
    "map": {
        "coils": [
            at(0, bits("6D", 8)),
            at(19, bits("CD6B05", 19)),
            zeros(172, 1),
        ],
        "discrete_inputs": [at(196, bits("ACDB35", 22))],
        "holding": [
            at(1, [0, 0]),
            at(3, [0xFE, 0xACD, 1, 3, 0xD, 0xFF]),
            zeros(14, 3),
            at(40, [0x12]),
            at(107, [0x022B, 0, 0x64]),
            fifo(0x04DE, [0x01B8, 0x1284]),
        ],
        "input": [at(8, [0xA])],
    },
    "files": {
        "3": {"records": [0] * 9 + [0x33CD, 0x0040]},
        "4": {"records": [0, 0x0DFE, 0x0020] + [0] * 7},
    },
    "identity": {
        "vendor_name": "Company identification",
        "product_code": "Product code XX",
        "revision": "V2.11",
    },
}

_FULL: Final = {
    "map": {
        "coils": [at(0, COILS), zeros(3000, 1968), at(65535, [1])],
        "discrete_inputs": [at(0, INPUTS), at(65535, [1])],
        "holding": [
            at(0, list(range(0x1000, 0x1000 + 125))),
            zeros(300, 125),
            zeros(500, 50),
            zeros(550, 50),  # touches the range before it
            at(65535, [0xFFFF]),
        ],
        "input": [at(0, list(range(0x2000, 0x2000 + 125))), at(65535, [0xFFFE])],
    },
    "identity": {
        "vendor_name": "V",
        "product_code": "P",
        "revision": "1",
        "vendor_url": "U",
        "user_application_name": "A",
        "0x80": "x",
        "0xFF": "",
    },
}

_NUMBERED: Final = {
    "map": {
        "holding": [
            at(10, [0xAAAA]),
            fifo(10, [0xBBBB]),  # the pointer is not the register of the same address
            fifo(20, []),
            fifo(30, list(range(31))),
            fifo(65535, [1]),
        ]
    },
    "files": {
        "1": {"records": list(range(0x3000, 0x3000 + 125))},
        "2": {"records": []},
        "9": {"records": [0] * 10_000},
        "10": {"records": [0] * 125},
        "65535": {"records": [0xF00D]},
    },
    "identity": {
        "vendor_name": "v" * 100,
        "product_code": "p" * 100,
        "revision": "r" * 42,
        "vendor_url": "u" * 43,
        "model_name": "m" * 244,
        "0x80": "x",
    },
}

_EMPTY: Final = {"map": {}, "identity": {"revision": "0"}}

DOCUMENT: Final = {
    "stations": [
        {"id": unit, "mode": "slave", **station}
        for unit, station in (
            (EXAMPLES, _EXAMPLES),
            (FULL, _FULL),
            (NUMBERED, _NUMBERED),
            (EMPTY, _EMPTY),
        )
    ],
    "reboot_interval": 86_400_000,
}

SCRIPT: Final = f"print({json.dumps(DOCUMENT)!r})\n"
