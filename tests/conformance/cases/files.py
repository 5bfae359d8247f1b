"""Functions 20 and 21 (sections 6.14, 6.15): byte count 03, then all about the groups 02.

A group of a request: reference type 06, file number, record number, record length.
"""

from conformance.case import Case
from conformance.device import EMPTY, EXAMPLES, FULL, NUMBERED, words

GROUP = "06 0001 0000 0001"
PART = "03 06 3000"

CASES = [
    # Read File Record: byte count 0x07 to 0xF5, a multiple of 7
    Case(
        "6.14",
        "the example, of two files",
        "14 0E 06 0004 0001 0002 06 0003 0009 0002 -> 14 0C 05 06 0DFE 0020 05 06 33CD 0040",
        unit=EXAMPLES,
    ),
    Case("6.14", "one record", f"14 07 {GROUP} -> 14 04 {PART}", unit=NUMBERED),
    Case(
        "6.14",
        "the same group twice",
        f"14 0E {GROUP} {GROUP} -> 14 08 {PART} {PART}",
        unit=NUMBERED,
    ),
    Case(
        "6.14",
        "35 groups, the most",
        f"14 F5 {GROUP * 35} -> 14 8C {PART * 35}",
        unit=NUMBERED,
    ),
    Case(
        "6.14",
        "124 records, the most that fit",
        f"14 07 06 0001 0000 007C -> 14 FA F9 06 {words(0x3000, 124)}",
        unit=NUMBERED,
    ),
    Case("6.14", "125 records do not fit", "14 07 06 0001 0000 007D -> 94 03", unit=NUMBERED),
    Case(
        "6.14",
        "groups that do not fit together",
        "14 0E 06 0001 0000 003F 06 0001 0000 003E -> 94 03",
        unit=NUMBERED,
    ),
    Case(
        "6.14",
        "the last record there can be",
        "14 07 06 0009 270F 0001 -> 14 04 03 06 0000",
        unit=2,
    ),
    Case(
        "6.14", "the last file there can be", "14 07 06 FFFF 0000 0001 -> 14 04 03 06 F00D", unit=2
    ),
    Case("6.14", "byte count 0", "14 00 -> 94 03", unit=NUMBERED),
    Case("6.14", "byte count below 7", "14 06 06 0001 0000 00 -> 94 03", unit=NUMBERED),
    Case("6.14", "byte count no multiple of 7", f"14 08 {GROUP} 06 -> 94 03", unit=NUMBERED),
    Case("6.14", "byte count over F5", f"14 FB {'06' * 251} -> 94 03", unit=NUMBERED),
    Case("6.14", "byte count is checked before the file", "14 06 06 0005 0000 00 -> 94 03", unit=2),
    Case("6.14", "record length 0", "14 07 06 0001 0000 0000 -> 94 03", unit=NUMBERED),
    Case("6.14", "reference type 5", "14 07 05 0001 0000 0001 -> 94 02", unit=NUMBERED),
    Case(
        "6.14", "reference type of the second", f"14 0E {GROUP} 00 0001 0000 0001 -> 94 02", unit=2
    ),
    Case("6.14", "file number 0", "14 07 06 0000 0000 0001 -> 94 02", unit=NUMBERED),
    Case("6.14", "a file that is not there", "14 07 06 0005 0000 0001 -> 94 02", unit=NUMBERED),
    Case(
        "6.14", "the second file is not there", f"14 0E {GROUP} 06 0005 0000 0001 -> 94 02", unit=2
    ),
    Case("6.14", "record number 2710", "14 07 06 0009 2710 0001 -> 94 02", unit=NUMBERED),
    Case("6.14", "records beyond 270F", "14 07 06 0009 270F 0002 -> 94 02", unit=NUMBERED),
    Case("6.14", "a record that is not there", "14 07 06 0001 007D 0001 -> 94 02", unit=NUMBERED),
    Case("6.14", "records beyond the end", "14 07 06 0001 007C 0002 -> 94 02", unit=NUMBERED),
    Case("6.14", "an empty file", "14 07 06 0002 0000 0001 -> 94 02", unit=NUMBERED),
    Case("6.14", "a station without files", f"14 07 {GROUP} -> 94 02", unit=EMPTY),
    Case("6.14", "a holding register is no record", f"14 07 {GROUP} -> 94 02", unit=FULL),
    Case("7", "fewer bytes than the byte count", "14 07 06 0001 0000 00 -> 94 03", unit=NUMBERED),
    Case("7", "more bytes than the byte count", f"14 07 {GROUP} 00 -> 94 03", unit=NUMBERED),
    Case("7", "no byte count", "14 -> 94 03", unit=NUMBERED),
    # Write File Record: byte count 0x09 to 0xFB; the answer is the request
    Case(
        "6.15",
        "the example",
        "15 0D 06 0004 0007 0003 06AF 04BE 100D -> 15 0D 06 0004 0007 0003 06AF 04BE 100D",
        "14 07 06 0004 0006 0004 -> 14 0A 09 06 0000 06AF 04BE 100D",
        "15 0D 06 0004 0007 0003 0000 0000 0000 -> 15 0D 06 0004 0007 0003 0000 0000 0000",
        unit=EXAMPLES,
    ),
    Case(
        "6.15",
        "two groups",
        "15 12 06 000A 0000 0001 1111 06 0009 0005 0001 2222"
        "-> 15 12 06 000A 0000 0001 1111 06 0009 0005 0001 2222",
        "14 0E 06 000A 0000 0001 06 0009 0005 0001 -> 14 08 03 06 1111 03 06 2222",
        "15 12 06 000A 0000 0001 0000 06 0009 0005 0001 0000"
        "-> 15 12 06 000A 0000 0001 0000 06 0009 0005 0001 0000",
        unit=NUMBERED,
    ),
    Case(
        "6.15",
        "the second group of the same record holds",
        "15 12 06 000A 0000 0001 1111 06 000A 0000 0001 0000"
        "-> 15 12 06 000A 0000 0001 1111 06 000A 0000 0001 0000",
        "14 07 06 000A 0000 0001 -> 14 04 03 06 0000",
        unit=NUMBERED,
    ),
    Case(
        "6.15",
        "122 records, the most",
        f"15 FB 06 000A 0000 007A {words(0x6000, 122)}"
        f"-> 15 FB 06 000A 0000 007A {words(0x6000, 122)}",
        f"14 07 06 000A 0000 007C -> 14 FA F9 06 {words(0x6000, 122)} 0000 0000",
        f"15 FB 06 000A 0000 007A {'0000' * 122} -> 15 FB 06 000A 0000 007A {'0000' * 122}",
        unit=NUMBERED,
    ),
    Case(
        "6.15",
        "the last record there can be",
        "15 09 06 0009 270F 0001 0000 -> 15 09 06 0009 270F 0001 0000",
        unit=NUMBERED,
    ),
    Case("6.15", "byte count 0", "15 00 -> 95 03", unit=NUMBERED),
    Case("6.15", "byte count below 9", "15 07 06 000A 0000 0000 -> 95 03", unit=NUMBERED),
    Case("6.15", "record length 0", "15 09 06 000A 0000 0000 0001 -> 95 03", unit=NUMBERED),
    Case("6.15", "record length too large", "15 09 06 000A 0000 0002 0001 -> 95 03", unit=NUMBERED),
    Case(
        "6.15", "half a group behind", "15 0B 06 000A 0000 0001 1111 0600 -> 95 03", unit=NUMBERED
    ),
    Case("6.15", "reference type 7", "15 09 07 000A 0000 0001 1111 -> 95 02", unit=NUMBERED),
    Case("6.15", "file number 0", "15 09 06 0000 0000 0001 1111 -> 95 02", unit=NUMBERED),
    Case(
        "6.15", "a file that is not there", "15 09 06 0005 0000 0001 1111 -> 95 02", unit=NUMBERED
    ),
    Case(
        "6.15", "a record that is not there", "15 09 06 000A 007D 0001 1111 -> 95 02", unit=NUMBERED
    ),
    Case(
        "6.15", "a file does not grow", "15 0B 06 000A 007C 0002 1111 2222 -> 95 02", unit=NUMBERED
    ),
    Case(
        "6.15",
        "the second group is wrong, and the first has changed nothing",
        "15 12 06 000A 0000 0001 1111 06 0005 0000 0001 2222 -> 95 02",
        "14 07 06 000A 0000 0001 -> 14 04 03 06 0000",
        unit=NUMBERED,
    ),
    Case(
        "7", "fewer bytes than the byte count", "15 09 06 000A 0000 0001 11 -> 95 03", unit=NUMBERED
    ),
    Case(
        "7",
        "more bytes than the byte count",
        "15 09 06 000A 0000 0001 1111 00 -> 95 03",
        "14 07 06 000A 0000 0001 -> 14 04 03 06 0000",
        unit=NUMBERED,
    ),
]
