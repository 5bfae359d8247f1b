"""What a case is: requests to the device, and to each the answer that the specification wants.

A step is `"03 0000 0001 -> 03 02 1000"`: two PDUs in hex, blanks as you like. The answer may be
`silence`, or depend on the link: `network 8B 01, serial 0B 0000 0000`. A step of another unit than
its case's begins with it: `"@17 07 -> 07 6D"`.

Cases are independent: one that changes something puts it back, or nothing else reads it.
"""

from dataclasses import dataclass
from typing import Final

SILENCE: Final = b""


@dataclass(frozen=True)
class Step:
    unit: int
    request: bytes
    network: bytes
    serial: bytes
    """The answers on both kinds of link; SILENCE where nothing is to be answered."""


class Case:
    """`section` is of the Application Protocol, or of SL, Serial Line V1.02, or TCP, V1.0b."""

    def __init__(self, section: str, about: str, *steps: str, unit: int = 1) -> None:
        self.section = section
        self.about = about
        self.unit = unit
        self.steps = [_step(text, unit) for text in steps]

    def __str__(self) -> str:
        """As it shows in the list of tests."""
        return f"{self.steps[0].request[:1].hex()}-{self.section}-{self.about}"


def _step(text: str, unit: int) -> Step:
    if text.startswith("@"):
        its_unit, _, text = text[1:].partition(" ")
        unit = int(its_unit)
    request, answer = text.split("->")
    network = serial = answer.strip()
    if "," in answer:
        network, serial = (part.strip() for part in answer.split(","))
        assert network.startswith("network ")
        assert serial.startswith("serial ")
        network, serial = network.removeprefix("network "), serial.removeprefix("serial ")
    return Step(unit, _pdu(request), _pdu(network), _pdu(serial))


def _pdu(text: str) -> bytes:
    return SILENCE if text == "silence" else bytes.fromhex(text)
