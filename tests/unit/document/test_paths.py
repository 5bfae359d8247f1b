from msgspec import inspect

from aoba.document.paths import follow, named, with_parts, wrong_name
from aoba.document.schema import Document

KIND = inspect.type_info(Document)
VALUE = {
    "stations": [
        {"id": 1, "mode": "slave", "map": {"coils": [{"address_start": 7}]}},
        {
            "id": 2,
            "mode": "slave",
            "map": {},
            "files": {"1": {"records": [5]}, "2": {"records": [5, 6, "x"]}},
            "identity": {"revision": "1", "0x80": "\t", "nothing": "x"},
        },
    ]
}


def test_follows_lists_objects_and_names():
    assert follow("", VALUE, KIND) == (VALUE, KIND)
    value, kind = follow(".stations[0].map.coils[0].address_start", VALUE, KIND)
    assert value == 7
    assert isinstance(kind.type if isinstance(kind, inspect.Metadata) else kind, inspect.IntType)
    assert follow(".stations[1].files.2.records[1]", VALUE, KIND)[0] == 6


def test_finds_which_of_the_users_names_is_meant():
    steps = ".stations[1].files[...].records[2]"
    assert named(steps, VALUE, KIND) == ".stations[1].files.2.records[2]"
    assert named(".stations[1].identity[...]", VALUE, KIND) == ".stations[1].identity.0x80"
    assert named(".stations[0].id", VALUE, KIND) == ".stations[0].id"


def test_finds_the_name_that_is_none():
    name, kind = wrong_name(".stations[1].identity", VALUE, KIND)

    assert name == "nothing"
    assert kind.extra["words"].startswith("vendor_name, ")


def test_of_a_choice_only_one_option_has_parts():
    _, files = follow(".stations[1].files", VALUE, KIND)

    assert isinstance(with_parts(files), inspect.DictType)
