"""One parser of host and port for whatever has them in a URL."""

import re

import pytest

from aoba.endpoints.host_port import show, split_url


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("tcp://plc:502", "plc", 502),
        ("tcp://PLC:502/", "plc", 502),
        ("tcp://[::1]:502", "::1", 502),
        ("tcp://user@10.0.0.1:0/a?b#c", "10.0.0.1", 0),
        ("//b\u00fccher:1", "b\u00fccher", 1),
    ],
)
def test_host_and_port(url, host, port):
    assert split_url(url)[:2] == (host, port)
    assert split_url(url, 9)[:2] == (host, port)


def test_who_has_a_port_of_his_own_needs_none():
    assert split_url("tcp://plc", 502).port == 502
    assert split_url("tcp://plc:", 502).port == 502


def test_the_rest_is_for_whoever_asked():
    rest = split_url("http://me@h:1/a%20b?c#d").rest

    assert (rest.username, rest.path, rest.query, rest.fragment) == ("me", "/a%20b", "c", "d")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("tcp://:502", "the host is missing"),
        ("tcp://", "the host is missing"),
        ("tcp:plc:502", "the host is missing"),
        ("tcp://plc", "the port is missing"),
        ("tcp://plc:70000", "Port out of range 0-65535"),
        ("tcp://plc:x", "Port could not be cast to integer value as 'x'"),
        ("tcp://[::1:502", "Invalid IPv6 URL"),
        ("tcp://a..b:502", "'a..b' is no host"),
        (f"tcp://{'a' * 64}:502", f"'{'a' * 64}' is no host"),
    ],
)
def test_what_is_wrong_is_said(url, says):
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        split_url(url)


@pytest.mark.parametrize("place", ["plc:502", "[::1]:502"])
def test_it_is_shown_as_it_was_given(place):
    assert show(*split_url(f"tcp://{place}")[:2]) == place
