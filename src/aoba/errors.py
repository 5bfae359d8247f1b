"""Every exception Aoba raises, split by whose fault it is.

AobaError
├── UsageError              the command line, a URL or a SPEC is wrong      exit 2
├── LinkError               a link cannot be opened                         exit 1
├── DocumentError           a script's document breaks a rule               the script
│   ├── Conflict                another source has defined what it defines
│   └── NoDocument              it was not meant for one
├── DeviceError             a device, or the way to it, fails               exit 1
│   ├── NoConnection            it cannot be reached, or is no longer
│   ├── NoAnswer                it is silent
│   ├── BadAnswer               it answers what was not asked
│   │   └── Unasked                 more than anybody asked for has come
│   ├── DeviceBusy              too much waits for it
│   └── DeviceException         it answers with an exception
├── BrokerError             an MQTT broker, or the way to it, fails         the broker
├── RunError                a run could not be started                      the machine
│   └── OutdatedRun             the script has just changed
├── FrameError              bytes that can be no Modbus frame               the client
├── ForeignFrames           bytes of another protocol                       the client
├── HttpError               an HTTP request that is refused                 the client
└── RequestError            a well-framed request that is refused           the client
    ├── IllegalFunction         01
    ├── IllegalDataAddress      02
    ├── IllegalDataValue        03
    ├── ServerDeviceFailure     04
    └── UnknownUnit             0B
"""

from collections.abc import Collection
from itertools import islice
from typing import ClassVar, Final

from aoba.modbus.spec import ADDRESS_COUNT, ExceptionCode
from aoba.spans import Span, Spans

MAX_NAMED: Final = 5
"""Gaps, or runs of unit ids, that the reason of a refusal names."""


class AobaError(Exception):
    """Root of the tree. Its text is one line, fit to be shown to a user as it is."""


class UsageError(AobaError):
    """What the user typed cannot be carried out; the text says what is accepted."""


class LinkError(AobaError):
    """A link cannot be opened: the address is taken, not ours, or not permitted."""


class DeviceError(AobaError):
    """A device does not do as it is asked; the text says what to do about it.

    `kind` is the same for errors whose texts differ in details only, as in which bytes came.
    """

    def __init__(self, text: str, kind: str | None = None) -> None:
        super().__init__(text)
        self.kind = kind


class NoConnection(DeviceError):
    """There is no way to the device, or it was lost. Only a new connection helps."""


class NoAnswer(DeviceError):
    """A device did not answer in time, however often it was asked.

    The text says what came instead, if anything did.
    """


class BadAnswer(DeviceError):
    """What comes back is no Modbus, or no answer to what was asked."""


class Unasked(BadAnswer):
    """So much has come that nobody asked for that the connection was given up."""


class DeviceBusy(DeviceError):
    """So much waits for a device already that nothing more is taken."""


class DeviceException(DeviceError):
    """A device answers with an exception; `code` may be one that the specification lacks."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class DocumentError(AobaError):
    """A document breaks a rule of the schema.

    `path` is where, in the document's own terms (`stations[0].map.holding[1].length`), "" for the
    document as a whole. `reason` is what is wrong there. The text is `path: reason`. `kind` is the
    same for errors that differ only in which wrong value stands there; `what` is `reason` without
    it.
    """

    def __init__(self, path: str, reason: str, what: str | None = None) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason
        self.what = reason if what is None else what

    @property
    def kind(self) -> tuple[str, str]:
        return self.path, self.what


class Conflict(DocumentError):
    """A document defines what belongs to another source; else nothing is wrong with it."""


class NoDocument(DocumentError):
    """What looks like JSON is no document, and was hardly meant for one; `is_json` tells if it is.

    In a stream it is text as any other, in place of a document it is an error.
    """

    def __init__(self, path: str, reason: str, what: str | None = None, *, is_json: bool) -> None:
        super().__init__(path, reason, what)
        self.is_json = is_json


class BrokerError(AobaError):
    """There is no connection to a broker, or no longer one; the text says why.

    `is_final` says that trying again soon is of no use.
    """

    def __init__(self, text: str, *, is_final: bool = False) -> None:
        super().__init__(text)
        self.is_final = is_final


class RunError(AobaError):
    """A script could not be run at all: it is gone, or its interpreter is."""


class OutdatedRun(RunError):
    """A run has not begun, since the script is another one than it was prepared for."""


class FrameError(AobaError):
    """Bytes from which no frame can follow; `got` is the offending number, `limit` what holds."""

    def __init__(self, what: str, got: int, limit: str) -> None:
        super().__init__(f"{what}: expected {limit}, got {got}")
        self.got = got
        self.limit = limit


class ForeignFrames(AobaError):
    """A client speaks another protocol than its link; the text says which, and who takes that."""


class HttpError(AobaError):
    """An HTTP request that is refused with `status`, and `headers` that belong to it."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class RequestError(AobaError):
    """A request that is answered with an exception; `code` is the exception code."""

    code: ClassVar[ExceptionCode]

    def reason(self) -> str:
        """Why, for the log of the server; made when it is asked for, which is seldom."""
        return str(self)


