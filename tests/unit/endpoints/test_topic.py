from pathlib import Path

import pytest

from aoba.endpoints.topic import Broker, Publication, Secret, parse_publication
from aoba.errors import UsageError
from aoba.sources.monitoring import UNMONITORED
from aoba.sources.mqtt.spec import MqttSpec
from aoba.sources.registry import parse_spec

HOST = Broker("broker", 1883)


@pytest.mark.parametrize(
    ("text", "broker", "topic"),
    [
        ("mqtt://broker/tank", HOST, "tank"),
        ("mqtt://broker:1884/plant/tank", Broker("broker", 1884), "plant/tank"),
        ("mqtt://[::1]/a", Broker("::1", 1883), "a"),
        ("mqtts://broker/a", Broker("broker", 8883, tls=True), "a"),
        ("mqtt://broker//a", HOST, "/a"),
        ("mqtt://broker/a/", HOST, "a/"),
        ("mqtt://broker/plant/#", HOST, "plant/#"),
        ("mqtt://broker/plant/+/tank?qos=1", HOST, "plant/+/tank"),
        ("mqtt://broker/#", HOST, "#"),
        ("mqtt://broker/$SYS/broker/load", HOST, "$SYS/broker/load"),
        ("mqtt://broker/$share/aoba/plant/+", HOST, "$share/aoba/plant/+"),
        ("mqtt://broker/50%25/why%3F%20%C3%A4", HOST, "50%/why? ä"),
        ("mqtt://ann@broker/a", Broker("broker", 1883, user="ann"), "a"),
        (
            "mqtt://a%40b:p%3F%3A@broker/a",
            Broker("broker", 1883, user="a@b", password=Secret("p?:")),
            "a",
        ),
        (
            "mqtt://broker/a?user=ann&password=@/run/pw&client_id=x&protocol=5",
            Broker("broker", 1883, False, "ann", Secret("@/run/pw"), "x", "5"),
            "a",
        ),
        (
            "mqtts://broker/a?ca=ca.pem&cert=c.pem&key=k.pem&name=n",
            Broker(
                "broker",
                8883,
                tls=True,
                ca=Path("ca.pem"),
                cert=Path("c.pem"),
                key=Path("k.pem"),
                name="n",
            ),
            "a",
        ),
    ],
)
def test_places_and_topics(text, broker, topic):
    spec = parse_spec(text)

    assert isinstance(spec, MqttSpec)
    assert (spec.broker, spec.topic) == (broker, topic)


def test_what_may_be_left_out():
    spec = parse_spec("mqtt://broker/a")

    assert spec == MqttSpec(HOST, "a", 1, persistent=False, monitoring=UNMONITORED)
    assert parse_publication("mqtt://broker/a") == Publication(HOST, "a", 1, retain=True)


def test_options_of_a_source():
    spec = parse_spec("mqtt://broker/a?qos=2&client_id=x&persistent=true&stale_after=5")

    assert (spec.qos, spec.persistent, spec.monitoring.freshness.stale_after) == (2, True, 5)


def test_options_of_a_publication():
    publication = parse_publication("mqtt://broker/a?qos=0&retain=false")

    assert (publication.qos, publication.retain) == (0, False)
    assert str(publication) == "mqtt://broker:1883/a"


@pytest.mark.parametrize(
    ("topic", "name"),
    [("plant/tank", "tank"), ("tank", "tank"), ("plant/+/tank", "plant/+/tank"), ("a/", "a/")],
)
def test_names(topic, name):
    spec = parse_spec(f"mqtt://broker/{topic}")

    assert (spec.name, spec.full_name) == (name, f"mqtt://broker:1883/{topic}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mqtt:broker/a", "mqtt: is followed by //; expected mqtt://HOST:PORT/TOPIC"),
        ("mqtt:///a", "mqtt:///a: the host is missing; expected mqtt://HOST:PORT/TOPIC"),
        ("mqtt://broker", "mqtt://broker/: the topic is missing; expected mqtt://HOST:PORT/TOPIC"),
        ("mqtt://broker:0/a", "mqtt://broker:0/a: the port is 0; expected mqtt://HOST:PORT/TOPIC"),
        ("mqtt://broker:x/a", "Port could not be cast"),
        ("mqtt://br..oker/a", "'br..oker' is no host"),
        ("mqtt://broker#x/a", "unknown fragment 'x'"),
        ("mqtt://broker/a#", "in 'a#', # is not the whole of the last level"),
        ("mqtt://broker/#/a", "in '#/a', # is not the whole of the last level"),
        ("mqtt://broker/a/+b", "in 'a/+b', + is not the whole of a level"),
        ("mqtt://broker/%ff", "a topic is text of at most 65535 bytes, in UTF-8"),
        ("mqtt://broker/a%00b", "a topic is text of at most 65535 bytes, in UTF-8"),
        ("mqtt://broker/" + 65536 * "a", "a topic is text of at most 65535 bytes, in UTF-8"),
        ("mqtt://broker/a?qos=3", "option 'qos': expected 0 or 1 or 2, got '3'"),
        ("mqtt://broker/a?protocol=4", "option 'protocol': expected 3.1.1 or 5, got '4'"),
        ("mqtt://broker/a?password=x", "a password goes with a user"),
        ("mqtt://broker/a?ca=x", "unknown option 'ca'"),
        ("mqtt://broker/a?retain=true", "unknown option 'retain'"),
        ("mqtt://ann@broker/a?user=bob", "the user is given twice"),
        ("mqtts://broker/a?ca=", "option 'ca': expected the path of a file, got ''"),
        ("mqtts://broker/a?name=", "option 'name': expected a name"),
        ("mqtt://broker/a?user=", "option 'user': expected some text"),
        ("mqtts://broker/a?key=k.pem", "option 'key' goes with cert=FILE"),
        ("mqtt://broker/a?persistent=true", "option 'persistent' goes with client_id=NAME"),
        ("mqtt://broker/a?on_stale=zero", "option 'on_stale' goes with stale_after"),
    ],
)
def test_what_is_no_source(text, why):
    with pytest.raises(UsageError) as caught:
        parse_spec(text)

    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("plant/tank", "plant/tank: not a topic to publish to; expected mqtt://HOST:PORT/TOPIC or"),
        ("mqt://me:SECRET@broker/t?password=SECRET", "mqt://...: not a topic to publish to"),
        ("mqtt://broker/a/#", "'a/#' has wildcards, which are for those who subscribe"),
        ("mqtt://broker/+", "'+' has wildcards, which are for those who subscribe"),
        ("mqtt://broker/$SYS/a", "'$SYS/a' is the broker's own, as all that begin with $"),
        ("mqtt://broker/a?stale_after=5", "unknown option 'stale_after'"),
    ],
)
def test_what_cannot_be_published_to(text, why):
    with pytest.raises(UsageError) as caught:
        parse_publication(text)

    assert why in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "mqtt://ann:hush@broker/a?qos=3",
        "mqtt://ann:hush@broker/#/a",
        "mqtt://ann:hush@broker:x/a",
        "mqtt://broker/a?password=hush",
        "mqtt://broker/a?user=ann&password=hush&qos=3",
    ],
)
def test_a_password_is_not_shown(text):
    with pytest.raises(UsageError) as caught:
        parse_spec(text)

    assert "hush" not in str(caught.value)


def test_a_password_is_not_shown_where_a_broker_is():
    broker = parse_spec("mqtt://ann:hush@broker/a").broker

    assert "hush" not in repr(broker)
    assert str(broker) == "mqtt://broker:1883"
