"""Which protocol some bytes are of."""

import pytest

from aoba.modbus import ascii as ascii_framing
from aoba.modbus import rtu
from aoba.modbus.foreign import WireProtocol, protocol_of

READ = bytes.fromhex("03 0000 000A")  # function, address, quantity
MBAP = bytes.fromhex("0001 0000 0006 01") + READ  # transaction, protocol, length, unit, PDU
HELLO = bytes.fromhex("16 0301 0005 01 000001 00")  # handshake, version, length, ClientHello ...


@pytest.mark.parametrize(
    ("data", "protocol"),
    [
        (rtu.encode(1, READ), WireProtocol.RTU),
        (rtu.encode(1, READ) * 2, WireProtocol.RTU),
        (rtu.encode(17, bytes.fromhex("10 0001 0001 02 0007")), WireProtocol.RTU),
        # With address 0 and quantity 2, this one has a good header of Modbus TCP.
        (rtu.encode(1, bytes.fromhex("03 0000 0002")), WireProtocol.RTU),
        (MBAP, WireProtocol.MODBUS_TCP),
        (MBAP * 3 + MBAP[:5], WireProtocol.MODBUS_TCP),
        (ascii_framing.encode(1, READ), WireProtocol.ASCII),
        (ascii_framing.encode(1, READ).lower() + b":01", WireProtocol.ASCII),
        (HELLO, WireProtocol.TLS),
        (b"GET / HTTP/1.1\r\nHost: plc\r\n", WireProtocol.HTTP),
        (b"POST /plant HTTP/1.1\r\n", WireProtocol.HTTP),
        (b"", None),
        (b"\x01\x03", None),
        (rtu.encode(1, READ)[:-1], None),
        (rtu.encode(1, READ)[:-1] + b"?", None),
        (ascii_framing.encode(1, READ)[:6], WireProtocol.ASCII),
        (ascii_framing.encode(1, READ)[:5], None),
        (b":01 READ", None),
        (MBAP[:-1], None),
        (bytes.fromhex("0001 0000 0002 01 41"), None),  # no function of that code
        (bytes.fromhex("0001 0001 0006 01") + READ, None),  # another protocol id
        (b"GETTING", None),
    ],
)
def test_the_bytes_decide(data, protocol):
    assert protocol_of(data) is protocol


def test_no_transaction_id_makes_modbus_tcp_look_like_anything_else():
    wrong = [
        i for i in range(0x10000) if protocol_of(i.to_bytes(2, "big") + MBAP[2:]) != "Modbus TCP"
    ]

    assert wrong == []
