"""A real MQTT broker, mosquitto, for as long as a test needs it."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import paho.mqtt.publish
import paho.mqtt.subscribe
import pytest

from support.server import Server
from support.waiting import DEADLINE, eventually

_PLACES: Final = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
MOSQUITTO: Final = shutil.which("mosquitto", path=_PLACES)

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="there is no mosquitto here")


def _free_port() -> int:
    """None of those that the system gives away: it has to be free after a restart, too."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            return port


class Publisher(Server):
    """`aoba publish`, with a source and a URL."""

    @staticmethod
    def _arguments(*sources: str, listen: str) -> list[str]:  # noqa: ARG004  it has none
        return ["publish", *sources]


class Broker:
    """Keeps nothing when it is stopped, as brokers do that are not told where to.

    `more` are lines of its configuration.
    """

    def __init__(self, folder: Path, *more: str, anonymous: bool = True) -> None:
        self.port = _free_port()
        self._config = folder / "mosquitto.conf"
        self._log = folder / "mosquitto.log"
        lines = (
            "user root",  # it may read the test's files, when a test is run by root
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {str(anonymous).lower()}",
            *more,
        )
        self._config.write_text("\n".join((*lines, "")))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(MOSQUITTO), "-c", str(self._config)], stdout=log, stderr=log
            )
        eventually(self._listens, "the broker's port")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(DEADLINE)
            self._process = None

    def url(self, topic: str, scheme: str = "mqtt", who: str = "") -> str:
        return f"{scheme}://{who}127.0.0.1:{self.port}/{topic}"

    def publish(self, topic: str, payload: bytes, *, retain: bool = True, **more: Any) -> None:
        paho.mqtt.publish.single(
            topic, payload, qos=1, retain=retain, hostname="127.0.0.1", port=self.port, **more
        )

    def publish_many(self, messages: Sequence[tuple[str, bytes]]) -> None:
        rows = [(topic, payload, 1, True) for topic, payload in messages]
        paho.mqtt.publish.multiple(rows, hostname="127.0.0.1", port=self.port)

    def kept(self, topic: str) -> bytes:
        """What it gives to whoever subscribes, as soon as it has something."""
        message = paho.mqtt.subscribe.simple(topic, hostname="127.0.0.1", port=self.port)
        return bytes(message.payload)

    def _listens(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), DEADLINE).close()
        except OSError:
            time.sleep(0.02)
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
