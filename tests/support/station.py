"""A station as requests see it, of a few lines: tables, files, queues, and an order of calls."""

from aoba.errors import IllegalDataAddress
from aoba.modbus.spec import Table


class FakeStation:
    """Ten cells in each table, registers of two bytes; `calls` has what was asked, in order."""

    unit = 1

    def __init__(self, **tables):
        self.calls, self.identity, self.files, self.queues = [], {}, {}, {}
        self.tables = {
            table: bytearray(tables.get(table.label, bytes(10 if table.is_bits else 20)))
            for table in Table
        }

    def read(self, table, address, quantity):
        self.calls.append(f"read {address}..{address + quantity - 1}")
        return self.stored(table, address, quantity)

    def stored(self, table, address, quantity):
        return bytes(self.tables[table][self._place(table, address, quantity)])

    def write(self, table, address, cells, client):  # noqa: ARG002  as a station has it
        size = 1 if table.is_bits else 2
        place = self._place(table, address, len(cells) // size)
        self.calls.append(f"write {address}..{address + len(cells) // size - 1}")
        self.tables[table][place] = cells

    def read_file(self, number, record, length):
        self.calls.append(f"read file {number}")
        if number not in self.files or 2 * (record + length) > len(self.files[number]):
            raise IllegalDataAddress("file", number)
        return bytes(self.files[number][2 * record : 2 * (record + length)])

    def write_file(self, number, record, cells):
        self.calls.append(f"write file {number}")
        self.files[number][2 * record : 2 * record + len(cells)] = cells

    def read_fifo(self, address):
        if address not in self.queues:
            raise IllegalDataAddress("queue", address)
        return self.queues[address]

    def _place(self, table, address, quantity):
        size = 1 if table.is_bits else 2
        if size * (address + quantity) > len(self.tables[table]):
            raise IllegalDataAddress("address", address)
        return slice(size * address, size * (address + quantity))


class FakePort:
    """What a link has counted, as the test says; `later` has what is to be done afterwards."""

    is_serial = True

    def __init__(self, log=(), **counted):
        names = "bus_messages communication_errors exceptions messages silences overruns events"
        self.log, self.later = list(log), []
        for name in names.split():
            setattr(self, name, counted.get(name, 0))

    def afterwards(self, act):
        self.later.append(act)

    def clear(self):
        self.__init__(self.log)

    def clear_overruns(self):
        self.overruns = 0

    def restart(self, *, clear_log):
        self.__init__(() if clear_log else self.log)

    def entered_listen_only(self):
        self.log.insert(0, 0x04)
