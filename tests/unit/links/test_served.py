"""Which stations a client of a link has, by what it has called."""

import pytest

from aoba.endpoints.url import parse_listen
from aoba.links.served import AnyUnit, LaterStations, ServedStations
from aoba.modbus.peer import Peer
from aoba.modbus.response_cache import ResponseCache


class Bus:
    def __init__(self, **stations):
        self.stations = {int(unit[1:]): station for unit, station in stations.items()}
        self.cache = ResponseCache()


@pytest.fixture
def buses():
    return {"main": Bus(u1="one"), "20001": Bus(u7="seven"), "10.9.0.5": Bus(u1="five")}


def found(buses, url, called=("127.0.0.1", 5020)):
    client = Peer("somebody")
    client.called = called
    return ServedStations(buses.get, {}, 10)._bus(client, parse_listen(url))


def test_a_link_serves_main_or_the_bus_that_it_names(buses):
    assert found(buses, "tcp://127.0.0.1:5020") == ({1: "one"}, buses["main"].cache)
    assert found(buses, "tcp://127.0.0.1:5020?bus=20001")[0] == {7: "seven"}


def test_or_the_one_of_the_port_or_the_address_that_was_called(buses):
    url = "tcp://127.0.0.1:20000-20999?bus={port}"
    assert found(buses, url, ("127.0.0.1", 20001))[0] == {7: "seven"}
    url = "tcp://10.9.0.0/18:502?bus={ip}"
    assert found(buses, url, ("10.9.0.5", 502))[0] == {1: "five"}


def test_a_bus_that_is_not_there_may_come(buses):
    stations, cache = found(buses, "tcp://127.0.0.1:20000-20999?bus={port}", ("127.0.0.1", 20002))

    assert (len(stations), stations.get(1), cache) == (0, None, None)
    buses["20002"] = Bus(u1="late")
    assert (dict(stations), len(stations)) == ({1: "late"}, 1)


def test_every_unit_id_may_mean_the_only_station(buses):
    stations, cache = found(buses, "tcp://127.0.0.1:5020?any_unit=true")

    assert [stations.get(unit) for unit in (1, 9, 255)] == ["one"] * 3
    assert stations.get(0) is None  # which is broadcast on a line
    assert cache is None  # what is remembered there would hold for other links


def test_but_not_where_there_are_several():
    stations = AnyUnit({1: "one", 2: "two"})

    assert [stations.get(unit) for unit in (1, 2, 3)] == ["one", "two", None]


def test_nobody_is_at_home_where_there_is_no_bus():
    assert list(LaterStations("north", lambda _: None)) == []
