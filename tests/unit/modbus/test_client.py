from aoba.modbus.client import ALL_FUNCTIONS, READING_FUNCTIONS, Client
from aoba.modbus.port import Port
from aoba.modbus.spec import FunctionCode

SERIAL_ONLY = {FunctionCode.GET_COMM_EVENT_COUNTER, FunctionCode.GET_COMM_EVENT_LOG}


def test_what_a_client_may_ask_for_is_up_to_the_link():
    assert Client("line", Port(is_serial=True)).functions == ALL_FUNCTIONS
    assert Client("network").functions == ALL_FUNCTIONS - SERIAL_ONLY


def test_it_may_be_less_but_never_more():
    assert Client("nobody", functions=frozenset()).functions == frozenset()
    reader = Client("reader", Port(), READING_FUNCTIONS)
    assert reader.functions == READING_FUNCTIONS - SERIAL_ONLY
    assert FunctionCode.READ_COILS in reader.functions
    assert FunctionCode.WRITE_SINGLE_COIL not in reader.functions


def test_clients_share_a_port_only_when_they_are_given_one():
    port = Port()

    assert Client("a", port).port is Client("b", port).port is port
    assert Client("a").port is not Client("b").port