class IllegalFunction(RequestError):
    """A function code, or a sub-function, that is not supported."""

    code = ExceptionCode.ILLEGAL_FUNCTION

    def __init__(self, function: int, what: str = "function code") -> None:
        super().__init__(f"{what} {function} is not supported")
        self.function = function


class IllegalDataAddress(RequestError):
    """Some of `quantity` items of `what` from `address` (zero-based) on are not defined.

    `defined` are those that are, where that is known; `because` is a reason of another kind.
    """

    code = ExceptionCode.ILLEGAL_DATA_ADDRESS

    def __init__(
        self,
        what: str,
        address: int,
        quantity: int = 1,
        *,
        defined: Spans | None = None,
        because: str = "",
    ) -> None:
        super().__init__(f"{what} {_addresses(address, quantity)} is not defined")
        self.address = address
        self.quantity = quantity
        self._what, self._defined, self._because = what, defined, because

    def reason(self) -> str:
        if self._because or self._defined is None:
            return self._because or str(self)
        if not any(True for _ in self._defined):
            return f"the station has no {self._what}"
        stop = self.address + self.quantity
        missing = list(islice(self._defined.gaps(self.address, stop), MAX_NAMED + 1))
        beyond = "; addresses end at 65535" if stop > ADDRESS_COUNT else ""
        return f"{_named(missing)} {_are(missing)} in no range{beyond}"


class IllegalDataValue(RequestError):
    """A quantity, byte count, length or value outside its limits."""

    code = ExceptionCode.ILLEGAL_DATA_VALUE

    def __init__(self, what: str, got: int, limit: str) -> None:
        super().__init__(f"{what}: expected {limit}, got {got}")
        self.got = got
        self.limit = limit


class ServerDeviceFailure(RequestError):
    """Some of `quantity` items of `what` from `address` (zero-based) on have no fresh value.

    `stale` are the first of them, and `source` is who should have given one.
    """

    code = ExceptionCode.SERVER_DEVICE_FAILURE

    def __init__(
        self,
        what: str,
        address: int,
        quantity: int = 1,
        *,
        source: str = "",
        stale: Span | None = None,
    ) -> None:
        super().__init__(f"{what} {_addresses(address, quantity)} is stale")
        self.address = address
        self.quantity = quantity
        self._source, self._stale = source, stale

    def reason(self) -> str:
        if self._stale is None:
            return str(self)
        return f"{self._stale} {_are([self._stale])} stale, {self._source} gives no documents"


class UnknownUnit(RequestError):
    """Nobody has `unit`; `units` are those that somebody has."""

    code = ExceptionCode.GATEWAY_TARGET_FAILED_TO_RESPOND

    def __init__(self, unit: int, units: Collection[int]) -> None:
        super().__init__(f"unit {unit} is nobody's")
        self._units = units

    def reason(self) -> str:
        runs = Spans()
        for unit in self._units:
            runs.add(unit, unit + 1)
        there = _named(list(islice(runs, MAX_NAMED + 1)), pairs=", ") or "none yet"
        return f"{self}; there {'is' if len(self._units) == 1 else 'are'} {there}"


def _addresses(address: int, quantity: int) -> str:
    return f"{address}..{address + quantity - 1}" if quantity > 1 else str(address)


def _named(spans: list[Span], pairs: str = "..") -> str:
    """The first ones, `1..3, 5`; `pairs` stands within a span of two."""
    names = [
        f"{start}{pairs}{stop - 1}" if stop - start == 2 else str(Span(start, stop))  # noqa: PLR2004
        for start, stop in spans[:MAX_NAMED]
    ]
    return ", ".join(names + ["..."] * (len(spans) > MAX_NAMED))


def _are(spans: list[Span]) -> str:
    return "is" if len(spans) == 1 and spans[0].stop - spans[0].start == 1 else "are"
