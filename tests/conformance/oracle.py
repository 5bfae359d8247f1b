"""The specification once more, written down naively, to compare Aoba with.

It shares no code with Aoba: values are integers in dictionaries, one entry to an address, and each
function is a few lines that follow its figure in section 6. Slow and plain on purpose.
"""

from typing import Any, Final

REPORTED: Final = ("vendor_name", "product_code", "revision")
OBJECTS: Final = {"vendor_name": 0, "product_code": 1, "revision": 2, "vendor_url": 3}
OBJECTS |= {"product_name": 4, "model_name": 5, "user_application_name": 6}


class Refused(Exception):  # noqa: N818  as the specification has it
    """With an exception code."""


def refuse_unless(condition: bool, code: int) -> None:
    if not condition:
        raise Refused(code)


def word(pdu: bytes, at: int) -> int:
    return 256 * pdu[at] + pdu[at + 1]


def two(number: int) -> bytes:
    return bytes((number // 256 % 256, number % 256))


class Device:
    """One station, out of a station of a document."""

    def __init__(self, station: dict[str, Any]) -> None:
        self.unit = station["id"]
        self.tables: dict[str, dict[int, int]] = {}
        self.fifos: dict[int, list[int]] = {}
        for name in ("coils", "discrete_inputs", "holding", "input"):
            self.tables[name] = {}
            for item in station["map"].get(name, []):
                if item.get("fifo"):
                    self.fifos[item["address_start"]] = item["initial_values"]
                    continue
                for i, value in enumerate(item["initial_values"]):
                    self.tables[name][item["address_start"] + i] = int(value)
        files = station.get("files", {})
        self.files = {int(name): list(file["records"]) for name, file in files.items()}
        identity = station["identity"]
        self.objects = {
            OBJECTS[name] if name in OBJECTS else int(name, 16): text.encode()
            for name, text in identity.items()
        }

    def expect(self, table: str, address: int, count: int) -> None:
        for i in range(address, address + count):
            refuse_unless(i in self.tables[table], 2)

    def get(self, table: str, address: int, count: int) -> list[int]:
        self.expect(table, address, count)
        return [self.tables[table][address + i] for i in range(count)]

    def put(self, table: str, address: int, values: list[int]) -> None:
        self.expect(table, address, len(values))
        for i, value in enumerate(values):
            self.tables[table][address + i] = value


class Line:
    """What a port counts, and whether its client has asked it to listen only."""

    def __init__(self, *, is_serial: bool) -> None:
        self.is_serial = is_serial
        self.listens = False
        self.log: list[int] = []
        self.clear()

    def clear(self) -> None:
        self.bus = self.errors = self.exceptions = self.mine = self.silent = self.overruns = 0
        self.done = 0


def answered(device: Device, line: Line, pdu: bytes) -> bytes:
    """The answer to `pdu`, empty for none, and all that comes with it."""
    line.bus += 1
    line.mine += 1
    line.log.insert(0, 0x80 + 0x20 * line.listens)
    then: list[Any] = []
    listened = line.listens
    try:
        answer = b""
        restarts = pdu in (b"\x08\x00\x01\x00\x00", b"\x08\x00\x01\xff\x00")
        if not listened or restarts:
            answer = FUNCTIONS.get(pdu[0], unknown)(device, line, pdu, then)
            line.done += (pdu[0] != 11 and answer != b"") or listened
        if listened:
            answer = b""
    except Refused as refused:
        answer = bytes((pdu[0] | 0x80, refused.args[0]))
        line.exceptions += 1
    line.silent += answer == b""
    flag = 1 if answer[:1] and answer[0] & 0x80 else 0
    line.log.insert(0, 0x60 if answer == b"" else 0x40 + flag)
    for act in then:
        act()
    del line.log[64:]
    return answer


def broadcast(device: Device, line: Line, pdu: bytes) -> None:
    """What comes of `pdu` where nobody answers; only writes are carried out."""
    line.bus += 1
    line.mine += 1
    line.log.insert(0, 0xC0 + 0x20 * line.listens)
    if pdu[0] in WRITES and not line.listens:
        try:
            FUNCTIONS[pdu[0]](device, line, pdu, [])
            line.done += 1
        except Refused:
            pass
    line.silent += 1
    line.log.insert(0, 0x40 + 0x20 * line.listens)
    del line.log[64:]


def unknown(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    raise Refused(1)


def read_bits(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) == 5, 3)
    count = word(pdu, 3)
    refuse_unless(1 <= count <= 2000, 3)
    values = device.get("coils" if pdu[0] == 1 else "discrete_inputs", word(pdu, 1), count)
    data = [0] * ((count + 7) // 8)
    for i, value in enumerate(values):
        data[i // 8] += value * 2 ** (i % 8)
    return bytes((pdu[0], len(data), *data))


def read_words(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) == 5, 3)
    count = word(pdu, 3)
    refuse_unless(1 <= count <= 125, 3)
    values = device.get("holding" if pdu[0] == 3 else "input", word(pdu, 1), count)
    return bytes((pdu[0], 2 * count)) + b"".join(map(two, values))


def write_coil(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) == 5 and pdu[3] in (0, 255) and pdu[4] == 0, 3)
    device.put("coils", word(pdu, 1), [pdu[3] // 255])
    return pdu


def write_register(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) == 5, 3)
    device.put("holding", word(pdu, 1), [word(pdu, 3)])
    return pdu


def exception_status(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) == 1, 3)
    return bytes((7, sum(device.tables["coils"].get(i, 0) << i for i in range(8))))


def diagnostics(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) >= 3, 3)
    sub = word(pdu, 1)
    refuse_unless(sub in (0, 1, 2, 4, *range(10, 19), 20), 1)
    if sub == 0:
        refuse_unless(len(pdu) > 3 and len(pdu) % 2 == 1, 3)
        return pdu
    allowed = (b"\x00\x00", b"\xff\x00") if sub == 1 else (b"\x00\x00",)
    refuse_unless(pdu[3:] in allowed, 3)
    if sub == 1:
        line.listens = False
        then += [line.clear]
        then += [line.log.clear] if pdu[3] else []
        then += [lambda: line.log.insert(0, 0)]
    elif sub == 4:
        line.listens = True
        line.log.insert(0, 4)
        return b""
    elif sub == 10:
        then.append(line.clear)
    elif sub == 20:
        line.overruns = 0
    counters = {11: line.bus, 12: line.errors, 13: line.exceptions, 14: line.mine, 15: line.silent}
    if sub in counters or sub == 18:
        return pdu[:3] + two(line.overruns if sub == 18 else counters[sub])
    return pdu


def event_counter(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(line.is_serial, 1)
    refuse_unless(len(pdu) == 1, 3)
    return b"\x0b\x00\x00" + two(line.done)


def event_log(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(line.is_serial, 1)
    refuse_unless(len(pdu) == 1, 3)
    log = bytes(line.log[:64])
    return bytes((12, 6 + len(log), 0, 0)) + two(line.done) + two(line.bus) + log


def write_coils(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) >= 6, 3)
    count = word(pdu, 3)
    refuse_unless(1 <= count <= 1968 and pdu[5] == (count + 7) // 8 == len(pdu) - 6, 3)
    values = [pdu[6 + i // 8] // 2 ** (i % 8) % 2 for i in range(count)]
    device.put("coils", word(pdu, 1), values)
    return pdu[:5]


def write_registers(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) >= 6, 3)
    count = word(pdu, 3)
    refuse_unless(1 <= count <= 123 and pdu[5] == 2 * count == len(pdu) - 6, 3)
    device.put("holding", word(pdu, 1), [word(pdu, 6 + 2 * i) for i in range(count)])
    return pdu[:5]


def server_id(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) == 1, 3)
    text = b" ".join(device.objects[OBJECTS[name]] for name in REPORTED)
    return bytes((17, 2 + len(text), device.unit, 255)) + text


def read_file(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) >= 2 and 7 <= pdu[1] <= 245 and pdu[1] % 7 == 0, 3)
    refuse_unless(len(pdu) == 2 + pdu[1], 3)
    groups = [pdu[at : at + 7] for at in range(2, len(pdu), 7)]
    refuse_unless(sum(2 + 2 * word(group, 5) for group in groups) <= 251, 3)
    refuse_unless(all(word(group, 5) for group in groups), 3)
    data = b""
    for group in groups:
        number, record, count = word(group, 1), word(group, 3), word(group, 5)
        records = device.files.get(number, [])
        refuse_unless(group[0] == 6 and record + count <= len(records), 2)
        part = b"".join(map(two, records[record : record + count]))
        data += bytes((1 + len(part), 6)) + part
    return bytes((20, len(data))) + data


def write_file(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) >= 2 and 9 <= pdu[1] <= 251 and len(pdu) == 2 + pdu[1], 3)
    groups = []
    at = 2
    while at < len(pdu):
        refuse_unless(at + 7 <= len(pdu), 3)
        count = word(pdu, at + 5)
        refuse_unless(count > 0 and at + 7 + 2 * count <= len(pdu), 3)
        values = [word(pdu, at + 7 + 2 * i) for i in range(count)]
        groups.append((pdu[at], word(pdu, at + 1), word(pdu, at + 3), values))
        at += 7 + 2 * count
    for kind, number, record, values in groups:
        fits = record + len(values) <= len(device.files.get(number, []))
        refuse_unless(kind == 6 and fits, 2)
    for _, number, record, values in groups:
        device.files[number][record : record + len(values)] = values
    return pdu


def mask_write(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) == 7, 3)
    (value,) = device.get("holding", word(pdu, 1), 1)
    keep, put = word(pdu, 3), word(pdu, 5)
    masked = sum(((value if keep >> i & 1 else put) >> i & 1) << i for i in range(16))
    device.put("holding", word(pdu, 1), [masked])
    return pdu


