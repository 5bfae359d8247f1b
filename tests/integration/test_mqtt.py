"""Documents through a real broker: to a server, from a publisher, and with the broker restarted."""

import json
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from aoba.endpoints.client_tls import ClientTls
from aoba.endpoints.tls import client_context
from builders import a_range, a_station, one_range, raw, stations
from support.broker import Broker, Publisher, needs_mosquitto
from support.certificates import Authority
from support.commands import refused
from support.documents import RUN_NUMBER, printing, until_exists
from support.server import Server, plain_environment, run_aoba
from support.waiting import eventually
from support.wire import Client, read_pdu, write_register_pdu

pytestmark = [needs_mosquitto, pytest.mark.of_python]

TOPIC = "plant/tank"
WRONG = raw(one_range("holding", 0, [70000]))
WHY = r"stations\[0\]\.map\.holding\[0\]\.initial_values\[0\]: expected 0\.\.65535, got 70000"

Serve = Callable[..., Server]
Script = Callable[..., Path]


def holding(value: int, address: int = 0, unit: int = 1) -> bytes:
    return raw(stations(a_station(unit, holding=[a_range(address, [value])])))


def a_line(*args: Any, **more: Any) -> str:
    return json.dumps(one_range(*args, **more))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as broker:
        yield broker


@pytest.fixture
def publish() -> Iterator[Callable[..., Publisher]]:
    with ExitStack() as stack:
        yield lambda *args, **more: stack.enter_context(Publisher(*args, **more))


def port_of(server: Server) -> int:
    """Of a server that may have no document yet."""
    return int(server.wait_for_log(r"listening on tcp://127\.0\.0\.1:(\d+)")[1])


def serves(server: Server, value: int, **place: int) -> None:
    with Client(port_of(server)) as client:
        address, unit = place.get("address", 0), place.get("unit", 1)
        answer = b"\x03\x02" + struct.pack(">H", value)
        pdu = read_pdu("holding", address, 1)
        eventually(lambda: client.ask(pdu, unit=unit) == answer, f"{value} being served")


def test_a_fleet_and_errors_that_say_which_topic_and_where(serve: Serve, broker: Broker) -> None:
    server = serve(broker.url("plant/+/values"))
    port_of(server)
    broker.publish("plant/a/values", WRONG)
    broker.publish("plant/b/values", b"no JSON")
    broker.publish("plant/c/values", holding(3))

    broker.publish("plant/d/values", holding(4, unit=2))
    server.wait_for_log(rf"ERROR +plant/\+/values: plant/a/values: {WHY}$")
    server.wait_for_log(r"ERROR +plant/\+/values: plant/b/values: .*JSON")
    serves(server, 3)
    serves(server, 4, unit=2)
    assert server.stop()[0] == 0
    assert server.logged("deliveries: 4, failed: 2, documents: 2")


def test_what_the_broker_keeps_and_what_comes(serve: Serve, broker: Broker) -> None:
    broker.publish(TOPIC, holding(7))
    server = serve(broker.url(TOPIC))
    with Client(server.port) as client:
        assert client.holding() == [7]  # at once
        broker.publish(TOPIC, b"")  # lets the broker forget, and is no document
        broker.publish(TOPIC, holding(8))
        eventually(lambda: client.holding() == [8])
    assert server.stop()[0] == 0
    assert server.logged("tank: deliveries: 2, failed: 0, documents: 2")


def test_a_message_that_is_too_large(serve: Serve, broker: Broker) -> None:
    server = serve(broker.url(TOPIC))
    port_of(server)
    broker.publish(TOPIC, b" " * (16 << 20) + holding(7), retain=False)
    server.wait_for_log(r"ERROR +tank: plant/tank: expected 16 MiB at most, got \d+ bytes$")
    broker.publish(TOPIC, holding(8))
    serves(server, 8)


def test_one_that_a_broker_of_version_5_does_not_even_send(serve: Serve, broker: Broker) -> None:
    server = serve(broker.url(f"{TOPIC}?protocol=5"))
    server.wait_for_log("connected to")
    port_of(server)
    broker.publish(TOPIC, b" " * (17 << 20) + holding(7), retain=False)
    broker.publish(TOPIC, holding(8))
    serves(server, 8)
    assert not server.logged("ERROR")


