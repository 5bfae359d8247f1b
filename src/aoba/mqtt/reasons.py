"""Why a broker does not serve us, in words for what MQTT calls the reason, and what to do about it.

What the network says is in `aoba.endpoints.reasons`.
"""

from typing import Final

from aoba.endpoints.reasons import BROKER
from aoba.endpoints.topic import Broker

_WHO: Final = "check user= and password=, and what the broker lets them do"
_REFUSALS: Final = {
    "Not authorized": f"it does not let us in; {_WHO}",
    "Bad user name or password": f"user or password are wrong; {_WHO}",
    "Client identifier not valid": "it does not take our client_id",
    "Unsupported protocol version": "it speaks another MQTT; protocol=5 or 3.1.1 says which",
    "Banned": "it has banned us",
}
_LOSSES: Final = {
    "Session taken over": "another client with our client_id has taken our place",
    "Keep alive timeout": "the broker is silent",
}
_NOTHING: Final = ("Unspecified error", "Normal disconnection", "Success")
_NO_MQTT: Final = ("Protocol error", "Malformed packet")


def silent(broker: Broker, seconds: float) -> str:
    return f"no answer within {seconds:g} s; {_check(broker)}"


def why_lost(broker: Broker, name: str, *, was_open: bool = True) -> str:
    """Of a connection that ended in good order; `name` is what MQTT calls the reason."""
    if name in _LOSSES:
        return _LOSSES[name]
    if name in _NO_MQTT:
        return not_mqtt(broker)
    if name not in _NOTHING:
        return f"{BROKER.closed}: {name.lower()}"
    if not was_open:
        return f"{BROKER.closed} before it said who it is; {_check(broker)}"
    # Some brokers do not say so.
    return BROKER.closed + (
        ", perhaps for another client with our client_id" if broker.client_id else ""
    )


def refused(name: str) -> str:
    """Of a broker that does not let us in; `name` is what MQTT calls the reason."""
    return _REFUSALS.get(name) or f"it refuses us: {name.lower()}"


def forbidden(what: str, name: str) -> str:
    return f"it does not let us {what}" + (f": {name.lower()}" if name not in _NOTHING else "")


def not_mqtt(broker: Broker) -> str:
    return f"what comes is no MQTT; {_check(broker)}"


def _check(broker: Broker) -> str:
    kind = "TLS" if broker.tls else "plain MQTT rather than TLS"
    return f"check whether a broker listens there, for {kind}"
