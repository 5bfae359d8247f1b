"""Rows of links: whatever a row names is there, and makes a link of its URL."""

from importlib import import_module

import pytest

from aoba.endpoints.url import SCHEMES, parse_listen
from aoba.links.open import open_link
from aoba.links.roles import NO_RULES
from aoba.links.served import ServedStations


@pytest.mark.parametrize("name", SCHEMES)
def test_what_a_row_names_is_there(name):
    module, _, opener = SCHEMES[name].open.partition(":")

    assert callable(getattr(import_module(module), opener))


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("tcp://127.0.0.1:0", "aoba.links.tcp"),
        ("udp://127.0.0.1:0", "aoba.links.udp"),
        ("rtu:///dev/ttyS0", "aoba.links.serial"),
        ("rtu+tcp://127.0.0.1:0", "aoba.links.rtu_tcp"),
    ],
)
def test_a_url_is_opened_by_its_row(text, module):
    served = ServedStations({}.get, NO_RULES, room=10)

    assert type(open_link(parse_listen(text), served)).__module__ == module