def test_a_thousand_kept_topics_are_taken_and_asked_for_but_once(
    serve: Serve, broker: Broker
) -> None:
    broker.publish_many([(f"plant/{n}", holding(n, address=n)) for n in range(1500)])
    server = serve(broker.url("plant/#?qos=0"))
    serves(server, 1499, address=1499)
    broker.publish("plant/0", holding(7), retain=False)
    serves(server, 7)
    assert server.stop()[0] == 0
    assert server.logged("deliveries: 1501, failed: 0, documents: 1501")
    assert not server.logged("ERROR|WARNING")


def test_a_flood(serve: Serve, broker: Broker) -> None:
    """Of more than a broker has room for, mosquitto passes over the newest."""
    broker.publish(TOPIC, holding(1))
    server = serve(broker.url(TOPIC))
    serves(server, 1)
    server.process.send_signal(signal.SIGSTOP)
    broker.publish_many([(TOPIC, holding(number)) for number in range(3000)])
    server.process.send_signal(signal.SIGCONT)
    serves(server, 2999)
    assert not server.logged("ERROR")


def test_the_broker_is_restarted(serve: Serve, broker: Broker) -> None:
    broker.publish(TOPIC, holding(7))
    server = serve(broker.url(TOPIC))
    serves(server, 7)
    broker.stop()
    server.wait_for_log(r"ERROR +tank: mqtt://127\.0\.0\.1:\d+: the broker closed the connection$")
    server.wait_for_log(r"ERROR .* nobody listens there; check the port, and whether the broker ")
    serves(server, 7)  # what there is stays
    broker.start()
    broker.publish(TOPIC, holding(8))  # perhaps before Aoba is there: the broker keeps it
    serves(server, 8)
    server.wait_for_log(r"INFO +tank: connected to mqtt://.* after \d+\.\d s, at attempt \d+$")
    assert len(server.logged("mqtt://")) == 4


def test_a_broker_that_comes_later(serve: Serve, broker: Broker) -> None:
    broker.stop()
    server = serve(broker.url(TOPIC))
    server.wait_for_log("nobody listens there")
    port_of(server)  # nobody waits for it
    broker.start()
    broker.publish(TOPIC, holding(7))
    serves(server, 7)


def test_nothing_waits_for_a_broker_at_the_end(serve: Serve, broker: Broker) -> None:
    broker.stop()
    server = serve(broker.url(TOPIC))
    server.wait_for_log("nobody listens there")
    code, seconds = server.stop(signal.SIGINT)
    assert code == 0
    assert seconds < 3


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_what_was_missed_comes_where_the_session_stays(
    serve: Serve, broker: Broker, protocol: str
) -> None:
    url = broker.url(f"{TOPIC}?client_id=tank&persistent=true&protocol={protocol}")
    first = serve(url)
    port_of(first)
    first.wait_for_log("connected to")
    assert first.stop()[0] == 0
    broker.publish(TOPIC, holding(7), retain=False)
    serves(serve(url), 7)


def test_what_is_kept_is_no_news_after_a_lost_connection(serve: Serve, tmp_path: Path) -> None:
    store = (f"persistence_location {tmp_path}/", "persistence true")
    with Broker(tmp_path, *store) as broker:
        broker.publish(TOPIC, holding(7))
        server = serve(broker.url(f"{TOPIC}?stale_after=300ms&on_stale=exception"))
        server.wait_for_log("stale, newest document")
        broker.stop()
        broker.start()
        server.wait_for_log("connected to .* after")
        broker.publish("other", b"")
        with Client(port_of(server)) as client:
            assert client.ask(read_pdu("holding", 0, 1)) == b"\x83\x04"
            broker.publish(TOPIC, holding(7))
            server.wait_for_log("fresh again")
            eventually(lambda: client.ask(read_pdu("holding", 0, 1)) == b"\x83\x04")
    assert len(server.logged("fresh again")) == 1


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Broker]:
    """Knows ann, whose password is `hu sh?`."""
    passwords = tmp_path / "passwords"
    made = subprocess.run(
        ["mosquitto_passwd", "-b", "-c", passwords, "ann", "hu sh?"],
        check=False,
        capture_output=True,
    )
    assert made.returncode == 0, made.stderr
    with Broker(tmp_path, f"password_file {passwords}", anonymous=False) as broker:
        yield broker


