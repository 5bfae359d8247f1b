import logging

import pytest

from aoba.endpoints.url import parse_listen
from aoba.links.access import AccessRules
from aoba.modbus.peer import READING_FUNCTIONS


def guard(options="", scheme="tcp", host="127.0.0.1"):
    return AccessRules(parse_listen(f"{scheme}://{host}:5020{options}"))


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("10.0.0.1", True),
        ("10.255.255.255", True),
        ("11.0.0.1", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("::ffff:10.1.2.3", True),
        ("::ffff:11.1.2.3", False),
        ("fe80::1%eth0", True),
        ("fe81::1", False),
        ("::1", False),
    ],
)
def test_lets_in_whom_a_network_of_the_list_has(host, allowed):
    assert guard("?allow=10.0.0.0/8,192.0.2.7,fe80::/16").allows(host) == allowed


def test_without_a_list_everyone_is_let_in():
    assert guard().allows("192.0.2.7")


def test_names_an_address_that_is_turned_away_once(caplog):
    some = guard("?allow=10.0.0.0/8")
    for host in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
        assert not some.allows(host)

    assert [record.getMessage() for record in caplog.records] == [
        f"tcp://127.0.0.1:5020: 192.0.2.{number} is not allowed, and turned away"
        for number in (7, 8)
    ]


def test_readonly_leaves_what_does_not_write():
    assert guard("?readonly=true").access == (READING_FUNCTIONS, "the link has readonly=true")
    assert guard().access == (None, "")
    assert guard("?readonly=false").access == (None, "")


@pytest.mark.parametrize(
    ("options", "scheme", "hosts", "warns"),
    [
        ("", "tcp", ["127.0.0.1"], False),
        ("", "tcp", ["127.0.0.5", "::1"], False),
        ("", "tcp", ["0.0.0.0"], True),
        ("", "tcp", ["::"], True),
        ("", "udp", ["127.0.0.1", "192.0.2.7"], True),
        ("?readonly=true", "rtu+tcp", ["192.0.2.7"], True),
        ("?allow=192.0.2.0/24", "tcp", ["0.0.0.0"], False),
        ("?cert=a&key=b", "tls", ["0.0.0.0"], False),
    ],
)
def test_warns_of_what_others_can_reach(caplog, options, scheme, hosts, warns):
    guard(options, scheme).warn_if_open(hosts)

    assert [record.levelno for record in caplog.records] == [logging.WARNING] * warns
