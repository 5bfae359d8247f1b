"""Values for unit and property tests: documents as data, and bytes in every split."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from aoba.document.decode import decode
from aoba.document.schema import Document
from aoba.links.session import Session
from aoba.modbus.forwarding import WriteSlice
from aoba.modbus.peer import Peer

CLIENT = Peer("127.0.0.1 port 49152")


def a_range(start: int = 0, values: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    """A range from `start` on; `length` only where it is given in `more`."""
    given = {} if values is None else {"initial_values": values}
    return {"address_start": start, **given, **more}


def a_station(
    unit: int = 1, mode: str = "master", **tables: list[dict[str, Any]]
) -> dict[str, Any]:
    return {"id": unit, "mode": mode, "map": tables}


def stations(*items: Any, **more: Any) -> dict[str, Any]:
    """A document of `items`, as data."""
    return {"stations": list(items), **more}


def one_range(table: str, *args: Any, mode: str = "master", **more: Any) -> dict[str, Any]:
    """A document of one station with one range, as data; `args` and `more` as for `a_range`."""
    return stations(a_station(mode=mode, **{table: [a_range(*args, **more)]}))


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def decoded(value: Any) -> Document:
    """The `Document` of a value that breaks no rule and has no unknown field."""
    result = decode(raw(value))
    assert result.unknown == []
    return result.document


def all_splits(data: bytes) -> Iterator[list[bytes]]:
    """`data` whole, byte by byte, and in two parts at each index."""
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    for i in range(1, len(data)):
        yield [data[:i], data[i:]]


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """`data` in parts, cut at `places`; these may be out of order, and larger than `data`."""
    ends = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:stop] for start, stop in pairwise(ends)]


class FakeDevice:
    """Notes what it is asked, and answers with `codes`, one after the other, then with None."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, Any, int, bytes]] = []
        self.codes: list[int | None] = []
        self.refusal: Exception | None = None

    def expect_writable(self, it: WriteSlice) -> None:
        assert it.device is self
        if self.refusal:
            raise self.refusal

    async def forward(self, it: WriteSlice, pdu: bytes) -> int | None:
        assert pdu
        self.asked.append((it.unit, it.table, it.address, it.cells))
        return self.codes.pop(0) if self.codes else None


def asked(session: Session, data: bytes) -> bytes:
    """What a session gives when `data` has come, as `links.connection` has it do."""
    answer = session.reply(data)
    if answer is None:
        session.feed(data)
    return answer or session.answers()


def from_cache(session: Session, data: bytes) -> bytes | None:
    """What a session answers to a request from memory, as `links.connection` does it."""
    rest = session.find(data[2:])
    return None if rest is None else data[:2] + rest
