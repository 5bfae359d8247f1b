"""What comes over a connection -> messages, acknowledged, and packets for paho; a bit at a time.

paho is not asked to read published messages: it would take one of any size, and keep those of QoS 2
until the broker releases them, which it may never do. Here, a message of QoS 2 is handed on when
it comes, and only its packet identifier is kept, so that it is known where it comes again. That is
method B of MQTT 3.1.1, section 4.3.3 (figure 4.3).

Nothing is taken from a broker that does not take its acknowledgements, as these would pile up, nor
where there is no room for messages.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from aoba.loop_share import LoopShare
from aoba.mqtt.backlog import Backlog, Message
from aoba.mqtt.packets import PUBREL, PacketReader, Publish
from aoba.mqtt.wire import Wire

STEP: Final = 0.0003
"""Seconds of work before Modbus clients have their turn."""

_ACKNOWLEDGE: Final = {
    1: b"\x40\x02",  # PUBACK, two bytes follow: the packet identifier (section 3.4)
    2: b"\x50\x02",  # PUBREC, the same (section 3.5)
}


class Receiver:
    """`wire` has to call `readable`.

    Messages go into `backlog`; `read_packet` has paho read the packet that `wire` offers it, or the
    end of the connection.
    """

    def __init__(
        self,
        wire: Wire,
        backlog: Backlog,
        read_packet: Callable[[], object],
        *,
        is_version_5: bool,
    ) -> None:
        self._wire, self._backlog, self._read_packet = wire, backlog, read_packet
        self._reader = PacketReader(is_version_5=is_version_5)
        self._share = LoopShare()
        self._unreleased: set[int] = set()  # packet identifiers with QoS 2, 65 535 at most
        self._news = asyncio.Event()

    def readable(self) -> None:
        """Something has come, or the end."""
        self._news.set()

    async def run(self) -> None:
        """Returns at the end of the connection.

        Raises FrameError where what comes is no MQTT, and what paho raises at it.
        """
        is_over = False
        while not is_over:
            await self._news.wait()
            self._news.clear()
            is_over = self._wire.closed.is_set()
            has_more = True
            while has_more:
                await self._wire.has_room.wait()
                await self._backlog.has_room.wait()
                await self._share.turn()
                has_more = self._step()
        self._read_packet()

    def _step(self) -> bool:
        """Take packets for a short time; returns whether there may be more."""
        ends = time.monotonic() + STEP
        while self._wire.has_room.is_set() and self._backlog.has_room.is_set():
            packet = self._next_packet()
            if packet is None:
                return False
            if isinstance(packet, Publish):
                self._take(packet)
            else:
                self._pass_on(packet)
            if time.monotonic() >= ends:
                break
        return True

    def _next_packet(self) -> Publish | bytes | None:
        packet = self._reader.next_packet()
        while packet is None and (data := self._wire.take()):
            self._reader.feed(data)
            packet = self._reader.next_packet()
        return packet

    def _take(self, message: Publish) -> None:
        if message.qos and self._wire.is_open:
            packet_id = message.packet_id.to_bytes(2, "big")
            self._wire.send(_ACKNOWLEDGE[message.qos] + packet_id)
        if message.qos == 2:  # noqa: PLR2004  exactly once
            if message.packet_id in self._unreleased:
                return  # it is sent again, since our acknowledgement was lost
            self._unreleased.add(message.packet_id)
        topic, payload, size, _, _, retain = message
        self._backlog.put(Message(topic, payload, retain, size))

    def _pass_on(self, packet: bytes) -> None:
        if packet[0] >> 4 == PUBREL:
            self._unreleased.discard(int.from_bytes(packet[2:4], "big"))
        self._wire.offer(packet)
        self._read_packet()
