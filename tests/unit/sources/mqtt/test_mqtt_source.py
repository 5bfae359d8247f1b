import asyncio

from aoba.registers.image import Image
from aoba.sources.mqtt import source as mqtt_source
from aoba.sources.mqtt.source import MqttSource
from aoba.sources.mqtt.spec import parse_mqtt
from support.waiting import soon


class Behind:
    """A session of which no message is taken while it `is_behind`."""

    def __init__(self, looks):
        self.subscribed = self.looks = 0
        self._most = looks

    async def subscribe(self, *_):
        self.subscribed += 1
        if self.subscribed > 1:
            await asyncio.Event().wait()

    @property
    def is_behind(self):
        self.looks += 1
        return self.looks < self._most


def test_a_broker_is_not_quiet_while_its_messages_wait(monkeypatch):
    monkeypatch.setattr(mqtt_source, "QUIET", 0.0)
    monkeypatch.setattr(mqtt_source, "MANY", 0)

    async def subscribe():
        source = MqttSource("m", parse_mqtt("mqtt://127.0.0.1/plant"), Image())
        session = Behind(looks=20)
        subscribing = asyncio.create_task(source._keep_subscribed(session))
        await soon(lambda: session.subscribed == 2)
        subscribing.cancel()
        return session.looks

    assert asyncio.run(subscribe()) == 20
