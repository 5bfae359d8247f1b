import pytest

from aoba.endpoints.url import SCHEMES
from aoba.links.protocols import foreign_words
from aoba.modbus.foreign import WireProtocol

PLACES = {
    scheme: "/dev/ttyS0" if scheme in ("rtu", "ascii") else "10.0.0.5:502" for scheme in SCHEMES
}


def words(scheme, protocol):
    return foreign_words(f"{scheme}://{PLACES[scheme]}", protocol)


@pytest.mark.parametrize(
    ("scheme", "protocol", "says"),
    [
        (
            "tcp",
            WireProtocol.RTU,
            "RTU frames where Modbus TCP is expected; rtu+tcp://10.0.0.5:502 would take them",
        ),
        (
            "tcp",
            WireProtocol.TLS,
            "TLS where Modbus TCP is expected; tls://10.0.0.5:502 would take that",
        ),
        (
            "rtu+tcp",
            WireProtocol.MODBUS_TCP,
            "Modbus TCP where RTU frames are expected; tcp://10.0.0.5:502 would take that",
        ),
        (
            "tcp",
            WireProtocol.HTTP,
            (
                "HTTP where Modbus TCP is expected; no link takes that there; "
                "the client has to be set otherwise"
            ),
        ),
        (
            "rtu",
            WireProtocol.MODBUS_TCP,
            (
                "Modbus TCP where RTU frames are expected; "
                "the converter on the line has to make RTU frames of it"
            ),
        ),
        (
            "ascii",
            WireProtocol.RTU,
            "RTU frames where ASCII frames are expected; rtu:///dev/ttyS0 would take them",
        ),
    ],
)
def test_names_the_link_that_was_meant(scheme, protocol, says):
    assert words(scheme, protocol) == says


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_link_has_one_protocol_of_its_own(scheme):
    assert [protocol for protocol in WireProtocol if not words(scheme, protocol)] == [
        {"rtu": "RTU frames", "rtu+tcp": "RTU frames", "ascii": "ASCII frames"}.get(
            scheme, "Modbus TCP"
        )
    ]
    assert words(scheme, None) == ""


def test_before_the_handshake_tls_is_expected():
    url = "tls://10.0.0.5:802"

    assert foreign_words(url, WireProtocol.TLS, WireProtocol.TLS) == ""
    assert foreign_words(url, WireProtocol.MODBUS_TCP, WireProtocol.TLS) == (
        "Modbus TCP where TLS is expected; tcp://10.0.0.5:802 would take that"
    )


def test_where_the_link_is_not_known_nothing_is_said():
    assert foreign_words("", WireProtocol.RTU) == ""
