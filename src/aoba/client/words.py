"""Answers of a device that are no data, in words for a person."""

from typing import Final

from aoba.client.blocks import Block
from aoba.client.came import Came
from aoba.endpoints.device import Target, has_broadcast
from aoba.errors import DeviceError
from aoba.modbus.describe import exception_words
from aoba.modbus.manuals import manual_hint

ILLEGAL_DATA_ADDRESS: Final = 0x02
FROM_GATEWAYS: Final = frozenset((0x0A, 0x0B))
"""Not the station's own answers: someone on the way to it says that there is none."""
NOT_REFUSED: Final = FROM_GATEWAYS | {0x05, 0x06}
"""Nor do these say that a function is unknown: it is carried out, or is to be asked for later."""

ECHO: Final = "the adapter gives back what is sent: echo=true"

NO_ECHO: Final = "what is sent seems not to come back: leave out echo=true"

_FRAMINGS: Final = {
    "tcp": "check whether it speaks Modbus TCP; rtu+tcp:// is for RTU frames",
    "udp": "check whether it speaks Modbus over UDP",
    "rtu+tcp": "check baudrate and parity of the line; tcp:// is for Modbus TCP",
}
"""What to look at where no frames come, by scheme."""

_SCAN: Final = "`aoba scan` finds those that answer"


def refusal(what: Block | str, code: int) -> str:
    """`exception 02, illegal data address: 0-9 holding at station 1`."""
    if code in FROM_GATEWAYS:
        return f"{exception_words(code)} (check the unit id; {_SCAN}): {what}"
    hint = ""
    if isinstance(what, Block) and code == ILLEGAL_DATA_ADDRESS:
        hint = manual_hint(what.table, what.span.start)
    return f"{exception_words(code)}: {what}{hint}"


def silence(what: Block | str, timeout: float, tries: int, target: Target, came: Came) -> str:
    """Of a request that was not answered; `came` is what came instead, if anything did."""
    times = f", asked {tries} times" if tries > 1 else ""
    if came.words:
        advice = _advice(target, came)
        return f"only {came.words} came within {timeout:g} s{times}: {what}; {advice}"
    if came.is_echo_missing:
        return f"no answer within {timeout:g} s{times}: {what}; {NO_ECHO}"
    check = "unit id, baudrate, parity and wiring" if has_broadcast(target) else "the unit id"
    advice = "it answers late:" if came.is_late else f"check {check}, or"
    return f"no answer within {timeout:g} s{times}: {what}; {advice} give it more --timeout"


def in_log(error: DeviceError, target: Target) -> str:
    """The text of `error`, which is made for the command line, where the log names the device."""
    return str(error).removeprefix(f"{target}: ").replace("--timeout", "timeout")


def echo(what: Block | str) -> str:
    """Of an answer that may be nothing but the request."""
    return f"only what was sent came back, which confirms nothing: {what}; {ECHO}"


def _advice(target: Target, came: Came) -> str:
    if came.echo:
        return ECHO if has_broadcast(target) else "is it a Modbus device?"
    if came.damaged:
        return "check baudrate, parity and wiring, and that no two stations have this unit id"
    if came.other_unit is not None:
        return "check the unit id"
    if came.stray.size:
        return _FRAMINGS.get(getattr(target, "scheme", ""), "check baudrate and parity")
    return "give it more --timeout"
