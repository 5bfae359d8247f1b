"""A document that is taken for the last one with other values gives what decoding it would."""

import json

from hypothesis import given
from hypothesis import strategies as st

from aoba.document.again import Frame
from aoba.document.decode import decode
from aoba.modbus.spec import Table
from aoba.registers.image import Image

values = st.integers(0, 65535)
layouts = st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}])


@st.composite
def ranges(draw, table):
    """Ranges that do not overlap: plain ones, and some of those that are part of the frame."""
    found, start = [], 0
    for _ in range(draw(st.integers(0, 3))):
        item = {"address_start": start}
        if table.is_bits:
            item["initial_values"] = draw(st.lists(st.booleans(), min_size=1, max_size=3))
        elif draw(st.integers(0, 3)):
            item["initial_values"] = draw(st.lists(values, min_size=1, max_size=4))
        else:
            item |= draw(
                st.sampled_from(
                    [
                        {"length": 5},
                        {"length": 5, "initial_values": []},
                        {"length": 5, "initial_values": [7]},
                        {"data_type": "string", "initial_values": "initial_values: ["},
                        {"data_type": "string", "initial_values": ["]"]},
                        {"data_type": "float32", "initial_values": [1.5]},
                        {"scale": 0.5, "initial_values": [2]},
                        {"name": '"initial_values": [', "initial_values": [1]},
                    ]
                )
            )
        found.append(item)
        start += 20
    return draw(st.permutations(found))


@st.composite
def documents(draw):
    stations = [
        {
            "map": {
                table.label: draw(ranges(table))
                for table in draw(st.lists(st.sampled_from(Table), unique=True, max_size=3))
            },
            "id": unit,
            "mode": draw(st.sampled_from(["master"] * 5 + ["slave"])),
        }
        for unit in draw(st.lists(st.integers(1, 3), unique=True, max_size=2))
    ]
    return draw(st.sampled_from([stations, {"reboot_interval": 50, "stations": stations}]))


def cells(image):
    """All that can be read, by unit and table."""
    return {
        (unit, table): [bank.tables[table].read(*span) for span in bank.tables[table].spans]
        for unit, bank in image.stations.items()
        for table in Table
    }


def after(raw, step):
    """The image where `raw` has taken effect, everything was written to, and `step` was done."""
    image = Image()
    image.apply("a.py", decode(raw).document)
    for bank in image.stations.values():
        for table in bank.tables:
            for start, stop in table.spans:
                table.write(start, b"\1" * table.width * (stop - start))
    step(image)
    return cells(image)


def outcomes(first, second):
    """What `second` gives as `first` with other values, and decoded; None where it is no such."""
    frame = Frame.of(first, decode(first).document)
    blocks = frame and frame.blocks(second)
    if blocks is None:
        return None
    document = decode(second).document
    return (
        after(first, lambda image: image.renew("a.py", blocks)),
        after(first, lambda image: image.apply("a.py", document)),
    )


@given(documents(), layouts, st.data())
def test_other_values(document, layout, data):
    def other(value):
        return data.draw(values) if type(value) is int else value

    first = json.dumps(document, **layout).encode()
    stations = document if isinstance(document, list) else document["stations"]
    changed = 0
    for station in stations:
        for label in station["map"]:
            for item in station["map"][label]:
                is_plain = not item.keys() - {"address_start", "initial_values", "length"}
                if is_plain and label in ("holding", "input") and item.get("initial_values"):
                    item["initial_values"] = [other(value) for value in item["initial_values"]]
                    changed += 1
    second = json.dumps(document, **layout).encode()

    found = outcomes(first, second + data.draw(st.sampled_from([b"", b"\n"])))
    if found:
        assert found[0] == found[1]
    else:
        is_replaced = all(station["mode"] == "master" for station in stations)
        assert not changed or b"\\" in first or not is_replaced


@given(documents(), layouts, st.data())
def test_any_other_text(document, layout, data):
    first = json.dumps(document, **layout).encode()
    start = data.draw(st.integers(0, len(first)))
    stop = start + data.draw(st.integers(0, 3))
    part = data.draw(st.text('[]{}":,0123456789.eE-+ \\n', max_size=4)).encode()

    found = outcomes(first, first[:start] + part + first[stop:])
    assert found is None or found[0] == found[1]
