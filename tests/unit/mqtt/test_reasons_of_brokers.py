import pytest

from aoba.endpoints.topic import Broker
from aoba.mqtt.reasons import forbidden, not_mqtt, refused, silent, why_lost

PLAIN = Broker("b", 1883)
TLS = Broker("b", 8883, tls=True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Not authorized", "it does not let us in; check user= and password="),
        ("Bad user name or password", "user or password are wrong; check user="),
        ("Server busy", "it refuses us: server busy"),
    ],
)
def test_why_a_broker_refuses_us(name, words):
    assert refused(name).startswith(words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Session taken over", "another client with our client_id has taken our place"),
        ("Server shutting down", "the broker closed the connection: server shutting down"),
        ("Unspecified error", "the broker closed the connection"),
        ("Keep alive timeout", "the broker is silent"),
    ],
)
def test_why_a_connection_is_lost(name, words):
    assert why_lost(PLAIN, name) == words


def test_what_it_does_not_let_us_do():
    assert forbidden("read a", "Not authorized") == "it does not let us read a: not authorized"


def test_another_client_may_have_our_name():
    assert why_lost(Broker("b", 1883, client_id="x"), "Unspecified error") == (
        "the broker closed the connection, perhaps for another client with our client_id"
    )


def test_who_closes_at_once_may_speak_tls_or_not():
    words = "the broker closed the connection before it said who it is; check whether a broker "

    assert why_lost(PLAIN, "Unspecified error", was_open=False).startswith(words)
    assert "for plain MQTT rather than TLS" in silent(PLAIN, 5)
    assert "for TLS" in not_mqtt(TLS)
    assert why_lost(PLAIN, "Protocol error") == not_mqtt(PLAIN)