def read_write(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) >= 10, 3)
    count, write_count = word(pdu, 3), word(pdu, 7)
    refuse_unless(1 <= count <= 125 and 1 <= write_count <= 121, 3)
    refuse_unless(pdu[9] == 2 * write_count == len(pdu) - 10, 3)
    device.expect("holding", word(pdu, 1), count)
    values = [word(pdu, 10 + 2 * i) for i in range(write_count)]
    device.put("holding", word(pdu, 5), values)
    data = b"".join(map(two, device.get("holding", word(pdu, 1), count)))
    return bytes((23, len(data))) + data


def read_fifo(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) == 3, 3)
    refuse_unless(word(pdu, 1) in device.fifos, 2)
    queue = device.fifos[word(pdu, 1)]
    return b"\x18" + two(2 + 2 * len(queue)) + two(len(queue)) + b"".join(map(two, queue))


def identification(device: Device, line: Line, pdu: bytes, then: list[Any]) -> bytes:
    refuse_unless(len(pdu) >= 2, 3)
    refuse_unless(pdu[1] == 14, 1)
    refuse_unless(len(pdu) == 4 and 1 <= pdu[2] <= 4, 3)
    known = sorted(device.objects)
    level = 0x81 + (known[-1] > 2) + (known[-1] >= 128)
    if pdu[2] == 4:
        refuse_unless(pdu[3] in known, 2)
        wanted = [pdu[3]]
    else:
        wanted = [i for i in known if i < (3, 128, 256)[pdu[2] - 1]]
        start = pdu[3] if pdu[3] in wanted else 0
        wanted = [i for i in wanted if i >= start]
    data, count = b"", 0
    for i in wanted:
        part = bytes((i, len(device.objects[i]))) + device.objects[i]
        if len(data) + len(part) > 246:
            return bytes((43, 14, pdu[2], level, 255, i, count)) + data
        data, count = data + part, count + 1
    return bytes((43, 14, pdu[2], level, 0, 0, count)) + data


WRITES: Final = (5, 6, 15, 16, 21, 22, 23)

FUNCTIONS: Final = {
    1: read_bits,
    2: read_bits,
    3: read_words,
    4: read_words,
    5: write_coil,
    6: write_register,
    7: exception_status,
    8: diagnostics,
    11: event_counter,
    12: event_log,
    15: write_coils,
    16: write_registers,
    17: server_id,
    20: read_file,
    21: write_file,
    22: mask_write,
    23: read_write,
    24: read_fifo,
    43: identification,
}
