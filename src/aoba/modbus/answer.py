"""One request, from its bytes to the bytes of its answer.

The state diagrams of section 6 check, in this order: the function code (01); quantity, byte count
and value (03); address and address + quantity (02); the execution itself (04). Decoding raises the
first two, the station the others, and a write that is refused has changed nothing. A write to what
belongs to a device becomes a `Pending`, which has its response when the device has answered.
"""

from collections.abc import Iterable
from functools import partial

from aoba.errors import IllegalFunction, RequestError
from aoba.modbus.counters import Received, Sent
from aoba.modbus.forwarding import ForwardWrite
from aoba.modbus.functions import carry_out, decode
from aoba.modbus.pdu import exception
from aoba.modbus.peer import ALL_FUNCTIONS, Peer
from aoba.modbus.pending import Pending
from aoba.modbus.requests.diagnostics import Diagnostic
from aoba.modbus.spec import SERIAL_ONLY, WRITING, DiagnosticCode
from aoba.modbus.station import Station


def answer(station: Station, pdu: bytes, client: Peer) -> bytes | Pending:
    """Carry out one request PDU (1 to 253 bytes) and return the response PDU; never raises.

    The response is empty where nothing is to be sent. The client's counters are told of both; where
    the response has to wait, by what waits for it.
    """
    if client.listen_only:
        _listen(station, pdu, client)
        return b""
    counters = client.counters
    if counters.is_serial:
        counters.received(pdu[0])
    else:
        counters.requests[pdu[0]] += 1  # the same, without a call
    try:
        response = carry_out(pdu, station, client)
    except RequestError as error:
        response = exception(pdu[0], error.code)
        client.history.refused(station.unit, pdu, error.code, partial(_reason, pdu, client, error))
        counters.answered(response)
    except ForwardWrite as forward:
        return Pending(station, pdu, client, forward.slices)
    else:
        if not response:
            counters.kept_silent(Sent.LISTEN_ONLY)
        elif counters.is_told:
            counters.answered(response)
    return response


def _reason(pdu: bytes, client: Peer, error: RequestError) -> str:
    """Why a request is refused, for the log."""
    if not isinstance(error, IllegalFunction) or pdu[0] in client.functions:
        return error.reason()
    if pdu[0] in SERIAL_ONLY and not client.counters.is_serial:
        return "the function is for serial lines only"
    return client.restriction if pdu[0] in ALL_FUNCTIONS else error.reason()


def broadcast(stations: Iterable[Station], pdu: bytes, client: Peer) -> list[Pending]:
    """Carry out a request PDU to all stations of a serial line, which nobody answers.

    Only what writes may be broadcast ("MODBUS over Serial Line V1.02", section 2.1). What devices
    have to be asked is returned, to be settled some time.
    """
    listens = client.listen_only
    client.counters.received(pdu[0], Received.BROADCAST | Received.LISTEN_ONLY * listens)
    done = False
    pending: list[Pending] = []
    if pdu[0] in WRITING and not listens:
        for station in stations:
            try:
                done |= _is_done(station, pdu, client)
            except ForwardWrite as forward:
                pending.append(Pending(station, pdu, client, forward.slices))
    client.counters.kept_silent(Sent.LISTEN_ONLY * listens, done=done or bool(pending))
    return pending


def _is_done(station: Station, pdu: bytes, client: Peer) -> bool:
    try:
        carry_out(pdu, station, client)
    except RequestError:
        return False
    return True


def _listen(station: Station, pdu: bytes, client: Peer) -> None:
    """Wait for a restart, the only request that listen only mode heeds (section 6.8.1)."""
    client.counters.received(pdu[0], Received.LISTEN_ONLY)
    done = _is_restart(pdu, client) and _is_done(station, pdu, client)
    client.counters.kept_silent(Sent.LISTEN_ONLY, done=done)


def _is_restart(pdu: bytes, client: Peer) -> bool:
    try:
        request = decode(pdu, client.functions)
    except RequestError:
        return False
    restart = DiagnosticCode.RESTART_COMMUNICATIONS_OPTION
    return isinstance(request, Diagnostic) and request.sub_function.code is restart
