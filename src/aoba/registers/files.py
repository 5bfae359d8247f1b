"""The files of one station: runs of 16-bit records, from record 0 on (section 6.14).

A file is as long as the longest list of records it ever had. Records are kept as they travel, two
bytes each, big-endian.
"""

from aoba.errors import IllegalDataAddress


class Files(dict[int, bytearray]):
    """Records by file number."""

    def put(self, number: int, cells: bytes, *, only_new: bool) -> None:
        """Let a document's records take effect; with `only_new`, those behind the present end."""
        file = self.setdefault(number, bytearray())
        start = len(file) if only_new else 0
        file[start : len(cells)] = cells[start:]

    def read(self, number: int, record: int, count: int) -> bytes:
        """Raises IllegalDataAddress where one of the records is not defined."""
        file = self.get(number, b"")
        if 2 * (record + count) > len(file):
            raise IllegalDataAddress(f"file {number} record", record, count)
        return bytes(file[2 * record : 2 * (record + count)])

    def write(self, number: int, record: int, cells: bytes) -> None:
        """Raises IllegalDataAddress, and has stored nothing, where a record is not defined."""
        self.read(number, record, len(cells) // 2)
        self[number][2 * record : 2 * record + len(cells)] = cells
