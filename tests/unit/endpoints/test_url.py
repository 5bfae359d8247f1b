import re
from importlib import import_module
from ipaddress import ip_network
from pathlib import Path

import pytest

from aoba.endpoints.url import DEFAULT_LISTEN, SCHEMES, NetworkUrl, SerialUrl, TlsUrl, parse_listen
from aoba.errors import UsageError

EXAMPLES = {
    "tcp": "tcp://127.0.0.1:5020",
    "tls": "tls://127.0.0.1:802?cert=/c.pem&key=/k.pem",
    "udp": "udp://127.0.0.1:5020",
    "rtu+tcp": "rtu+tcp://127.0.0.1:5020",
    "rtu": "rtu:///dev/ttyUSB0",
    "ascii": "ascii:///dev/ttyS0",
}
NETWORKS = ["tcp", "tls", "udp", "rtu+tcp"]


def with_option(scheme, option):
    text = EXAMPLES[scheme]
    return f"{text}{'&' if '?' in text else '?'}{option}"


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
    assert parse_listen(text) == NetworkUrl("tcp", host, port)


@pytest.mark.parametrize(
    "text", [DEFAULT_LISTEN, "tcp://[::1]:502", "tcp://plant.local:0", "rtu:///dev/ttyUSB0"]
)
def test_shows_itself_as_it_is_typed(text):
    assert str(parse_listen(text)) == text


def test_every_scheme_has_an_example_and_gives_its_name_back():
    assert {name: parse_listen(text).scheme for name, text in EXAMPLES.items()} == {
        name: name for name in SCHEMES
    }


def test_the_default_is_at_home_alone():
    assert DEFAULT_LISTEN == "tcp://127.0.0.1:5020"


@pytest.mark.parametrize("scheme", NETWORKS)
def test_protection(scheme):
    options = "max_clients=3&idle=2min&allow=10.0.0.0/8,::1&readonly=true"
    url = parse_listen(with_option(scheme, options))

    assert (url.max_clients, url.idle, url.readonly) == (3, 120.0, True)
    assert url.allow == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("scheme", NETWORKS)
def test_no_protection_unless_asked_for(scheme):
    url = parse_listen(EXAMPLES[scheme])

    assert (url.max_clients, url.idle, url.allow, url.readonly) == (None, None, (), False)


def test_certificates():
    url = parse_listen("tls://plant:802?cert=/c.pem&key=/k%20y.pem&ca=ca.pem")

    assert url == TlsUrl(
        "tls", "plant", 802, cert=Path("/c.pem"), key=Path("/k y.pem"), ca=Path("ca.pem")
    )
    assert str(url) == "tls://plant:802"


def test_a_serial_line_as_devices_come():
    url = parse_listen("rtu:///dev/ttyUSB0")

    assert url == SerialUrl("rtu", Path("/dev/ttyUSB0"), 9600, "N", 8, 1)
    assert url.character == "9600 8N1"
    assert url.turnaround is None


def test_an_ascii_line_has_the_characters_of_the_specification():
    assert parse_listen("ascii:///dev/ttyS0").character == "9600 7E1"


def test_all_settings_of_a_line():
    text = (
        "ascii:///dev/ttyS0?baudrate=12345&parity=O&stopbits=2&bytesize=8"
        "&rtscts=true&xonxoff=true&turnaround=5ms&readonly=true"
    )
    assert parse_listen(text) == SerialUrl(
        "ascii",
        Path("/dev/ttyS0"),
        12345,
        "O",
        8,
        2,
        rtscts=True,
        xonxoff=True,
        turnaround=0.005,
        readonly=True,
    )


def test_no_turnaround_at_all():
    assert parse_listen("rtu:///dev/ttyS0?turnaround=0").turnaround == 0


