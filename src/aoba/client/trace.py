"""What is asked of devices and what they answer, in the log: `--trace` of those who ask.

Lines are as those of links (`links/trace`): `<-` is what Aoba sent, `->` what came. They have the
same bound, too: what comes is up to the device.
"""

import logging
import time
from typing import Final

from aoba.client.answers import MAX_AT_ONCE, Frame, Stray
from aoba.links.link_log import DETAIL_BURST, DETAIL_PER_SECOND
from aoba.logs.rate_limit import LineLimit, cost
from aoba.logs.trace_level import TraceLevel
from aoba.modbus.describe import overheard_words, request_words, response_words
from aoba.modbus.frame_history import Framing, in_hex

_CAME: Final = "->"
_WENT: Final = "<-"

_log = logging.getLogger("aoba.trace")


class DeviceTrace:
    """At the URL `url`; `level` is not OFF."""

    def __init__(self, url: str, framing: Framing, level: TraceLevel) -> None:
        self._url, self._framing, self._level = url, framing, level
        self._limit = LineLimit(DETAIL_BURST, DETAIL_PER_SECOND)

    def pause(self) -> None:
        """Say what was left out; it may take long until more comes."""
        for line in self._limit.more():
            text = f"{self._url}: {line}"
            self._limit.charge(cost(text))
            self._log(text)

    def request(self, unit: int, pdu: bytes, adu: bytes) -> None:
        self._frame(_WENT, f"station {unit} {request_words(pdu)}", adu)
        self._bytes(_WENT, adu)

    def received(self, data: bytes) -> None:
        """Bytes, as they come."""
        self._bytes(_CAME, data)

    def answer(self, pdu: bytes, frame: Frame) -> None:
        """To the request `pdu`."""
        self._frame(_CAME, f"station {frame.unit} {response_words(pdu, frame.pdu)}", frame.adu)

    def other(self, what: str, frame: Frame) -> None:
        """A frame that is no answer to what was asked last; `what` is what it is instead."""
        words = f"{what}: station {frame.unit} {overheard_words(frame.pdu)}"
        self._frame(_CAME, words, frame.adu)

    def stray(self, stray: Stray) -> None:
        more = " ..." if stray.size > len(stray.data) else ""
        noun = "byte that is" if stray.size == 1 else "bytes that are"
        self._say(_CAME, f"{stray.size} {noun} no frame | {in_hex(stray.data)}{more}")

    def _frame(self, arrow: str, words: str, adu: bytes) -> None:
        shown = f" | {self._framing.shown(adu)}" if self._level >= TraceLevel.FRAME else ""
        self._say(arrow, words + shown)

    def _bytes(self, arrow: str, data: bytes) -> None:
        if self._level >= TraceLevel.BYTES:
            noun = "byte" if len(data) == 1 else "bytes"
            more = " ..." if len(data) > MAX_AT_ONCE else ""
            self._say(arrow, f"{len(data)} {noun} | {in_hex(data[:MAX_AT_ONCE])}{more}")

    def _say(self, arrow: str, text: str) -> None:
        line = f"{self._url} {arrow} {text}"
        if self._limit.lets(line, time.monotonic()):
            self.pause()
            self._log(line)

    def _log(self, line: str) -> None:
        _log.info("%s", line, extra={"link": self._url})
