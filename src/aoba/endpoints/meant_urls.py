"""The URL that somebody may have meant who typed none: a serial device, a host, a port."""

import difflib
import re
from collections.abc import Collection
from typing import Final

_DEVICE: Final = re.compile(r"(?:/dev/)?((?:tty|cu\.|pts/|serial/)\S+)|(/\S+)")
_PORT: Final = re.compile(r":?(\d{1,5})")
_HOST: Final = re.compile(
    r"(?:localhost|\[[0-9a-f:.]+\]|[\w-]+(?:\.[\w-]+)+)(?::\d{1,5})?|[\w-]+:\d{1,5}",
    re.ASCII | re.IGNORECASE,
)
_OTHER_NAMES: Final = {
    "modbus": "tcp",
    "modbustcp": "tcp",
    "modbus+tcp": "tcp",
    "modbusrtu": "rtu",
    "modbus+rtu": "rtu",
    "serial": "rtu",
    "tcp+rtu": "rtu+tcp",
    "rtutcp": "rtu+tcp",
    "ssl": "tls",
}
"""What other programs call these schemes."""


def meant_url(text: str, schemes: Collection[str]) -> str | None:
    """A URL with one of `schemes`, options included; None where there is nothing to go by."""
    place, mark, options = text.partition("?")
    if device := _DEVICE.fullmatch(place):
        return f"rtu://{device[2] or '/dev/' + device[1]}{mark}{options}"
    if port := _PORT.fullmatch(place):
        return f"tcp://127.0.0.1:{port[1]}{mark}{options}"
    if _HOST.fullmatch(place):
        return f"tcp://{text}"
    name, colon, rest = text.partition(":")
    if not colon or name.lower() in schemes:
        return None
    if rest.partition(":")[0].lower() in schemes:
        return rest
    scheme = _OTHER_NAMES.get(name.lower())
    near = [scheme] if scheme else difflib.get_close_matches(name.lower(), schemes, n=1)
    return f"{near[0]}:{rest}" if near and rest.startswith("//") else None


def did_you_mean(url: str | None) -> str:
    """What follows an error; nothing where there is no `url`."""
    return f"; did you mean {url}?" if url else ""