def test_passwords(serve: Serve, guarded: Broker, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hu sh?\n")
    auth = {"username": "ann", "password": "hu sh?"}
    guarded.publish("a", holding(7), auth=auth)
    guarded.publish("b", holding(8, address=5), auth=auth)
    server = serve(
        guarded.url("a", who="ann:hu%20sh%3F@"),
        guarded.url(f"b?user=ann&password=@{tmp_path}/secret"),
    )
    serves(server, 7)
    serves(server, 8, address=5)
    assert not server.logged("hu sh")


def test_wrong_passwords(serve: Serve, guarded: Broker) -> None:
    server = serve(
        guarded.url("a", who="ann:guess@"), guarded.url("b?protocol=5", who="ann:guess@")
    )
    for name in "ab":
        server.wait_for_log(
            rf"ERROR +{name}: mqtt://127\.0\.0\.1:\d+: it does not let us in; check user= and "
        )
    port_of(server)
    assert not server.logged("guess")


def test_tls(serve: Serve, tmp_path: Path) -> None:
    authority = Authority(tmp_path, bare=True)
    theirs, ours = authority.issue("broker"), authority.issue("aoba")
    lines = (
        f"cafile {authority.cert}",
        f"certfile {theirs.cert}",
        f"keyfile {theirs.key}",
        "require_certificate true",
    )
    context = client_context(ClientTls(ca=authority.cert, cert=ours.cert, key=ours.key))
    who = f"cert={ours.cert}&key={ours.key}"
    with Broker(tmp_path, *lines) as broker:
        broker.publish(TOPIC, holding(7), tls=context)
        url = broker.url(TOPIC, "mqtts")
        server = serve(f"{url}?ca={authority.cert}&{who}")
        serves(server, 7)
        broker.stop()
        broker.start()
        broker.publish(TOPIC, holding(8), tls=context)
        serves(server, 8)

        stranger = serve(f"{url}?{who}")
        stranger.wait_for_log(r"ERROR .* the certificate is not trusted: .*; ca=FILE says who")
        other = serve(f"{url}?ca={authority.cert}&{who}&name=elsewhere")
        other.wait_for_log(r"ERROR .* the certificate is not its own: .*; name=NAME says whom")
        strict = serve(f"{url}?ca={authority.cert}&{who}&strict=true")
        strict.wait_for_log(r"ERROR .* the certificate is not trusted: Missing Authority Key")
        nobody = serve(f"{url}?ca={authority.cert}")
        nobody.wait_for_log(r"ERROR .* it refuses us: .*certificate required; cert=FILE&key=FILE")


def test_who_takes_our_place(serve: Serve, broker: Broker) -> None:
    url = broker.url(f"{TOPIC}?client_id=twin")
    one = serve(url)
    one.wait_for_log("connected to")
    serve(url)
    one.wait_for_log("ERROR .*, perhaps for another client with our client_id$")


def test_published_here_and_served_there(
    serve: Serve, script: Script, broker: Broker, publish: Callable[..., Publisher]
) -> None:
    path = script(RUN_NUMBER, "put(run, reboot_interval=50)\n")
    publisher = publish(path, broker.url(TOPIC))
    server = serve(broker.url(TOPIC))
    with Client(server.port) as client:
        first = client.holding()
        eventually(lambda: client.holding() > first)
        broker.stop()
        publisher.wait_for_log(r"ERROR +mqtt://127\.0\.0\.1:\d+: the broker closed the connection$")
        server.wait_for_log("the broker closed the connection$")
        last = client.holding()
        broker.start()
        eventually(lambda: client.holding() > last)
        assert publisher.stop()[0] == 0
        told = publisher.logged(r"/plant/tank: documents published: \d+, connections: 2$")
        assert len(told) == 1
        newest = json.loads(broker.kept(TOPIC))["stations"][0]["map"]["holding"][0]
        eventually(lambda: client.holding() == newest["initial_values"])


def test_the_newest_value_is_not_lost_while_the_broker_is_away(
    serve: Serve, script: Script, broker: Broker, publish: Callable[..., Publisher], tmp_path: Path
) -> None:
    """What is printed then, and never again, stands there afterwards, and only that."""
    gate = tmp_path / "gate"
    path = script(
        printing(a_line("holding", 0, [1])),
        until_exists(gate),
        printing(a_line("holding", 0, [2]), a_line("holding", 5, [3])),
        "time.sleep(600)\n",
    )
    publisher = publish(f"{path}?timeout=1h", broker.url(TOPIC))
    server = serve(broker.url(TOPIC))
    serves(server, 1)
    broker.stop()
    publisher.wait_for_log("the broker closed the connection")
    gate.touch()
    publisher.wait_for_log("nobody listens there")
    broker.start()
    serves(server, 2)
    serves(server, 3, address=5)
    broker.stop()
    broker.start()  # it has forgotten everything
    late = serve(broker.url(TOPIC))  # of ranges in several documents it gets all
    serves(late, 2)
    serves(late, 3, address=5)


def test_slave_stations_keep_their_meaning(
    serve: Serve, script: Script, broker: Broker, publish: Callable[..., Publisher]
) -> None:
    path = script(
        RUN_NUMBER,
        """
        import json
        print(json.dumps({"reboot_interval": 50, "stations": [{"id": 1, "mode": "slave", "map": {
            "holding": [{"address_start": 0, "initial_values": [5]}],
            "input": [{"address_start": 0, "initial_values": [run]}],
        }}]}))
        """,
    )
    publish(path, broker.url(TOPIC))
    server = serve(broker.url(TOPIC))
    with Client(server.port) as client:
        assert client.holding() == [5]
        client.ask(write_register_pdu(0, 77))
        run = client.read("input", 0, 1)
        eventually(lambda: client.read("input", 0, 1) > run)
        assert client.holding() == [77]


def test_an_edited_script_takes_back_what_it_defined(
    script: Script, broker: Broker, publish: Callable[..., Publisher]
) -> None:
    publish(script(printing(a_line("holding", 0, [1]))), broker.url(TOPIC))
    eventually(lambda: b"holding" in broker.kept(TOPIC))
    script(printing(a_line("input", 0, [1])))
    eventually(lambda: b"holding" not in broker.kept(TOPIC))


def test_check(broker: Broker) -> None:
    broker.publish(TOPIC, holding(4711))
    broker.publish("wrong", WRONG)

    good = run_aoba("check", broker.url(TOPIC))
    wrong = run_aoba("check", broker.url("wrong"))
    broker.stop()
    absent = run_aoba("check", broker.url(TOPIC))

    assert (good.returncode, "4711" in good.stdout) == (0, True)
    assert wrong.returncode == 1
    assert "wrong: wrong: stations[0].map.holding[0].initial_values[0]: expected" in wrong.stderr
    assert absent.returncode == 1
    assert "nobody listens there; check the port, and whether the broker runs" in absent.stderr


def said(*arguments: object, **options: Any) -> str:
    """The one line of a command that is not understood."""
    done = run_aoba(*arguments, **options)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    return done.stderr.rstrip("\n")


def test_what_is_wrong_is_said_before_anything_starts(script: Script, broker: Broker) -> None:
    path, url = script(printing(a_line("holding", 0, [1]))), broker.url(TOPIC)
    unread = f"{url}?user=ann&password=@/no/such/file"
    untrusted = f"{broker.url(TOPIC, 'mqtts')}?ca=/no/such/file"

    assert "has wildcards" in refused(2, "publish", path, broker.url("plant/#"))
    assert "not a topic to publish to" in refused(2, "publish", path, "tcp://127.0.0.1:502")
    watched = f"{path}?stale_after=1"
    assert "go with the source that is served" in said("publish", watched, url)
    assert "password @/no/such/file: No such" in said("serve", unread)
    assert "/no/such/file cannot be used: No such file" in said("publish", path, untrusted)


def test_without_the_library(script: Script, broker: Broker, tmp_path: Path) -> None:
    path, url = script(printing(a_line("holding", 0, [1]))), broker.url(TOPIC)
    folder = tmp_path / "paho"
    folder.mkdir()
    missing = "raise ModuleNotFoundError(\"No module named 'paho'\", name='paho')\n"
    (folder / "__init__.py").write_text(missing)
    without = {"env": {**plain_environment(), "PYTHONPATH": str(tmp_path)}}
    words = f"aoba: {url} needs paho, which is not installed: pip install 'aoba[mqtt]'"

    assert said("serve", url, **without) == words
    assert said("publish", path, url, **without) == words
    assert said("check", url, **without) == words
