"""A request whose answer waits for devices.

Whoever moves bytes awaits `ask`, and gives what comes of it to `finish`.

Such a request is carried out twice. The first time ends at the write, which `modbus/forwarding`
interrupts, with nothing changed. When all devices have accepted their part, it is carried out once
more, by the same code, this time on the station without its devices. So each function that writes
has its rules in one place, whoever has to agree, and none of them knows of devices.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import final

from aoba.errors import RequestError
from aoba.modbus.forwarding import Device, WriteSlice
from aoba.modbus.functions import carry_out
from aoba.modbus.pdu import exception
from aoba.modbus.peer import Peer
from aoba.modbus.spec import ExceptionCode
from aoba.modbus.station import Station


@final
class Pending:
    __slots__ = ("_client", "_refused_by", "_slices", "_station", "pdu")

    def __init__(
        self, station: Station, pdu: bytes, client: Peer, slices: Sequence[WriteSlice]
    ) -> None:
        self.pdu = pdu
        """The request."""
        self._station, self._client, self._slices = station, client, slices
        self._refused_by: Device | None = None

    @property
    def unit(self) -> int:
        return self._station.unit

    async def ask(self) -> int | None:
        """The exception code of the first refusal; None where all devices have accepted."""
        for it in self._slices:
            code = await it.device.forward(it, self.pdu)
            if code is not None:
                self._refused_by = it.device
                return code
        return None

    def finish(self, code: int | None) -> bytes:
        """The response PDU, of which the client's port is told; `code` is what `ask` gave."""
        response = self.settle(code)
        self._client.counters.answered(response)
        return response

    def settle(self, code: int | None) -> bytes:
        """The same where nobody waits for the response any more, or ever has."""
        if code is None:
            try:
                return carry_out(self.pdu, self._station.local(), self._client)
            except RequestError as error:  # a script has taken addresses back meanwhile
                return self._refusal(error.code, error.reason)
        return self._refusal(code, partial(_words, code, self._refused_by))

    def _refusal(self, code: int, reason: Callable[[], str]) -> bytes:
        self._client.history.refused(self.unit, self.pdu, code, reason)
        return exception(self.pdu[0], code)


def _words(code: int, device: Device | None) -> str:
    if code == ExceptionCode.GATEWAY_TARGET_FAILED_TO_RESPOND:
        return f"no answer of {device}"
    if code == ExceptionCode.SERVER_DEVICE_BUSY:
        return f"too much waits for {device}, or it says that it is busy"
    return f"so says {device}"
