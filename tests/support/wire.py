"""A Modbus TCP client of bytes and sockets, so that a test says exactly what is on the wire."""

import socket
import ssl
import struct
from typing import Final, NamedTuple, Self

from support.waiting import DEADLINE

READ_FUNCTION: Final = {"coils": 1, "discrete_inputs": 2, "holding": 3, "input": 4}


class Answer(NamedTuple):
    transaction: int
    unit: int
    pdu: bytes


def frame(transaction: int, pdu: bytes, *, unit: int = 1, protocol: int = 0) -> bytes:
    return struct.pack(">HHHB", transaction, protocol, 1 + len(pdu), unit) + pdu


def read_pdu(table: str, address: int, quantity: int) -> bytes:
    return struct.pack(">BHH", READ_FUNCTION[table], address, quantity)


def write_register_pdu(address: int, value: int) -> bytes:
    return struct.pack(">BHH", 6, address, value)


class Client:
    """Use as a context manager. Every call raises TimeoutError rather than wait for ever."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self._transaction = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises EOFError where the server closes before."""
        data = bytearray()
        while len(data) < size:
            chunk = self.socket.recv(size - len(data))
            if not chunk:
                raise EOFError(f"closed after {len(data)} of {size} bytes")
            data += chunk
        return bytes(data)

    def answer(self) -> Answer:
        transaction, protocol, length, unit = struct.unpack(">HHHB", self.receive(7))
        assert protocol == 0
        return Answer(transaction, unit, self.receive(length - 1))

    def ask(self, pdu: bytes, *, unit: int = 1) -> bytes:
        """The PDU that is answered to `pdu`."""
        self._transaction = (self._transaction + 1) & 0xFFFF
        self.send(frame(self._transaction, pdu, unit=unit))
        answer = self.answer()
        assert answer[:2] == (self._transaction, unit)
        return answer.pdu

    def read(self, table: str, address: int, quantity: int, *, unit: int = 1) -> list[int]:
        """Values of any number of addresses, as many requests as that takes."""
        step = 2000 if READ_FUNCTION[table] <= 2 else 125
        values: list[int] = []
        for start in range(address, address + quantity, step):
            count = min(step, address + quantity - start)
            pdu = self.ask(read_pdu(table, start, count), unit=unit)
            assert pdu[0] == READ_FUNCTION[table], f"exception {pdu.hex()}"
            values += _values(table, pdu[2:], count)
        return values

    def holding(self, address: int = 0, quantity: int = 1, *, unit: int = 1) -> list[int]:
        return self.read("holding", address, quantity, unit=unit)

    def is_closed(self) -> bool:
        """Wait until the server closes, with nothing sent before."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def _values(table: str, data: bytes, count: int) -> list[int]:
    if READ_FUNCTION[table] <= 2:
        assert len(data) == (count + 7) // 8
        return [data[i // 8] >> i % 8 & 1 for i in range(count)]
    return list(struct.unpack(f">{count}H", data))
