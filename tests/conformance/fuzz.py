"""Frames at random, and whether Aoba does with them what the oracle says: `--help` shows how.

Every request of the cases is a seed. A stream is a few of them, each changed in some way, or two
cases with little changed, and cut into pieces. Out of it has to come, byte for byte, what `oracle`
makes of it, and afterwards registers and files have to be the same on both sides. Thus a frame has
three possible ends: the one right answer, silence, or a closed connection.

What is fed is a target, of `targets`.
"""

import argparse
import random
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from aoba.document.decode import decode
from aoba.links.session import Session
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from builders import asked, raw
from conformance.cases import CASES
from conformance.device import at, fifo
from conformance.oracle import Device
from conformance.targets import TARGETS, UNIT, Target

STATION: Final = {
    "id": UNIT,
    "mode": "slave",
    "map": {
        "coils": [at(0, [1, 0, 0, 1, 1] * 6), at(172, [1]), at(65530, [1] * 6)],
        "discrete_inputs": [at(0, [0, 1, 1] * 10), at(196, [1] * 22)],
        "holding": [
            at(0, list(range(24))),
            at(40, [0x12]),
            at(300, [7] * 8),
            at(65533, [1, 2, 3]),
            fifo(0x14, []),
            fifo(0x04DE, [0x01B8, 0x1284]),
        ],
        "input": [at(0, list(range(100, 130)))],
    },
    "files": {
        "1": {"records": [0x3000, 0x3001, 0x3002]},
        "4": {"records": list(range(12))},
        "10": {"records": [1] * 8},
        "65535": {"records": [0xF00D]},
    },
    "identity": {
        "vendor_name": "V" * 100,
        "product_code": "P" * 80,
        "revision": "1",
        "vendor_url": "U" * 80,
        "0x80": "x" * 244,
    },
}

SEEDS: Final = sorted({step.request for case in CASES for step in case.steps if step.request})
CASES_OF_SEVERAL: Final = [
    [step.request for step in case.steps] for case in CASES if 1 < len(case.steps) < 20
]
"""Requests that lead somewhere only one after the other."""

SHARE_OF_CASES: Final = 0.1
UNCHANGED: Final = frozenset(SEEDS)
EDGES: Final = (0, 1, 2, 6, 7, 8, 9, 14, 0x7F, 0x80, 0xF5, 0xFB, 0xFE, 0xFF)


class DifferenceError(AssertionError):
    """Aoba and the oracle differ."""


def mutated(pdu: bytes, dice: random.Random) -> bytes:
    """`pdu` with a few bytes changed, added or missing; seldom as it is."""
    data = bytearray(pdu)
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3))):
        place = dice.randrange(len(data) + 1)
        way = dice.randrange(7)
        if way == 0:
            del data[place : place + dice.choice((1, 1, 2, 8))]
        elif way == 1:
            data[place:place] = dice.randbytes(dice.choice((1, 1, 2, 8)))
        elif way == 2:
            data += dice.choice(SEEDS)[: dice.randrange(1, 12)]
        elif place < len(data):
            value = dice.choice(EDGES) if way < 5 else data[place] ^ 1 << dice.randrange(8)
            data[place] = value
    return bytes(data[:253]) or b"\x00"


def values_of(image: Image) -> list[Any]:
    """All that Aoba has, in the form of `values_of_device`."""
    bank = image.stations[UNIT]
    tables = []
    for table in Table:
        width = 1 if table.is_bits else 2
        cells = [
            bank.read(table, span.start, span.stop - span.start)
            for span in bank.tables[table].spans
        ]
        joined = b"".join(cells)
        tables.append(
            [int.from_bytes(joined[i : i + width], "big") for i in range(0, len(joined), width)]
        )
    files = [[n, *struct.unpack(f">{len(f) // 2}H", f)] for n, f in sorted(bank.files.items())]
    return [tables, files]


def values_of_device(device: Device) -> list[Any]:
    tables = [[table[i] for i in sorted(table)] for table in device.tables.values()]
    return [tables, [[number, *records] for number, records in sorted(device.files.items())]]


def streams(target: Target, seed: int) -> Iterator[tuple[int, bytes, random.Random]]:
    """Streams without end: how many frames of each were changed, its bytes, dice to cut it."""
    dice = random.Random(seed)
    while True:
        if dice.random() < SHARE_OF_CASES:
            pdus = [
                mutated(pdu, dice) if dice.random() < 1 / len(case) else pdu
                for case in dice.choices(CASES_OF_SEVERAL, k=2)
                for pdu in case
            ]
        else:
            pdus = [mutated(dice.choice(SEEDS), dice) for _ in range(dice.choice((1, 1, 2, 3, 8)))]
        stream = b"".join(target.frame(pdu, dice) for pdu in pdus)
        for _ in range(dice.choice((1, 1, 1, 3))):  # the same again may be answered from memory
            yield sum(pdu not in UNCHANGED for pdu in pdus), stream, dice


def fed(session: Session, stream: bytes, dice: random.Random) -> bytes:
    """Feed `stream` in pieces, until the session says that it can take no more."""
    out = b""
    while stream and session.error is None:
        size = dice.choice((len(stream), dice.randrange(1, 1 + len(stream))))
        piece, stream = stream[:size], stream[size:]
        out += asked(session, piece)
        while session.more:
            out += session.answers()
    return out


def run(target: Target, seed: int, frames: int | None = None, seconds: float | None = None) -> int:
    """Feed at least `frames` changed frames, or for `seconds`, and return how many it was.

    Raises DifferenceError.
    """
    image, device = Image(), Device(STATION)
    image.apply("fuzz", decode(raw([STATION])).document)
    begun, fed_frames = time.monotonic(), 0
    for count, stream, dice in streams(target, seed):
        session = target.session(image)
        where = f"{target.name}, seed {seed}, after {fed_frames} frames, stream {stream.hex()}"
        try:
            got = fed(session, stream, dice), session.error is not None
        except Exception as error:
            raise DifferenceError(f"{where}: {error!r}") from error
        wanted = target.expected(device, stream)
        if got != wanted:
            raise DifferenceError(f"{where}: expected {_shown(wanted)}, got {_shown(got)}")
        if values_of(image) != values_of_device(device):
            raise DifferenceError(f"{where}: the registers are not what they should be")
        fed_frames += count
        if frames is not None and fed_frames >= frames:
            break
        if seconds is not None and time.monotonic() - begun >= seconds:
            break
    return fed_frames


def _shown(outcome: tuple[bytes, bool]) -> str:
    return f"{outcome[0].hex() or 'nothing'}{', closed' * outcome[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Feed Aoba's sessions with frames at random.")
    parser.add_argument(
        "--seconds", type=float, default=60, help="for each target; 60 if not given"
    )
    parser.add_argument("--seed", type=int, help="to repeat a failure; by chance if not given")
    options = parser.parse_args()
    seed = random.randrange(2**32) if options.seed is None else options.seed
    for target in TARGETS:
        frames = run(target(), seed, seconds=options.seconds)
        print(f"{target.name}: {frames} frames, seed {seed}, no difference")


if __name__ == "__main__":
    main()
