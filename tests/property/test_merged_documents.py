"""Documents one after the other give an image the same as the one document merged of them."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from aoba.document.decode import decode
from aoba.document.merge import Merged
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from builders import a_range, a_station, decoded, stations

FORMS = ("uint16", "int16", "uint32", "float32", "float64")
SIZES = {"uint16": 1, "int16": 1, "uint32": 2, "float32": 2, "float64": 4}


@st.composite
def ranges(draw, table):
    """Some that do not overlap, among few addresses, so that those of two documents do."""
    items, address = [], draw(st.integers(0, 4))
    while address < 16 and draw(st.booleans()):
        size, more = 1, {}
        if table in ("holding", "input"):
            form = draw(st.sampled_from(FORMS))
            size, more = SIZES[form], {"data_type": form}
        count = draw(st.integers(0, 3))
        rest = draw(st.integers(0 if count else 1, 2))
        values = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
        items.append(a_range(address, values, length=size * (count + rest), **more))
        address += size * (count + rest) + draw(st.integers(0, 3))
    return items


@st.composite
def documents(draw):
    def station(unit):
        tables = draw(st.sets(st.sampled_from([table.label for table in Table])))
        item = a_station(unit, **{table: draw(ranges(table)) for table in sorted(tables)})
        if draw(st.booleans()):
            item["files"] = {"7": {"records": draw(st.lists(st.integers(0, 9), max_size=4))}}
        if draw(st.booleans()):
            queue = draw(st.lists(st.integers(0, 9), max_size=4))
            fifo = a_range(draw(st.integers(0, 2)), queue, fifo=True)
            item["map"].setdefault("holding", []).append(fifo)
        if draw(st.booleans()):
            item["identity"] = {"model_name": draw(st.sampled_from(["a", "b"]))}
        return item

    units = draw(st.sets(st.sampled_from([1, 2])))
    more = {"identity": {"vendor_name": "c"}} if draw(st.booleans()) else {}
    return stations(*(station(unit) for unit in sorted(units)), **more)


def contents(image):
    return {
        unit: (
            [[(span, cells.read(*span)) for span in cells.spans] for cells in bank.tables],
            {number: bytes(records) for number, records in bank.files.items()},
            bank.fifos,
            bank.identity,
        )
        for unit, bank in image.stations.items()
    }


@settings(max_examples=100)
@given(st.lists(documents(), min_size=1, max_size=4), documents())
def test_merged_documents_say_the_same(older, there):
    one_by_one, at_once, merged = Image(), Image(), Merged()
    for image in (one_by_one, at_once):  # what has no value in a document keeps the one it has
        image.apply("source", decoded(there))
    for document in map(decoded, older):
        one_by_one.apply("source", document)
        merged.add(document)

    document = decode(json.encode(merged.document())).document
    at_once.apply("source", document)

    assert contents(at_once) == contents(one_by_one)


@settings(max_examples=50)
@given(documents())
def test_merging_what_is_known_changes_nothing(data):
    once, twice = Merged(), Merged()
    once.add(decoded(data))
    for _ in range(2):
        twice.add(decoded(data))

    assert json.encode(once.document()) == json.encode(twice.document())
