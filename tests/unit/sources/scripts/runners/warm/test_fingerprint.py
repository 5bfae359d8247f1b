"""What a fork server is told of a script: it changes when the script or its folder does."""

import os

import pytest

from aoba.sources.scripts.runners.warm.fingerprint import Fingerprint
from aoba.sources.scripts.script_file import Version


@pytest.mark.parametrize(
    ("version", "stamps"),
    [
        (Version(b"", b"", b"1", b"2"), [b"1", b"2"]),
        (Version(b"", b"", b"1"), [b"1", b"-"]),
        (Version(b"", b"", folder=b"2"), [b"-", b"2"]),
        (None, [b"-", b"-"]),
    ],
)
def test_what_nobody_knows_is_said_to_be_unknown(version, stamps):
    told = Fingerprint("/p/script.py", ["one", "", "\udcff"]).of(version)

    assert told.split(b"\0") == [*stamps, os.fsencode("/p/script.py"), b"=one", b"=", b"=\xff"]
