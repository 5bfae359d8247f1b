from aoba.modbus.counters import Counters
from aoba.modbus.spec import ExceptionCode
from aoba.modbus.summary import exceptions_by_name, requests_by_name, summary


def test_nothing_was_asked():
    assert summary(Counters()) == "no requests"


def test_the_most_frequent_first_and_those_out_of_memory_with_them():
    port = Counters()
    port.requests[3] += 2
    port.requests[3] += 40
    port.requests[6] += 50
    port.requests[0x63] += 1
    port.answered(b"\xe3\x01")
    port.answered(b"\x86\x02")
    port.answered(b"\x86\x02")
    port.clients = 2

    assert summary(port) == (
        "93 requests: 50 Write Single Register, 42 Read Holding Registers, 1 function 63; "
        "3 exceptions: 2 illegal data address, 1 illegal function; 2 clients"
    )


def test_one_of_each_and_a_request_for_nobody():
    port = Counters()
    port.turned_down(3, ExceptionCode.GATEWAY_TARGET_FAILED_TO_RESPOND)
    port.clients = 1

    assert requests_by_name(port) == {"Read Holding Registers": 1}
    assert exceptions_by_name(port) == {"gateway target device failed to respond": 1}
    assert summary(port).endswith("; 1 client")
    assert port.bus_messages == 1


def test_counters_that_a_client_clears_are_others():
    port = Counters()
    port.requests[1] += 1
    port.clear()

    assert summary(port) == "1 request: 1 Read Coils"
