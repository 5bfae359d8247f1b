import errno
import socket
import ssl

import pytest
from aiomqtt import MqttCodeError, MqttError
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from aoba.mqtt.reasons import is_refusal, silent, why_lost, why_not
from aoba.mqtt.url import Broker

PLAIN = Broker("b", 1883)
TLS = Broker("b", 8883, tls=True)


def connack(name):
    return MqttConnectError(ReasonCode(PacketTypes.CONNACK, name))


def lost(name):
    error = MqttError("Disconnected during message iteration")
    error.__cause__ = MqttCodeError(ReasonCode(PacketTypes.DISCONNECT, name))
    return error


def untrusted(message):
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = message
    return error


def alert(reason):
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "nobody listens there; check the port"),
        (OSError(errno.EHOSTUNREACH, "x"), "there is no way to that host"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (socket.gaierror(-2, "x"), "there is no such host"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "the broker closed the connection"),
        (untrusted("self-signed certificate"), "is not trusted: self-signed certificate; ca=FILE"),
        (untrusted("Hostname mismatch, x."), "is not its own: Hostname mismatch, x; use the name"),
        (alert("CERTIFICATE_REQUIRED"), "it refuses us: certificate required; cert=FILE"),
        (alert("WRONG_VERSION_NUMBER"), "TLS fails: wrong version number; check the port"),
    ],
)
def test_why_there_is_no_connection(error, words):
    assert words in why_not(PLAIN, error)


def test_a_reset_during_a_handshake():
    assert why_not(TLS, ConnectionResetError()).endswith("check whether it speaks TLS there")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (connack("Not authorized"), "it does not let us in; check user= and password="),
        (connack("Bad user name or password"), "user or password are wrong; check user="),
        (connack("Server busy"), "it refuses us: server busy"),
        (lost("Session taken over"), "another client with our client_id has taken our place"),
        (lost("Server shutting down"), "the broker closed the connection: server shutting down"),
        (lost("Unspecified error"), "the broker closed the connection"),
        (lost("Keep alive timeout"), "the broker is silent"),
        (MqttCodeError(4, "Could not publish message"), "the broker closed the connection"),
    ],
)
def test_why_a_connection_is_lost(error, words):
    assert why_lost(PLAIN, error).startswith(words)


def test_another_client_may_have_our_name():
    assert why_lost(PLAIN) == "the broker closed the connection"
    assert why_lost(Broker("b", 1883, client_id="x"), lost("Unspecified error")) == (
        "the broker closed the connection, perhaps for another client with our client_id"
    )


def test_a_broker_that_stops_to_answer():
    error = MqttError("Operation timed out")
    error.__context__ = TimeoutError()  # as aiomqtt raises it

    assert why_lost(PLAIN, error) == "the broker does not answer any more"


def test_only_a_refusal_is_one():
    assert is_refusal(connack("Not authorized"))
    assert not is_refusal(lost("Server shutting down"))


def test_silence_may_mean_that_it_speaks_tls():
    assert "for plain MQTT rather than TLS" in silent(PLAIN, 5)
    assert "for TLS" in silent(TLS, 5)
