"""Function 8, by bytes: what is echoed, told and cleared, and what of it comes afterwards."""

import pytest

from aoba.errors import IllegalDataValue, IllegalFunction
from aoba.modbus.peer import Peer
from aoba.modbus.requests.diagnostics import SUB_FUNCTIONS, Diagnostic
from aoba.modbus.spec import DiagnosticCode
from support.station import FakePort

COUNTED = {
    "bus_messages": 11,
    "communication_errors": 12,
    "exceptions": 13,
    "messages": 14,
    "silences": 15,
    "overruns": 18,
}
"""By the sub-functions that tell them."""


@pytest.fixture
def port():
    return FakePort(log=[0x40, 0x80], **COUNTED)


@pytest.fixture
def client(port):
    return Peer("line", port)


def carried_out(client, sub_function, data="0000"):
    pdu = bytes((8, 0, sub_function)) + bytes.fromhex(data)
    return Diagnostic.decode(pdu).carry_out(None, client)


def test_whatever_words_come_are_echoed(client):
    assert carried_out(client, 0, "a537 0001") == bytes.fromhex("08 0000 a537 0001")


@pytest.mark.parametrize("sub_function", COUNTED.values())
def test_what_was_counted(client, sub_function):
    assert carried_out(client, sub_function) == bytes((8, 0, sub_function, 0, sub_function))


@pytest.mark.parametrize("sub_function", [2, 16, 17])
def test_what_never_happens_is_told_as_0(client, sub_function):
    assert carried_out(client, sub_function) == bytes((8, 0, sub_function, 0, 0))


def test_more_than_16_bits_of_a_count_begin_anew(client, port):
    port.messages = 0x1_0003

    assert carried_out(client, 14) == bytes.fromhex("08 000e 0003")


def test_counters_are_cleared_when_the_request_that_clears_them_is_counted(client, port):
    assert carried_out(client, 10) == bytes.fromhex("08 000a 0000")
    assert port.messages == 14
    for act in port.later:
        act()

    assert (port.messages, port.log) == (0, [0x40, 0x80])


def test_overruns_are_cleared_at_once(client, port):
    assert carried_out(client, 20) == bytes.fromhex("08 0014 0000")
    assert (port.overruns, port.messages) == (0, 14)


def test_a_client_that_only_listens_gets_no_answer_until_it_asks_for_a_restart(client, port):
    assert carried_out(client, 4) == b""
    assert client.listen_only
    assert carried_out(client, 1) == bytes.fromhex("08 0001 0000")
    assert not client.listen_only
    (act,) = port.later
    act()

    assert (port.messages, port.log) == (0, [0x04, 0x40, 0x80])


def test_a_restart_may_clear_the_log_too(client, port):
    assert carried_out(client, 1, "ff00") == bytes.fromhex("08 0001 ff00")
    port.later[0]()

    assert port.log == []


@pytest.mark.parametrize(
    ("pdu", "error"),
    [
        ("08", IllegalDataValue),
        ("08 00", IllegalDataValue),
        ("08 0005 0000", IllegalFunction),
        ("08 ffff", IllegalFunction),  # before its length is looked at
        ("08 0000", IllegalDataValue),  # no word
        ("08 0000 aa", IllegalDataValue),  # half a word
        ("08 000b 0001", IllegalDataValue),
        ("08 000b 0000 0000", IllegalDataValue),
        ("08 0001 ff01", IllegalDataValue),
    ],
)
def test_what_is_no_request(pdu, error):
    with pytest.raises(error):
        Diagnostic.decode(bytes.fromhex(pdu))


def test_each_code_of_the_specification_has_a_row():
    assert set(SUB_FUNCTIONS) == set(DiagnosticCode)
