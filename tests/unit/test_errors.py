import inspect

import pytest

from aoba import errors
from aoba.errors import (
    AobaError,
    DocumentError,
    FrameError,
    IllegalDataAddress,
    IllegalDataValue,
    IllegalFunction,
    RequestError,
    ServerDeviceFailure,
)


def classes():
    found = inspect.getmembers(errors, inspect.isclass)
    return [cls for _, cls in found if cls.__module__ == errors.__name__]


def test_every_exception_is_an_aoba_error():
    assert len(classes()) > 8
    assert all(issubclass(cls, AobaError) for cls in classes())


def test_every_exception_stands_in_the_tree():
    assert [cls.__name__ for cls in classes() if cls.__name__ not in errors.__doc__] == []


def test_document_error_names_the_place_before_the_reason():
    error = DocumentError("stations[0].id", "expected 1..247, got 0")

    assert str(error) == "stations[0].id: expected 1..247, got 0"
    assert (error.path, error.reason) == ("stations[0].id", "expected 1..247, got 0")


def test_document_error_about_the_whole_has_no_place():
    assert str(DocumentError("", "not UTF-8")) == "not UTF-8"


def test_frame_error_carries_the_numbers():
    error = FrameError("MBAP length", 1, "2..254")

    assert str(error) == "MBAP length: expected 2..254, got 1"
    assert (error.got, error.limit) == (1, "2..254")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (IllegalFunction(7), 1, "function code 7 is not supported"),
        (IllegalDataAddress("holding", 5, 3), 2, "holding 5..7 is not defined"),
        (IllegalFunction(13, "MEI type"), 1, "MEI type 13 is not supported"),
        (IllegalDataAddress("fifo", 5), 2, "fifo 5 is not defined"),
        (IllegalDataValue("quantity", 0, "1..125"), 3, "quantity: expected 1..125, got 0"),
        (ServerDeviceFailure("input", 5, 2), 4, "input 5..6 is stale"),
    ],
)
def test_request_errors_carry_their_exception_code(error, code, text):
    assert isinstance(error, RequestError)
    assert error.code == code
    assert str(error) == text
