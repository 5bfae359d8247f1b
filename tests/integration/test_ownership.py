"""Who owns a value, over the wire: what a client writes, and what a later document makes of it.

Each script prints documents one after the other, each when the test opens the next gate.
"""

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.documents import document, printing, station, until_exists
from support.server import Server
from support.waiting import eventually
from support.wire import Client, write_register_pdu

Steps = Callable[..., "Stepped"]
COIL_ON, COIL_OFF = 0xFF00, 0


class Stepped:
    """A server whose script prints its next document at each `step`."""

    def __init__(self, server: Server, client: Client, gates: list[Path]) -> None:
        self.server, self.client = server, client
        self._gates = gates

    def open_gate(self) -> None:
        self._gates.pop(0).touch()

    def step(self, *, until_input: int) -> None:
        """Let the next document come, and wait until input register 0 has a value of it."""
        self.open_gate()
        eventually(lambda: self.client.read("input", 0, 1) == [until_input], "the next document")

    def write_register(self, address: int, value: int) -> None:
        pdu = write_register_pdu(address, value)
        assert self.client.ask(pdu) == pdu

    def write_coil(self, address: int, value: int) -> None:
        pdu = struct.pack(">BHH", 5, address, value)
        assert self.client.ask(pdu) == pdu


@pytest.fixture
def steps(
    serve: Callable[..., Server], script: Callable[..., Path], tmp_path: Path
) -> Iterator[Steps]:
    with ExitStack() as stack:

        def start(first: str, *more: str) -> Stepped:
            gates = [tmp_path / f"gate{i}" for i in range(len(more) + 1)]
            parts = [printing(first)]
            for gate, text in zip(gates, more, strict=False):
                parts += [until_exists(gate), printing(text)]
            server = serve(script(*parts, until_exists(gates[-1])))
            return Stepped(server, stack.enter_context(Client(server.port)), gates)

        yield start


def test_in_master_mode_the_next_document_replaces_what_a_client_wrote(steps: Steps) -> None:
    it = steps(
        document(holding=[1, 2], coils=[0], input=[1]),
        document(holding=[1, 5], coils=[0], input=[2]),
    )
    it.write_register(0, 77)
    it.write_coil(0, COIL_ON)
    assert it.client.holding(0, 2) == [77, 2]
    assert it.client.read("coils", 0, 1) == [1]
    it.step(until_input=2)
    assert it.client.holding(0, 2) == [1, 5]
    assert it.client.read("coils", 0, 1) == [0]
    for place in ("coils 0", "holding 0"):
        it.server.wait_for_log(
            rf"WARNING 127\.0\.0\.1: station 1 {place} was written, and set again by the next "
            r'document of source\.py; "mode": "slave" would leave it to clients$'
        )


def test_in_master_mode_a_write_lasts_while_documents_give_that_address_no_value(
    steps: Steps,
) -> None:
    it = steps(
        document(holding=[1, 2, 3], input=[1]),
        document(station(input=[2])),
        document(station(holding=[9], input=[3])).replace('"length": 1, "i', '"length": 3, "i', 1),
    )
    it.write_register(1, 77)
    it.step(until_input=2)
    assert it.client.holding(0, 3) == [1, 77, 3]
    it.step(until_input=3)
    assert it.client.holding(0, 3) == [9, 77, 3]


def test_in_slave_mode_coils_and_holding_registers_belong_to_the_bus(steps: Steps) -> None:
    it = steps(
        document(station(mode="slave", holding=[1, 2], coils=[1, 0], input=[1])),
        document(station(mode="slave", holding=[5, 6], coils=[0, 1], input=[2])),
    )
    it.write_register(0, 77)
    it.write_coil(1, COIL_ON)
    it.step(until_input=2)
    assert it.client.holding(0, 2) == [77, 2]
    assert it.client.read("coils", 0, 2) == [1, 1]
    assert it.server.logged("set again") == []


def test_in_slave_mode_inputs_follow_the_script(steps: Steps) -> None:
    it = steps(
        document(station(mode="slave", input=[1, 10], discrete_inputs=[1, 0])),
        document(station(mode="slave", input=[2, 20], discrete_inputs=[0, 1])),
    )
    it.step(until_input=2)
    assert it.client.read("input", 0, 2) == [2, 20]
    assert it.client.read("discrete_inputs", 0, 2) == [0, 1]


def test_in_slave_mode_a_range_defined_later_takes_its_first_values(steps: Steps) -> None:
    it = steps(
        document(station(mode="slave", holding=[1], input=[1])),
        document(station(mode="slave", holding=[5, 6], input=[2])),
    )
    it.write_register(0, 77)
    it.step(until_input=2)
    assert it.client.holding(0, 2) == [77, 6]


def test_a_refused_document_changes_nothing_of_what_stood_before_the_fault(steps: Steps) -> None:
    it = steps(
        document(holding=[1], input=[1]),
        document(station(1, holding=[9], input=[9]), station(2, coils=[1], input=[70_000])),
        document(input=[2]),
    )
    it.open_gate()
    it.server.wait_for_log(r"stations\[1\]\.map\.input\[0\]\.initial_values\[0\]: .* got 70000")
    assert it.client.holding() == [1]
    assert it.client.ask(b"\x01\0\0\0\x01", unit=2) == b"\x81\x0b"
    it.step(until_input=2)


def typed(mode: str, tables: dict[str, list[float]], step: int) -> str:
    """Ranges of float32 with room for three values, and the number of the step."""
    ranges = {
        table: [
            {"address_start": 10, "length": 6, "data_type": "float32", "initial_values": values}
        ]
        for table, values in tables.items()
    }
    ranges.setdefault("input", []).append({"address_start": 0, "initial_values": [step]})
    return json.dumps([{"id": 1, "mode": mode, "map": ranges}])


def floats(client: Client, table: str) -> list[float]:
    registers = client.read(table, 10, 6)
    return list(struct.unpack(">3f", struct.pack(">6H", *registers)))


def test_typed_values_belong_to_whom_plain_ones_would_in_master_mode(steps: Steps) -> None:
    it = steps(
        typed("master", {"holding": [1.5, 2.5]}, 1),
        typed("master", {"holding": [4.5]}, 2),
    )
    assert floats(it.client, "holding") == [1.5, 2.5, 0.0]
    it.write_register(12, 0x40E0)  # makes the second 7.0
    it.write_register(14, 0x40E0)
    assert floats(it.client, "holding") == [1.5, 7.0, 7.0]
    it.step(until_input=2)
    assert floats(it.client, "holding") == [4.5, 7.0, 7.0]


def test_typed_values_belong_to_whom_plain_ones_would_in_slave_mode(steps: Steps) -> None:
    it = steps(
        typed("slave", {"holding": [1.5, 2.5], "input": [1.5]}, 1),
        typed("slave", {"holding": [4.5, 5.5, 6.5], "input": [4.5, 5.5]}, 2),
    )
    it.write_register(12, 0x40E0)
    it.step(until_input=2)
    assert floats(it.client, "holding") == [1.5, 7.0, 0.0]
    assert floats(it.client, "input") == [4.5, 5.5, 0.0]


def test_a_typed_value_that_does_not_fit_changes_nothing(steps: Steps) -> None:
    it = steps(
        typed("master", {"holding": [1.5]}, 1),
        typed("master", {"holding": [2.5, 1e39]}, 9),
        typed("master", {}, 2),
    )
    it.open_gate()
    it.server.wait_for_log(r"map\.holding\[0\]\.initial_values\[1\]: expected .*, got 1e\+39")
    assert floats(it.client, "holding") == [1.5, 0.0, 0.0]
    it.step(until_input=2)
