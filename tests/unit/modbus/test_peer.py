from aoba.modbus.counters import Counters
from aoba.modbus.peer import ALL_FUNCTIONS, READING_FUNCTIONS, Peer
from aoba.modbus.spec import FunctionCode

SERIAL_ONLY = {FunctionCode.GET_COMM_EVENT_COUNTER, FunctionCode.GET_COMM_EVENT_LOG}


def test_what_a_client_may_ask_for_is_up_to_the_link():
    assert Peer("line", Counters(is_serial=True)).functions == ALL_FUNCTIONS
    assert Peer("network").functions == ALL_FUNCTIONS - SERIAL_ONLY


def test_it_may_be_less_but_never_more():
    assert Peer("nobody", functions=frozenset()).functions == frozenset()
    reader = Peer("reader", Counters(), READING_FUNCTIONS)
    assert reader.functions == READING_FUNCTIONS - SERIAL_ONLY
    assert FunctionCode.READ_COILS in reader.functions
    assert FunctionCode.WRITE_SINGLE_COIL not in reader.functions


def test_clients_share_a_port_only_when_they_are_given_one():
    counters = Counters()

    assert Peer("a", counters).counters is Peer("b", counters).counters is counters
    assert Peer("a").counters is not Peer("b").counters
