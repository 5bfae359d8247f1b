"""Functions 7, 8, 11, 12 and 17 (sections 6.7 to 6.10, 6.13).

Counters belong to the link, so each case that looks at one clears them first. The message that
clears is over by then; the one that asks for a counter is counted in it.
"""

from conformance.case import Case
from conformance.device import EMPTY, EXAMPLES, NUMBERED

CLEAR = "08 000A 0000 -> 08 000A 0000"
RESTART_AND_CLEAR_LOG = "08 0001 FF00 -> 08 0001 FF00"
LISTEN = "08 0004 0000 -> silence"
WAKE_UP = "08 0001 0000 -> silence"

CASES = [
    # Read Exception Status: coils 0 to 7, which is up to the device
    Case("6.7", "the example", "07 -> 07 6D", unit=EXAMPLES),
    Case("6.7", "coils 0 to 7", "07 -> 07 49"),
    Case("6.7", "a station without coils", "07 -> 07 00", unit=EMPTY),
    Case("7", "too long by a byte", "07 00 -> 87 03"),
    # Diagnostics: sub-function 01, then the data field 03
    Case("6.8.1", "query data comes back", "08 0000 A537 -> 08 0000 A537"),
    Case("6.8.1", "more than one word", "08 0000 0001 0002 0003 -> 08 0000 0001 0002 0003"),
    Case("6.8.1", "125 words, the most", f"08 0000 {'A537' * 125} -> 08 0000 {'A537' * 125}"),
    Case("6.8.1", "half a word", "08 0000 A5 -> 88 03"),
    Case("6.8.1", "no query data", "08 0000 -> 88 03"),
    Case("6.8.1", "the diagnostic register", "08 0002 0000 -> 08 0002 0000"),
    Case("6.8.1", "the register, with data", "08 0002 0001 -> 88 03"),
    Case("6.8.1", "the register, without data", "08 0002 -> 88 03"),
    Case("6.8.1", "restart", "08 0001 0000 -> 08 0001 0000"),
    Case("6.8.1", "restart and clear the log", RESTART_AND_CLEAR_LOG),
    Case("6.8.1", "restart with other data", "08 0001 0001 -> 88 03"),
    Case("6.8.1", "restart with too much data", "08 0001 0000 0000 -> 88 03"),
    Case("6.8.1", "listen only with data", "08 0004 0001 -> 88 03"),
    Case("6.8.1", "clear counters", CLEAR),
    Case("6.8.1", "clear counters with data", "08 000A 0001 -> 88 03"),
    Case("6.8.1", "messages on the bus", CLEAR, "08 000B 0000 -> 08 000B 0001"),
    Case(
        "6.8.1",
        "refused messages are messages",
        CLEAR,
        "03 0000 0000 -> 83 03",
        "41 -> C1 01",
        "08 000B 0000 -> 08 000B 0003",
    ),
    Case("6.8.1", "communication errors", CLEAR, "08 000C 0000 -> 08 000C 0000"),
    Case("6.8.1", "no exception yet", CLEAR, "08 000D 0000 -> 08 000D 0000"),
    Case(
        "6.8.1",
        "exceptions that were sent",
        CLEAR,
        "03 0000 0000 -> 83 03",
        "03 0000 0001 -> 03 02 1000",
        "41 -> C1 01",
        "08 000D 0000 -> 08 000D 0002",
    ),
    Case("6.8.1", "messages for this device", CLEAR, "08 000E 0000 -> 08 000E 0001"),
    Case("6.8.1", "messages without response", CLEAR, "08 000F 0000 -> 08 000F 0000"),
    Case(
        "6.8.1",
        "a restart clears the counters",
        "41 -> C1 01",
        "08 0001 0000 -> 08 0001 0000",
        "08 000D 0000 -> 08 000D 0000",
        "08 000B 0000 -> 08 000B 0002",
    ),
    Case("6.8.1", "NAKs", "08 0010 0000 -> 08 0010 0000"),
    Case("6.8.1", "busy", "08 0011 0000 -> 08 0011 0000"),
    Case("6.8.1", "character overruns", "08 0012 0000 -> 08 0012 0000"),
    Case("6.8.1", "clear the overrun counter", "08 0014 0000 -> 08 0014 0000"),
    Case("6.8.1", "a counter with data", "08 000B 0001 -> 88 03"),
    Case("6.8", "sub-function 3 is not supported", "08 0003 0A00 -> 88 01"),
    Case("6.8", "sub-function 5 is reserved", "08 0005 0000 -> 88 01"),
    Case("6.8", "sub-function 19 is reserved", "08 0013 0000 -> 88 01"),
    Case("6.8", "sub-function 21 is reserved", "08 0015 0000 -> 88 01"),
    Case("6.8", "sub-function 256 is not sub-function 0", "08 0100 A537 -> 88 01"),
    Case("6.8", "sub-function is checked before the data", "08 0003 -> 88 01"),
    Case("7", "half a sub-function", "08 00 -> 88 03"),
    Case("7", "no sub-function", "08 -> 88 03"),
    # Listen only mode: nothing is answered until the restart, and not that either
    Case(
        "6.8.1",
        "listen only, until the restart",
        LISTEN,
        "03 0000 0001 -> silence",
        "41 -> silence",
        "08 000B 0000 -> silence",
        WAKE_UP,
        "03 0000 0001 -> 03 02 1000",
    ),
    Case(
        "6.8.1",
        "a listener does not write",
        LISTEN,
        "06 012C 1111 -> silence",
        "10 012C 0001 02 2222 -> silence",
        WAKE_UP,
        "03 012C 0001 -> 03 02 0000",
    ),
    Case(
        "6.8.1",
        "a faulty restart does not count",
        LISTEN,
        "08 0001 1234 -> silence",
        "03 0000 0001 -> silence",
        "08 0001 FF00 -> silence",
        "03 0000 0001 -> 03 02 1000",
    ),
    Case(
        "6.8.1",
        "listening twice is listening",
        LISTEN,
        LISTEN,
        WAKE_UP,
        "03 0000 0001 -> 03 02 1000",
    ),
    # Get Comm Event Counter: status, then requests that were carried out
    Case("6.9", "nothing yet", CLEAR, "0B -> network 8B 01, serial 0B 0000 0000"),
    Case(
        "6.9",
        "what was carried out, without exceptions and without itself",
        CLEAR,
        "03 0000 0001 -> 03 02 1000",
        "03 0000 0000 -> 83 03",
        "0B -> network 8B 01, serial 0B 0000 0001",
        "0B -> network 8B 01, serial 0B 0000 0001",
    ),
    Case(
        "6.9",
        "a restart clears it",
        "03 0000 0001 -> 03 02 1000",
        "08 0001 0000 -> 08 0001 0000",
        "0B -> network 8B 01, serial 0B 0000 0000",
    ),
    Case("7", "too long by a byte", "0B 00 -> network 8B 01, serial 8B 03"),
    # Get Comm Event Log: byte count, status, event count, message count, events, the newest first
    Case(
        "6.10",
        "the restart before it, and its own arrival",
        RESTART_AND_CLEAR_LOG,
        "0C -> network 8C 01, serial 0C 08 0000 0000 0001 80 00",
    ),
    Case(
        "6.10",
        "a read, and a read that is refused",
        RESTART_AND_CLEAR_LOG,
        "03 0000 0001 -> 03 02 1000",
        "03 0000 0000 -> 83 03",
        "0C -> network 8C 01, serial 0C 0C 0000 0001 0003 80 41 80 40 80 00",
    ),
    Case(
        "6.10",
        "listen only mode, and a restart that keeps the log",
        RESTART_AND_CLEAR_LOG,
        LISTEN,
        "03 0000 0001 -> silence",
        WAKE_UP,
        "0C -> network 8C 01, serial 0C 10 0000 0000 0001 80 00 60 A0 60 A0 60 04 80 00",
    ),
    Case(
        "6.10",
        "64 events, the most",
        RESTART_AND_CLEAR_LOG,
        *["08 0000 0000 -> 08 0000 0000"] * 40,
        f"0C -> network 8C 01, serial 0C 46 0000 0028 0029 {'80 40' * 32}",
    ),
    # Not 00: at station 1, the CRC of this request is 0025, and it would end before its own.
    Case("7", "too long by a byte", "0C 01 -> network 8C 01, serial 8C 03"),
    # Report Server ID: byte count, unit id, run indicator, names
    Case(
        "6.13",
        "who it is, and that it runs",
        f"11 -> 11 2E 11 FF {b'Company identification Product code XX V2.11'.hex()}",
        unit=EXAMPLES,
    ),
    Case("6.13", "Aoba itself", f"11 -> 11 0D 03 FF {b'Aoba aoba 0'.hex()}", unit=EMPTY),
    Case(
        "6.13",
        "long names",
        f"11 -> 11 F6 02 FF {'76' * 100} 20 {'70' * 100} 20 {'72' * 42}",
        unit=NUMBERED,
    ),
    Case("7", "too long by a byte", "11 00 -> 91 03"),
]
