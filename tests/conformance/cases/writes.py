"""Functions 5, 6, 15 and 16 (sections 6.5, 6.6, 6.11, 6.12).

The order is 01; quantity, byte count or value 03; address 02. What is refused has changed nothing.
"""

from conformance.case import Case
from conformance.device import EXAMPLES, words

ON_1968 = "FF" * 246
OFF_1968 = "00" * 246

CASES = [
    # Write Single Coil: FF00 or 0000; figure 15 checks the value before the address
    Case(
        "6.5",
        "the example",
        "05 00AC FF00 -> 05 00AC FF00",
        "01 00AC 0001 -> 01 01 01",
        "05 00AC 0000 -> 05 00AC 0000",
        "01 00AC 0001 -> 01 01 00",
        unit=EXAMPLES,
    ),
    Case(
        "6.5",
        "one coil and no other",
        "05 0BB9 FF00 -> 05 0BB9 FF00",
        "01 0BB8 0003 -> 01 01 02",
        "05 0BB9 0000 -> 05 0BB9 0000",
    ),
    Case("6.5", "the last address", "05 FFFF FF00 -> 05 FFFF FF00"),
    Case("6.5", "value 0001", "05 0BB8 0001 -> 85 03", "01 0BB8 0001 -> 01 01 00"),
    Case("6.5", "value 00FF", "05 0BB8 00FF -> 85 03", "01 0BB8 0001 -> 01 01 00"),
    Case("6.5", "value FF01", "05 0BB8 FF01 -> 85 03", "01 0BB8 0001 -> 01 01 00"),
    Case("6.5", "value FFFF", "05 0BB8 FFFF -> 85 03", "01 0BB8 0001 -> 01 01 00"),
    Case("6.5", "value is checked before the address", "05 F000 1234 -> 85 03"),
    Case("6.5", "an address that is not there", "05 F000 FF00 -> 85 02"),
    Case("6.5", "an input is no coil", "05 00C4 FF00 -> 85 02", unit=EXAMPLES),
    Case("7", "too short by a byte", "05 0BB8 FF -> 85 03", "01 0BB8 0001 -> 01 01 00"),
    Case("7", "too long by a byte", "05 0BB8 FF00 00 -> 85 03", "01 0BB8 0001 -> 01 01 00"),
    # Write Single Register: any value
    Case(
        "6.6",
        "the example",
        "06 0001 0003 -> 06 0001 0003",
        "03 0001 0002 -> 03 04 0003 0000",
        "06 0001 0000 -> 06 0001 0000",
        unit=EXAMPLES,
    ),
    Case(
        "6.6",
        "the largest value",
        "06 012C FFFF -> 06 012C FFFF",
        "03 012C 0002 -> 03 04 FFFF 0000",
        "06 012C 0000 -> 06 012C 0000",
    ),
    Case("6.6", "the last address", "06 FFFF FFFF -> 06 FFFF FFFF"),
    Case("6.6", "an address that is not there", "06 F000 0001 -> 86 02"),
    Case("6.6", "a queue is no register", "06 0014 0001 -> 86 02", unit=2),
    Case("7", "too short by a byte", "06 012C 00 -> 86 03"),
    Case("7", "too long by a byte", "06 012C 0001 00 -> 86 03", "03 012C 0001 -> 03 02 0000"),
    # Write Multiple Coils: quantity 1 to 0x7B0, byte count = quantity / 8, rounded up
    Case(
        "6.11",
        "the example",
        "0F 0013 000A 02 CD01 -> 0F 0013 000A",
        "01 0013 000A -> 01 02 CD01",
        "0F 0013 000A 02 CD03 -> 0F 0013 000A",
        unit=EXAMPLES,
    ),
    Case(
        "6.11",
        "1968 coils, the most",
        f"0F 0BB8 07B0 F6 {ON_1968} -> 0F 0BB8 07B0",
        f"01 0BB8 07B0 -> 01 F6 {ON_1968}",
        f"0F 0BB8 07B0 F6 {OFF_1968} -> 0F 0BB8 07B0",
        f"01 0BB8 07B0 -> 01 F6 {OFF_1968}",
    ),
    Case(
        "6.11",
        "padding counts for nothing",
        "0F 0BB8 0003 01 FA -> 0F 0BB8 0003",
        "01 0BB8 0008 -> 01 01 02",
        "0F 0BB8 0003 01 00 -> 0F 0BB8 0003",
    ),
    Case("6.11", "quantity 0", "0F 0BB8 0000 00 -> 8F 03"),
    Case("6.11", "quantity 0 with a byte", "0F 0BB8 0000 01 FF -> 8F 03"),
    Case("6.11", "quantity 1969", f"0F 0BB8 07B1 F7 {'FF' * 247} -> 8F 03"),
    Case("6.11", "byte count too small", "0F 0BB8 0009 01 FF -> 8F 03"),
    Case("6.11", "byte count too large", "0F 0BB8 0008 02 FFFF -> 8F 03"),
    Case("6.11", "byte count 0", "0F 0BB8 0008 00 -> 8F 03"),
    Case("6.11", "byte count is checked before the address", "0F F000 0008 02 FFFF -> 8F 03"),
    Case("6.11", "an address that is not there", "0F F000 0008 01 FF -> 8F 02"),
    Case(
        "6.11",
        "the first is there, the last is not",
        "0F 1367 0002 01 03 -> 8F 02",
        "01 1367 0001 -> 01 01 00",
    ),
    Case("6.11", "beyond the last address", "0F FFFF 0002 01 03 -> 8F 02"),
    Case("7", "fewer bytes than the byte count", "0F 0BB8 0010 02 FF -> 8F 03"),
    Case("7", "more bytes than the byte count", "0F 0BB8 0008 01 FFFF -> 8F 03"),
    Case("7", "no byte count", "0F 0BB8 0008 -> 8F 03", "01 0BB8 0010 -> 01 02 0000"),
    # Write Multiple Registers: quantity 1 to 0x7B, byte count = 2 * quantity
    Case(
        "6.12",
        "the example",
        "10 0001 0002 04 000A 0102 -> 10 0001 0002",
        "03 0001 0002 -> 03 04 000A 0102",
        "10 0001 0002 04 0000 0000 -> 10 0001 0002",
        unit=EXAMPLES,
    ),
    Case(
        "6.12",
        "123 registers, the most",
        f"10 012C 007B F6 {words(0x5000, 123)} -> 10 012C 007B",
        f"03 012C 007D -> 03 FA {words(0x5000, 123)} 0000 0000",
        f"10 012C 007B F6 {words(0, 1) * 123} -> 10 012C 007B",
    ),
    Case(
        "6.12",
        "across ranges that touch",
        "10 0225 0002 04 1111 2222 -> 10 0225 0002",
        "03 0225 0002 -> 03 04 1111 2222",
        "10 0225 0002 04 0000 0000 -> 10 0225 0002",
    ),
    Case("6.12", "quantity 0", "10 012C 0000 00 -> 90 03"),
    Case("6.12", "quantity 124", f"10 012C 007C F8 {'00' * 247} -> 90 03"),
    Case("6.12", "byte count too small", "10 012C 0002 02 0001 -> 90 03"),
    Case("6.12", "byte count odd", "10 012C 0001 03 000100 -> 90 03"),
    Case("6.12", "byte count is checked before the address", "10 F000 0001 00 -> 90 03"),
    Case("6.12", "an address that is not there", "10 F000 0001 02 0001 -> 90 02"),
    Case(
        "6.12",
        "the first is there, the last is not",
        "10 0257 0002 04 0001 0002 -> 90 02",
        "03 0257 0001 -> 03 02 0000",
    ),
    Case("6.12", "beyond the last address", "10 FFFF 0002 04 0001 0002 -> 90 02"),
    Case("7", "half a register is missing", "10 012C 0001 02 00 -> 90 03"),
    Case("7", "a byte too many", "10 012C 0001 02 0001 00 -> 90 03"),
    Case("7", "no byte count", "10 012C 0001 -> 90 03", "03 012C 0001 -> 03 02 0000"),
]
