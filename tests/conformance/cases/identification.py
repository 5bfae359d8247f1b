"""Function 43 (sections 6.19 to 6.21): MEI type 01, read device id code 03, object 02.

A response: code, conformity level, more follows, next object, number of objects; then each object
with id, length and text. The conformity level says which category there is, and with 0x80 that
single objects can be asked for.
"""

from conformance.case import Case
from conformance.device import EMPTY, EXAMPLES, FULL, NUMBERED


def text(object_id: int, value: str) -> str:
    return f"{object_id:02X} {len(value):02X} {value.encode().hex()} "


EXAMPLE = text(0, "Company identification") + text(1, "Product code XX") + text(2, "V2.11")
BASIC = text(0, "V") + text(1, "P") + text(2, "1")
REGULAR = BASIC + text(3, "U") + text(6, "A")
EXTENDED = REGULAR + text(0x80, "x") + text(0xFF, "")
LONG_0, LONG_1, LONG_2 = text(0, "v" * 100), text(1, "p" * 100), text(2, "r" * 42)
LONG_3, LONG_5, LONG_80 = text(3, "u" * 43), text(5, "m" * 244), text(0x80, "x")

CASES = [
    # Stream access
    Case("6.21", "the example", f"2B 0E 01 00 -> 2B 0E 01 81 00 00 03 {EXAMPLE}", unit=EXAMPLES),
    Case("6.21", "basic", f"2B 0E 01 00 -> 2B 0E 01 83 00 00 03 {BASIC}"),
    Case("6.21", "regular includes basic", f"2B 0E 02 00 -> 2B 0E 02 83 00 00 05 {REGULAR}"),
    Case("6.21", "extended includes all", f"2B 0E 03 00 -> 2B 0E 03 83 00 00 07 {EXTENDED}"),
    Case(
        "6.21",
        "from an object on",
        f"2B 0E 02 02 -> 2B 0E 02 83 00 00 03 {text(2, '1') + text(3, 'U') + text(6, 'A')}",
    ),
    Case(
        "6.21",
        "an object of a higher category starts at the beginning",
        f"2B 0E 01 03 -> 2B 0E 01 83 00 00 03 {BASIC}",
    ),
    Case(
        "6.21",
        "so does one that is not there",
        f"2B 0E 02 04 -> 2B 0E 02 83 00 00 05 {REGULAR}",
    ),
    Case("6.21", "the last one", f"2B 0E 03 FF -> 2B 0E 03 83 00 00 01 {text(0xFF, '')}"),
    Case(
        "6.21",
        "more than the device has, it answers with what it has",
        f"2B 0E 03 00 -> 2B 0E 03 81 00 00 03 {EXAMPLE}",
        unit=EXAMPLES,
    ),
    Case(
        "6.21",
        "more follows, until nothing does",
        f"2B 0E 03 00 -> 2B 0E 03 83 FF 02 02 {LONG_0 + LONG_1}",
        f"2B 0E 03 02 -> 2B 0E 03 83 FF 05 02 {LONG_2 + LONG_3}",
        f"2B 0E 03 05 -> 2B 0E 03 83 FF 80 01 {LONG_5}",
        f"2B 0E 03 80 -> 2B 0E 03 83 00 00 01 {LONG_80}",
        unit=NUMBERED,
    ),
    Case(
        "6.21",
        "more follows within the basic ones",
        f"2B 0E 01 00 -> 2B 0E 01 83 FF 02 02 {LONG_0 + LONG_1}",
        f"2B 0E 01 02 -> 2B 0E 01 83 00 00 01 {LONG_2}",
        unit=NUMBERED,
    ),
    Case(
        "6.21",
        "what Aoba says where a document says nothing",
        f"2B 0E 01 00 -> 2B 0E 01 81 00 00 03 {text(0, 'Aoba') + text(1, 'aoba') + text(2, '0')}",
        unit=EMPTY,
    ),
    # Individual access
    Case("6.21", "one object", f"2B 0E 04 01 -> 2B 0E 04 83 00 00 01 {text(1, 'P')}", unit=FULL),
    Case("6.21", "a regular one", f"2B 0E 04 06 -> 2B 0E 04 83 00 00 01 {text(6, 'A')}"),
    Case("6.21", "an extended one", f"2B 0E 04 80 -> 2B 0E 04 83 00 00 01 {text(0x80, 'x')}"),
    Case("6.21", "244 bytes, the most", f"2B 0E 04 05 -> 2B 0E 04 83 00 00 01 {LONG_5}", unit=2),
    Case("6.21", "an object that is not there", "2B 0E 04 04 -> AB 02"),
    Case("6.21", "a reserved object", "2B 0E 04 07 -> AB 02"),
    Case("6.21", "an extended one that is not there", "2B 0E 04 80 -> AB 02", unit=EXAMPLES),
    # Refused
    Case("6.21", "read device id code 0", "2B 0E 00 00 -> AB 03"),
    Case("6.21", "read device id code 5", "2B 0E 05 00 -> AB 03"),
    Case("6.21", "the code is checked before the object", "2B 0E 05 07 -> AB 03"),
    Case("6.20", "MEI type 13, CANopen", "2B 0D 00 00 -> AB 01"),
    Case("6.19", "MEI type 0", "2B 00 -> AB 01"),
    Case("6.19", "MEI type is checked before the code", "2B FF 05 00 -> AB 01"),
    Case("7", "no MEI type", "2B -> AB 03"),
    Case("7", "too short by a byte", "2B 0E 01 -> AB 03"),
    Case("7", "too long by a byte", "2B 0E 01 00 00 -> AB 03"),
]
