import json

from aoba.cli.report import Report
from aoba.document.decode import decode
from builders import a_range, a_station, raw, stations


def report_of(*documents, said=None):
    report = Report("a.py", lambda line, style: said is not None and said.append((line, style)))
    for document in documents:
        report.document(decode(raw(document)))
    return report


def result_of(*documents):
    return json.loads(report_of(*documents).as_json())


def test_a_point_has_all_that_a_client_needs_to_read_it():
    ranges = [
        a_range(0, [-3.5], data_type="int16", scale=0.1, offset=2, name="outside", unit="C"),
        a_range(1, [7], data_type="uint32", word_order="little", byte_order="big"),
        a_range(3, ["AB"], data_type="string", byte_order="little"),
        a_range(4, [1], name="plain"),
    ]
    station = a_station(5, "slave", input=ranges, coils=[a_range(0, [1], name="on")])
    (shown,) = result_of(stations(station))["stations"]

    assert [
        [it[key] for key in ("data_type", "word_order", "byte_order", "scale", "offset", "mode")]
        for it in shown["values"]
    ] == [
        [None, None, None, None, None, "slave"],
        ["int16", "big", "big", 0.1, 2, "slave"],
        ["uint32", "little", "big", 1, 0, "slave"],
        ["string", "big", "little", None, None, "slave"],
        ["uint16", "big", "big", 1, 0, "slave"],
    ]


def test_the_addresses_between_ranges_are_told():
    ranges = [a_range(0, [1, 2]), a_range(2, [3]), a_range(5, [6]), a_range(7, [8])]
    found = result_of(
        stations(a_station(2, holding=ranges), a_station(1, coils=[a_range(9, [1])])),
        stations(a_station(1, coils=[a_range(3, [1], length=2)])),
    )

    assert found["undefined"] == [
        {"station": 1, "table": "coils", "address_start": 5, "length": 4},
        {"station": 2, "table": "holding", "address_start": 3, "length": 2},
        {"station": 2, "table": "holding", "address_start": 6, "length": 1},
    ]
    assert result_of(stations(a_station(1, holding=ranges[:2])))["undefined"] == []


def test_an_address_out_of_a_manual_is_said_once_and_is_no_error():
    said = []
    document = stations(a_station(1, holding=[a_range(40001, [1])]))
    report = report_of(document, document, said=said)

    hint = "40001 (addresses count from 0: 40001 of a manual may be 0 here)"
    assert said == [(f"stations[0].map.holding: {hint}", "yellow")]
    assert report.errors == []
