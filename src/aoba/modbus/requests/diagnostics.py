"""Function 8: the sub-functions that tell what a link has counted, and that act upon it.

A sub-function is a row of `SUB_FUNCTIONS`. Section 6.8: an unknown one is exception 01, a data
field that it does not allow 03. It concerns the counters of the client who asks, not the station.
"""

from collections.abc import Callable
from functools import partial
from struct import Struct
from typing import Final, NamedTuple

from aoba.errors import IllegalDataValue, IllegalFunction
from aoba.modbus.counters import Counters
from aoba.modbus.peer import Peer
from aoba.modbus.requests.request import expect_at_least, expect_length
from aoba.modbus.spec import DiagnosticCode
from aoba.modbus.station import Station

_HEAD: Final = Struct(">xH")  # function code skipped, sub-function
_WORD: Final = Struct(">H")
_ZERO: Final = b"\x00\x00"
_CLEAR_LOG: Final = b"\xff\x00"


class Diagnostic(NamedTuple):
    """One sub-function with its data field; `pdu` is the whole request."""

    sub_function: "SubFunction"
    pdu: bytes

    @classmethod
    def decode(cls, pdu: bytes) -> "Diagnostic":
        expect_at_least(pdu, _HEAD.size)
        (code,) = _HEAD.unpack_from(pdu)
        sub_function = SUB_FUNCTIONS.get(code)
        if sub_function is None:
            raise IllegalFunction(code, "diagnostic sub-function")
        sub_function.expect(pdu)
        return cls(sub_function, pdu)

    @property
    def data(self) -> bytes:
        return self.pdu[_HEAD.size :]

    def reply(self, word: int) -> bytes:
        """The request again, with `word` as data."""
        return self.pdu[: _HEAD.size] + _WORD.pack(word & 0xFFFF)

    def carry_out(self, station: Station, client: Peer) -> bytes:  # noqa: ARG002
        return self.sub_function.act(self, client)


class SubFunction(NamedTuple):
    """What a sub-function does; `data` are the data fields it allows, empty for any words."""

    code: DiagnosticCode
    act: Callable[[Diagnostic, Peer], bytes]
    data: tuple[bytes, ...] = (_ZERO,)

    def expect(self, pdu: bytes) -> None:
        size = len(pdu) - _HEAD.size
        if self.data:
            expect_length(pdu, _HEAD.size + 2)
            if pdu[_HEAD.size :] not in self.data:
                accepted = " or ".join(data.hex() for data in self.data)
                (got,) = _WORD.unpack_from(pdu, _HEAD.size)
                raise IllegalDataValue("diagnostic data", got, accepted)
        elif size == 0 or size % 2:
            raise IllegalDataValue("diagnostic data", size, "words, at least one")


def _echo(request: Diagnostic, _: Peer) -> bytes:
    return request.pdu


def _restart(request: Diagnostic, client: Peer) -> bytes:
    client.listen_only = False
    clear_log = request.data == _CLEAR_LOG
    client.counters.afterwards(partial(client.counters.restart, clear_log=clear_log))
    return request.pdu


def _listen_only(_: Diagnostic, client: Peer) -> bytes:
    client.listen_only = True
    client.counters.entered_listen_only()
    return b""


def _clear(request: Diagnostic, client: Peer) -> bytes:
    client.counters.afterwards(client.counters.clear)
    return request.pdu


def _clear_overruns(request: Diagnostic, client: Peer) -> bytes:
    client.counters.clear_overruns()
    return request.pdu


def _nothing(request: Diagnostic, _: Peer) -> bytes:
    return request.reply(0)


def _counter(read: Callable[[Counters], int]) -> Callable[[Diagnostic, Peer], bytes]:
    return lambda request, client: request.reply(read(client.counters))


_Code = DiagnosticCode

SUB_FUNCTIONS: Final[dict[int, SubFunction]] = {
    row.code: row
    for row in (
        SubFunction(_Code.RETURN_QUERY_DATA, _echo, ()),
        SubFunction(_Code.RESTART_COMMUNICATIONS_OPTION, _restart, (_ZERO, _CLEAR_LOG)),
        SubFunction(_Code.RETURN_DIAGNOSTIC_REGISTER, _nothing),  # nothing to diagnose
        SubFunction(_Code.FORCE_LISTEN_ONLY_MODE, _listen_only),
        SubFunction(_Code.CLEAR_COUNTERS_AND_DIAGNOSTIC_REGISTER, _clear),
        SubFunction(_Code.RETURN_BUS_MESSAGE_COUNT, _counter(lambda p: p.bus_messages)),
        SubFunction(
            _Code.RETURN_BUS_COMMUNICATION_ERROR_COUNT, _counter(lambda p: p.communication_errors)
        ),
        SubFunction(_Code.RETURN_BUS_EXCEPTION_ERROR_COUNT, _counter(lambda p: p.exceptions)),
        SubFunction(_Code.RETURN_SERVER_MESSAGE_COUNT, _counter(lambda p: p.messages)),
        SubFunction(_Code.RETURN_SERVER_NO_RESPONSE_COUNT, _counter(lambda p: p.silences)),
        SubFunction(_Code.RETURN_SERVER_NAK_COUNT, _nothing),  # exception 07 is never sent
        SubFunction(_Code.RETURN_SERVER_BUSY_COUNT, _nothing),  # nor is 06
        SubFunction(_Code.RETURN_BUS_CHARACTER_OVERRUN_COUNT, _counter(lambda p: p.overruns)),
        SubFunction(_Code.CLEAR_OVERRUN_COUNTER_AND_FLAG, _clear_overruns),
    )
}
"""Every supported sub-function, by its number."""