def test_a_device_is_taken_as_it_stands():
    odd = "/dev/serial/by-id/usb-A%20b#1:1.0-port0"

    assert parse_listen(f"rtu://{odd}?parity=E").device == Path(odd)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a URL"),
        ("127.0.0.1:5020", "not a URL"),
        ("/dev/ttyUSB0", "not a URL"),
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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tcp://h:1?x=1", "unknown option 'x', known here: max_clients, idle, allow, readonly"),
        ("tcp://h:1?max_client=1", "unknown option 'max_client', did you mean max_clients?"),
        ("tcp://h:1?cert=x", "unknown option 'cert'"),
        ("tcp://h:1?max_clients=0", "option 'max_clients': expected a whole number from 1 on"),
        ("udp://h:1?idle=soon", "option 'idle': expected seconds, or a number with ms"),
        ("tcp://h:1?allow=10.0.0.1/8", "option 'allow': 10.0.0.1/8 has host bits set; expected"),
        ("tcp://h:1?allow=", "option 'allow': '' does not appear to be an IPv4 or IPv6 network"),
        ("tcp://h:1?readonly=1", "option 'readonly': expected true or false, got '1'"),
        ("tls://h:1", "option 'cert' is missing; expected tls://HOST:PORT?cert=FILE&key=FILE"),
        ("tls://h:1?cert=c", "option 'key' is missing"),
        ("tls://h:1?cert=c&key=", "option 'key': expected the path of a file, got ''"),
        ("rtu://", "the device is missing; expected rtu:///DEVICE"),
        ("rtu:///?parity=N", "the device is missing"),
        ("rtu://dev/ttyS0", "the device needs its full path, as in rtu:///dev/ttyS0; expected"),
        ("rtu:///dev/ttyS0?parity=X", "option 'parity': expected N or E or O or M or S, got 'X'"),
        ("rtu:///dev/ttyS0?stopbits=1.5", "option 'stopbits': expected 1 or 2, got '1.5'"),
        ("rtu:///dev/ttyS0?bytesize=7", "option 'bytesize': expected 8, got '7'"),
        ("rtu:///dev/ttyS0?baudrate=0", "option 'baudrate': expected a whole number from 1 on"),
        ("rtu:///dev/ttyS0?baud=9600", "unknown option 'baud', did you mean baudrate?"),
        ("rtu:///dev/ttyS0?xonxoff=true", "unknown option 'xonxoff'"),
        ("ascii:///dev/ttyS0?bytesize=6", "option 'bytesize': expected 7 or 8, got '6'"),
        ("rtu:///dev/ttyS0?max_clients=1", "unknown option 'max_clients'"),
    ],
)
def test_options_are_refused_with_what_is_accepted(text, reason):
    with pytest.raises(UsageError) as caught:
        parse_listen(text)

    assert str(caught.value).startswith(f"{text}: {reason}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_a_row_names_is_there(scheme):
    module, _, function = SCHEMES[scheme].open.partition(":")

    assert callable(getattr(import_module(module), function))


def test_several_ports_and_addresses():
    ports = parse_listen("tcp://127.0.0.1:20000-20003?bus={port}")
    assert (list(ports.ports), str(ports)) == (
        [20000, 20001, 20002, 20003],
        "tcp://127.0.0.1:20000-20003",
    )
    assert ports.bus_of("127.0.0.1", 20002) == "20002"

    network = parse_listen("tcp://10.9.0.0/18:502?bus=m-{ip}")
    assert (network.bound_host, str(network)) == ("0.0.0.0", "tcp://10.9.0.0/18:502")
    assert network.bus_of("10.9.0.7", 502) == "m-10.9.0.7"
    assert [network.has(ip) for ip in ("10.9.63.255", "10.9.64.0")] == [True, False]

    assert parse_listen("tcp://[fd00::]/64:502?bus={ip}").bound_host == "::"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tcp://127.0.0.1:20-10", "expected the first port, and one behind it up to 65535"),
        ("tcp://127.0.0.1:0-10", "expected the first port"),
        ("tcp://127.0.0.1:1-70000", "expected the first port"),
        ("tcp://10.9.0.1/18:502", "has host bits set"),
        ("tcp://10.9.0.0/99:502", "99"),
        ("tcp://plant/18:502", "plant"),
        ("udp://127.0.0.1:1-2", "a udp link has one address, one port and one bus"),
        ("udp://127.0.0.1:1?bus={port}", "a udp link has one address, one port and one bus"),
        ("tcp://127.0.0.1:1?bus={name}", "expected the name of a bus"),
        ("rtu:///dev/ttyUSB0?bus={port}", "expected the name of a bus"),
    ],
)
def test_several_that_cannot_be(text, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        parse_listen(text)
