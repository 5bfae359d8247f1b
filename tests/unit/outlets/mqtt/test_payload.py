from aoba.document.decode import decode
from aoba.outlets.mqtt.payload import Newest
from builders import a_range, a_station, decoded, one_range, stations

ONE = one_range("holding", 0, [1])
OTHER = one_range("input", 5, [2])


def documents_of(*items, **options):
    merged = Newest(**options)
    for item in items:
        merged.add(decoded(item))
    return merged


def test_there_is_nothing_at_first():
    assert Newest().payload() == b""


def test_all_documents_are_in_one():
    merged = documents_of(ONE, OTHER, one_range("holding", 0, [3]))

    document = decode(merged.payload()).document
    assert document == decoded(
        stations(a_station(holding=[a_range(0, [3])], input=[a_range(5, [2])]))
    )
    assert merged.complaint == ""


def test_what_is_forgotten_is_not_there_any_more():
    merged = documents_of(ONE)
    merged.forget()
    merged.add(decoded(OTHER))

    assert decode(merged.payload()).document == decoded(OTHER)


def test_what_is_too_large_together():
    merged = documents_of(ONE, OTHER, limit=150)

    assert decode(merged.payload()).document == decoded(OTHER)
    assert merged.complaint.startswith("all documents together are too much for one message")
    merged.forget()
    merged.add(decoded(ONE))
    assert decode(merged.payload()).document == decoded(ONE)
    assert merged.complaint == ""


def test_more_ranges_than_a_document_may_have():
    many = [a_range(2 * i, [1]) for i in range(32_768)]
    first = stations(a_station(1, input=many), a_station(2, input=many))
    merged = documents_of(first, ONE)

    assert decode(merged.payload()).document == decoded(ONE)
    assert "65536 ranges" in merged.complaint
