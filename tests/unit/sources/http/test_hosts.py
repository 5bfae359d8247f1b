import socket

import pytest

from aoba.sources.http.hosts import Hosts

OURS = [
    None,  # as in HTTP 1.0
    "",
    "127.0.0.1",
    "127.0.0.1:8080",
    "192.0.2.7:8080",  # whoever is at that address has been reached by it
    "[::1]",
    "[2001:db8::7]:8080",
    "localhost",
    "LOCALHOST:80",
    "localhost.",
    "tank7",
    "tank7.plant.example",
    "Tank7.local:8080",
    "gateway:8080",
    "plant.example.com",
]

OTHERS = [
    "example.com",
    "example.com:8080",
    "127.0.0.1.example.com",
    "localhost.example.com",
    "tank7.example.com",
    "notlocalhost",
    "gateway.example.com",
    "com",
    "[::1",
    "a b",
    "@localhost",
    ":8080",
]


@pytest.fixture
def hosts(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "tank7.plant.example")
    return Hosts(("gateway", "plant.example.com"))


@pytest.mark.parametrize("header", OURS)
def test_this_machine_is_named(hosts, header):
    assert hosts.are_named_by(header)


@pytest.mark.parametrize("header", OTHERS)
def test_another_one_is_named(hosts, header):
    assert not hosts.are_named_by(header)
