"""Function codes that are not supported, unit ids, broadcasts, and what a PDU may hide.

A unit id that nobody has: exception 0B on a network, as a gateway answers for a device that does
not (section 7); silence on a serial line (SL 2.1). Unit id 0 is a broadcast on a serial line only,
and with several stations means none of them on a network.
"""

from conformance.case import Case
from conformance.device import FULL, NOBODY, NUMBERED

BROADCAST = 0
ALL_FF = "FF" * 252

CASES = [
    # Function codes: 1 to 65, 73 to 99 and 111 to 127 are public, the others between are the user's
    Case("5", "function code 0", "00 -> 80 01"),
    Case("5", "function code 9", "09 0000 0001 -> 89 01"),
    Case("5", "function code 10", "0A -> 8A 01"),
    Case("5", "function code 13", "0D -> 8D 01"),
    Case("5", "function code 14", "0E -> 8E 01"),
    Case("5", "function code 18", "12 -> 92 01"),
    Case("5", "function code 19", "13 -> 93 01"),
    Case("5", "function code 25", "19 0000 -> 99 01"),
    Case("5", "function code 42", "2A 0E 01 00 -> AA 01"),
    Case("5", "function code 44", "2C 0E 01 00 -> AC 01"),
    Case("5", "function code 65, the user's", "41 0000 0001 -> C1 01"),
    Case("5", "function code 100, the user's", "64 -> E4 01"),
    Case("5", "function code 127", "7F -> FF 01"),
    Case("5", "function code 128", "80 -> 80 01"),
    Case("5", "function code 131, an exception", "83 02 -> 83 01"),
    Case("5", "function code 255", "FF -> FF 01"),
    Case("6", "a long PDU of it", f"00 {ALL_FF} -> 80 01"),
    Case("6", "the function is checked before the length", "09 -> 89 01"),
    # Unit ids
    Case("7", "nobody, to read", "03 0000 0001 -> network 83 0B, serial silence", unit=NOBODY),
    Case(
        "7",
        "nobody, to write",
        "06 012C 1111 -> network 86 0B, serial silence",
        unit=NOBODY,
    ),
    Case("7", "nobody, before the function", "00 -> network 80 0B, serial silence", unit=NOBODY),
    Case("7", "nobody, before the length", "03 -> network 83 0B, serial silence", unit=NOBODY),
    Case("TCP 4.4.2", "unit 255", "03 0000 0001 -> network 83 0B, serial silence", unit=255),
    Case("SL 2.2", "unit 248", "03 0000 0001 -> network 83 0B, serial silence", unit=248),
    # Broadcasts
    Case(
        "SL 2.1",
        "a broadcast write is carried out, and not answered",
        "06 012C 1111 -> network 86 0B, serial silence",
        "@1 03 012C 0001 -> network 03 02 0000, serial 03 02 1111",
        "@1 06 012C 0000 -> 06 012C 0000",
        unit=BROADCAST,
    ),
    Case(
        "SL 2.1",
        "a broadcast goes to all that have the address",
        "10 0001 0001 02 2222 -> network 90 0B, serial silence",
        "@17 03 0001 0001 -> network 03 02 0000, serial 03 02 2222",
        "@1 03 0001 0001 -> network 03 02 1001, serial 03 02 2222",
        "@17 06 0001 0000 -> 06 0001 0000",
        "@1 06 0001 1001 -> 06 0001 1001",
        unit=BROADCAST,
    ),
    Case(
        "SL 2.1",
        "a broadcast is counted as a message without response",
        "@1 08 000A 0000 -> 08 000A 0000",
        "06 0190 0000 -> network 86 0B, serial silence",
        "@1 08 000F 0000 -> network 08 000F 0000, serial 08 000F 0001",
        unit=BROADCAST,
    ),
    Case("SL 2.1", "a broadcast read", "03 0000 0001 -> network 83 0B, serial silence", unit=0),
    Case("SL 2.1", "a broadcast restart", "08 0001 0000 -> network 88 0B, serial silence", unit=0),
    Case("SL 2.1", "an unknown function", "41 -> network C1 0B, serial silence", unit=0),
    # A request inside another one
    Case(
        "4.1",
        "a write behind a read is not carried out",
        "03 0000 0001 06 012D 5555 -> 83 03",
        "03 012D 0001 -> 03 02 0000",
    ),
    Case(
        "4.1",
        "a write behind a write is not carried out, nor is the first",
        "06 012D 5555 06 012D 6666 -> 86 03",
        "03 012D 0001 -> 03 02 0000",
    ),
    Case(
        "4.1",
        "a write within the data of another",
        "10 0190 0003 06 0610 012D 6666 -> 10 0190 0003",
        "03 012D 0001 -> 03 02 0000",
        "10 0190 0003 06 0000 0000 0000 -> 10 0190 0003",
        unit=FULL,
    ),
    Case(
        "4.1",
        "a write behind query data is data",
        "08 0000 06 012D 5555 00 -> 08 0000 06 012D 5555 00",
        "03 012D 0001 -> 03 02 0000",
    ),
    Case("4.1", "253 bytes, the most", f"18 {ALL_FF} -> 98 03", unit=NUMBERED),
]
