"""Functions 22, 23 and 24 (sections 6.16 to 6.18)."""

from conformance.case import Case
from conformance.device import EMPTY, EXAMPLES, FULL, NUMBERED, words

CASES = [
    # Mask Write Register: (value AND and_mask) OR (or_mask AND NOT and_mask); address 02
    Case(
        "6.16",
        "the example",
        "16 0028 00F2 0025 -> 16 0028 00F2 0025",
        "03 0028 0001 -> 03 02 0017",
        "06 0028 0012 -> 06 0028 0012",
        unit=EXAMPLES,
    ),
    Case(
        "6.16",
        "an OR mask of 0 gives value AND mask",
        "06 012C FFFF -> 06 012C FFFF",
        "16 012C 0F0F 0000 -> 16 012C 0F0F 0000",
        "03 012C 0001 -> 03 02 0F0F",
        "06 012C 0000 -> 06 012C 0000",
    ),
    Case(
        "6.16",
        "an AND mask of 0 gives the OR mask",
        "16 012C 0000 1234 -> 16 012C 0000 1234",
        "03 012C 0001 -> 03 02 1234",
        "06 012C 0000 -> 06 012C 0000",
    ),
    Case(
        "6.16",
        "bits of both masks are kept",
        "06 012C 00F0 -> 06 012C 00F0",
        "16 012C FFFF FFFF -> 16 012C FFFF FFFF",
        "03 012C 0001 -> 03 02 00F0",
        "06 012C 0000 -> 06 012C 0000",
    ),
    Case("6.16", "the last address", "16 FFFF FFFF 0000 -> 16 FFFF FFFF 0000"),
    Case("6.16", "an address that is not there", "16 F000 0000 0000 -> 96 02"),
    Case("6.16", "a station without registers", "16 0000 0000 0000 -> 96 02", unit=EMPTY),
    Case("7", "too short by a byte", "16 012C 0000 12 -> 96 03", "03 012C 0001 -> 03 02 0000"),
    Case("7", "too long by a byte", "16 012C 0000 1234 00 -> 96 03", "03 012C 0001 -> 03 02 0000"),
    # Read/Write Multiple Registers: read 1 to 0x7D, write 1 to 0x79, byte count, both addresses
    Case(
        "6.17",
        "the example",
        "17 0003 0006 000E 0003 06 00FF 00FF 00FF -> 17 0C 00FE 0ACD 0001 0003 000D 00FF",
        "03 000E 0003 -> 03 06 00FF 00FF 00FF",
        "10 000E 0003 06 0000 0000 0000 -> 10 000E 0003",
        unit=EXAMPLES,
    ),
    Case(
        "6.17",
        "the write comes before the read",
        "17 012C 0002 012D 0001 02 BEEF -> 17 04 0000 BEEF",
        "06 012D 0000 -> 06 012D 0000",
    ),
    Case(
        "6.17",
        "125 to read and 121 to write, the most",
        f"17 0000 007D 012C 0079 F2 {words(0x7000, 121)} -> 17 FA {words(0x1000, 125)}",
        f"03 012C 007D -> 03 FA {words(0x7000, 121)} {words(0, 1) * 4}",
        f"10 012C 0079 F2 {'0000' * 121} -> 10 012C 0079",
    ),
    Case("6.17", "nothing to read", "17 0000 0000 012C 0001 02 0001 -> 97 03"),
    Case("6.17", "126 to read", "17 0000 007E 012C 0001 02 0001 -> 97 03"),
    Case("6.17", "nothing to write", "17 0000 0001 012C 0000 00 -> 97 03"),
    Case("6.17", "122 to write", f"17 0000 0001 012C 007A F4 {'11' * 243} -> 97 03"),
    Case("6.17", "byte count too small", "17 0000 0001 012C 0002 02 0001 -> 97 03"),
    Case("6.17", "byte count too large", "17 0000 0001 012C 0001 04 0001 0002 -> 97 03"),
    Case("6.17", "byte count is checked before addresses", "17 F000 0001 F000 0001 01 01 -> 97 03"),
    Case(
        "6.17",
        "an address to read is not there, and nothing is written",
        "17 F000 0001 012C 0001 02 BEEF -> 97 02",
        "03 012C 0001 -> 03 02 0000",
    ),
    Case(
        "6.17",
        "an address to write is not there",
        "17 0000 0001 0257 0002 04 BEEF BEEF -> 97 02",
        "03 0257 0001 -> 03 02 0000",
    ),
    Case("6.17", "neither address is there", "17 F000 0001 F000 0001 02 0001 -> 97 02"),
    Case(
        "7",
        "too short by a byte",
        "17 0000 0001 012C 0001 02 BE -> 97 03",
        "03 012C 0001 -> 03 02 0000",
    ),
    Case(
        "7",
        "too long by a byte",
        "17 0000 0001 012C 0001 02 BEEF 00 -> 97 03",
        "03 012C 0001 -> 03 02 0000",
    ),
    Case("7", "no byte count", "17 0000 0001 012C 0001 -> 97 03"),
    # Read FIFO Queue: the byte count has two bytes and includes the FIFO count, address 02
    Case("6.18", "the example", "18 04DE -> 18 0006 0002 01B8 1284", unit=EXAMPLES),
    Case(
        "6.18",
        "reading leaves the queue as it is",
        "18 04DE -> 18 0006 0002 01B8 1284",
        "18 04DE -> 18 0006 0002 01B8 1284",
        unit=EXAMPLES,
    ),
    Case("6.18", "an empty queue", "18 0014 -> 18 0002 0000", unit=NUMBERED),
    Case(
        "6.18", "31 registers, the most", f"18 001E -> 18 0040 001F {words(0, 31)}", unit=NUMBERED
    ),
    Case("6.18", "a pointer beside a register", "18 000A -> 18 0004 0001 BBBB", unit=NUMBERED),
    Case("6.18", "the last pointer", "18 FFFF -> 18 0004 0001 0001", unit=NUMBERED),
    Case("6.18", "a register is no queue", "18 0000 -> 98 02", unit=FULL),
    Case("6.18", "a value of a queue is no pointer", "18 001F -> 98 02", unit=NUMBERED),
    Case("6.18", "a station without queues", "18 0000 -> 98 02", unit=EMPTY),
    Case("7", "too short by a byte", "18 04 -> 98 03", unit=EXAMPLES),
    Case("7", "too long by a byte", "18 04DE 00 -> 98 03", unit=EXAMPLES),
]
