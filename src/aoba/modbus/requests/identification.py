"""Function 43, MEI type 14: Read Device Identification (section 6.21).

Stream access, codes 1 to 3, gives the objects of a category from one on, as many as fit; individual
access, code 4, gives a single one. The figure checks the MEI type (01), the code (03) and, which
only individual access can get wrong, the object (02).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from aoba.errors import IllegalDataAddress, IllegalDataValue, IllegalFunction
from aoba.modbus.peer import Peer
from aoba.modbus.requests.request import expect_at_least, expect_length
from aoba.modbus.spec import (
    MAX_EXTENDED_OBJECT,
    MAX_PDU,
    MIN_EXTENDED_OBJECT,
    READ_DEVICE_IDENTIFICATION,
    FunctionCode,
    ObjectId,
    ReadDeviceId,
)
from aoba.modbus.station import Station

_HEADER: Final = 7  # function code, MEI type, code, conformity, more, next object, object count
_INDIVIDUAL_TOO: Final = 0x80  # of the conformity level: individual access is supported
_MORE_FOLLOWS: Final = 0xFF
_LAST_OF: Final = {
    ReadDeviceId.BASIC: ObjectId.REVISION,
    ReadDeviceId.REGULAR: MIN_EXTENDED_OBJECT - 1,
    ReadDeviceId.EXTENDED: MAX_EXTENDED_OBJECT,
}
"""The last object of each category; each has those of the categories before it too."""


class ReadIdentification(NamedTuple):
    code: ReadDeviceId
    object_id: int

    @classmethod
    def decode(cls, pdu: bytes) -> "ReadIdentification":
        expect_at_least(pdu, 2)
        if pdu[1] != READ_DEVICE_IDENTIFICATION:
            raise IllegalFunction(pdu[1], "MEI type")
        expect_length(pdu, 4)
        if pdu[2] not in _CODES:
            raise IllegalDataValue("read device id code", pdu[2], "1..4")
        return cls(ReadDeviceId(pdu[2]), pdu[3])

    def carry_out(self, station: Station, client: Peer) -> bytes:  # noqa: ARG002
        identity = station.identity
        wanted = self._wanted(identity)
        sent: list[int] = []
        room = MAX_PDU - _HEADER
        for object_id in wanted:
            room -= 2 + len(identity[object_id])
            if room < 0:
                break
            sent.append(object_id)
        more = wanted[len(sent) :]
        head = (
            FunctionCode.ENCAPSULATED_INTERFACE_TRANSPORT,
            READ_DEVICE_IDENTIFICATION,
            self.code,
            _conformity(identity),
            *((_MORE_FOLLOWS, more[0]) if more else (0, 0)),
            len(sent),
        )
        return bytes(head) + b"".join(bytes((i, len(identity[i]))) + identity[i] for i in sent)

    def _wanted(self, identity: Mapping[int, bytes]) -> list[int]:
        """Ids of the objects that are asked for, in order."""
        if self.code is ReadDeviceId.INDIVIDUAL:
            if self.object_id not in identity:
                raise IllegalDataAddress("identification object", self.object_id)
            return [self.object_id]
        known = sorted(i for i in identity if i <= _LAST_OF[self.code])
        # "If the Object Id does not match any known object", it starts at the beginning.
        return known[known.index(self.object_id) :] if self.object_id in known else known


_CODES: Final = frozenset(ReadDeviceId)


def _conformity(identity: Mapping[int, bytes]) -> int:
    """The highest category there are objects of."""
    last = max(identity)
    return _INDIVIDUAL_TOO | next(code for code, end in _LAST_OF.items() if last <= end)
