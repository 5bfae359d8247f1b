"""SPEC of topics on a broker -> `MqttSpec`; what it looks like is said in `endpoints/topic`."""

from dataclasses import dataclass
from typing import ClassVar, Final

from aoba.bus import parse_bus
from aoba.endpoints.options import Parsers, flag
from aoba.endpoints.topic import QOS, Broker, check_filter, parse_topic_url
from aoba.errors import UsageError
from aoba.sources.kinds import SOURCES
from aoba.sources.monitoring import MONITORING, UNMONITORED, Monitoring, take_monitoring


@dataclass(frozen=True, slots=True)
class MqttSpec:
    kind: ClassVar[str] = "mqtt"
    broker: Broker
    topic: str
    """May have wildcards."""
    qos: int = 1
    persistent: bool = False
    """Whether the broker keeps messages for us while we are away."""
    monitoring: Monitoring = UNMONITORED
    bus: str | None = None
    """None: `main`, or what stations say."""

    @property
    def name(self) -> str:
        """The last level of the topic; all of it where it has wildcards."""
        last = self.topic.rpartition("/")[2]
        return last if last and not set(self.topic) & set("+#") else self.topic

    @property
    def full_name(self) -> str:
        return f"{self.broker}/{self.topic}"


def parse_mqtt(text: str) -> MqttSpec:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    broker, topic, options = parse_topic_url(
        text, SOURCES[text.partition(":")[0]].form, _OPTIONS, check_filter
    )
    shown = f"{broker}/{topic}"
    if options.get("persistent") and not broker.client_id:
        raise UsageError(f"{shown}: option 'persistent' goes with client_id=NAME")
    options["monitoring"] = take_monitoring(shown, options)
    return MqttSpec(broker, topic, **options)


_OPTIONS: Final[Parsers] = {**QOS, "persistent": flag, **MONITORING, "bus": parse_bus}
