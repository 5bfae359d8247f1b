"""URL of a topic to publish to -> `Publication`."""

from dataclasses import dataclass
from typing import Final

from aoba.errors import UsageError
from aoba.mqtt.url import QOS, Broker, check_name, parse_topic_url
from aoba.options import Parsers, flag, without_secrets

FORMS: Final = {
    "mqtt": "mqtt://HOST:PORT/TOPIC",
    "mqtts": "mqtts://HOST:PORT/TOPIC?ca=FILE",
}

ACCEPTED: Final = " or ".join(FORMS.values())


@dataclass(frozen=True, slots=True)
class Publication:
    broker: Broker
    topic: str
    qos: int = 1
    retain: bool = True
    """Whether the broker keeps the newest message for those who subscribe later."""

    def __str__(self) -> str:
        return f"{self.broker}/{self.topic}"


def parse_publication(text: str) -> Publication:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    form = FORMS.get(text.partition(":")[0])
    if form is None:
        raise UsageError(f"{without_secrets(text)}: not a topic to publish to; expected {ACCEPTED}")
    broker, topic, options = parse_topic_url(text, form, _OPTIONS, check_name)
    return Publication(broker, topic, **options)


_OPTIONS: Final[Parsers] = {**QOS, "retain": flag}
