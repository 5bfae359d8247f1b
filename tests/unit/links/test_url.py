import pytest

from aoba.errors import UsageError
from aoba.links.url import DEFAULT_LISTEN, parse_listen


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("tcp://127.0.0.1:5020", "127.0.0.1", 5020),
        ("tcp://0.0.0.0:0", "0.0.0.0", 0),
        ("tcp://localhost:65535", "localhost", 65535),
        ("tcp://[::1]:502", "::1", 502),
        ("TCP://127.0.0.1:1", "127.0.0.1", 1),
        ("tcp://127.0.0.1:502/", "127.0.0.1", 502),
    ],
)
def test_a_tcp_port(text, host, port):
    url = parse_listen(text)

    assert (url.host, url.port) == (host, port)


@pytest.mark.parametrize("text", [DEFAULT_LISTEN, "tcp://[::1]:502", "tcp://plant.local:0"])
def test_shows_itself_as_it_is_typed(text):
    assert str(parse_listen(text)) == text


def test_the_default_is_at_home_alone():
    assert DEFAULT_LISTEN == "tcp://127.0.0.1:5020"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unknown link ''"),
        ("127.0.0.1:5020", "unknown link ''"),
        ("http://127.0.0.1:5020", "unknown link 'http'"),
        ("tcp://", "the host is missing"),
        ("tcp://:502", "the host is missing"),
        ("tcp:127.0.0.1:502", "the host is missing"),
        ("tcp://127.0.0.1", "the port is missing"),
        ("tcp://127.0.0.1:", "the port is missing"),
        ("tcp://127.0.0.1:65536", "Port out of range 0-65535"),
        ("tcp://127.0.0.1:-1", "Port could not be cast"),
        ("tcp://127.0.0.1:modbus", "Port could not be cast"),
        ("tcp://[::1:502", "Invalid IPv6 URL"),
        ("tcp://127.0.0.1:502/x", "unknown path 'x'"),
        ("tcp://127.0.0.1:502?x=1", "unknown option 'x=1'"),
        ("tcp://127.0.0.1:502#x", "unknown fragment 'x'"),
        ("tcp://me@127.0.0.1:502", "unknown user 'me'"),
    ],
)
def test_refused_with_the_reason_and_what_is_accepted(text, reason):
    with pytest.raises(UsageError) as caught:
        parse_listen(text)

    assert str(caught.value).startswith(f"{text}: {reason}")
    assert "; expected tcp://HOST:PORT" in str(caught.value)
    assert "\n" not in str(caught.value)
