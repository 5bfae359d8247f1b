"""What other JSON readers take, or die of, as documents of a script that is being served.

One server for all: its script prints a good document, every trap, and a good document again.
"""

import itertools
from collections.abc import Callable, Iterator

import pytest

from support.documents import document, printing
from support.server import Server
from support.wire import Client

pytestmark = pytest.mark.of_python

GOOD = document(holding=[42], coils=[1], interval=86_400_000)
LAST = document(input=[7])
AT_VALUE = r"stations\[0\]\.map\.holding\[0\]\.initial_values\[\d+\]: expected 0\.\.65535, got "


_places = itertools.count()


def holding(value: str) -> str:
    """A document with `value`, as it stands, for a holding register, another one each time.

    At the same place it would be the same error.
    """
    return document(holding=[*[0] * next(_places), 999]).replace("999", value)


TRAPS = {
    "NaN": (holding("NaN"), AT_VALUE + "NaN"),
    "infinity": (holding("-Infinity"), AT_VALUE + "-Infinity"),
    "true is not 1": (holding("true"), AT_VALUE + "true"),
    "null": (holding("null"), AT_VALUE + "null"),
    "a float": (holding("1.5"), AT_VALUE + r"1\.5"),
    "a whole float": (holding("43.0"), AT_VALUE + r"43\.0"),
    "a string": (holding('"43"'), AT_VALUE + '"43"'),
    "negative": (holding("-7"), AT_VALUE + "-7"),
    "one too many": (holding("65536"), AT_VALUE + "65536"),
    "5000 digits": (holding("9" * 5000), AT_VALUE + "an integer of 5000 digits"),
    "a name twice": (
        holding("43").replace('"length"', '"length": 1, "length"'),
        r"stations\[0\]\.map\.holding\[0\]: `length` stands there twice",
    ),
    "stations twice": (
        document(holding=[43]).replace("{", '{"stations": [], ', 1),
        "`stations` stands there twice",
    ),
    "100 000 brackets": ("[" * 100_000, r"not JSON, skipped: \[\[\["),
    "100 000 braces": ('{"a":' * 100_000, r'not JSON, skipped: \{"a":\{"a":'),
    "a comma too many": ('{"stations": [],}', "not valid JSON: .* at line 1 column"),
    "a Python dict": ("{'stations': []}", r"not JSON, skipped; a Python dict\? .*json\.dumps"),
}


@pytest.fixture(scope="module")
def server(shared_serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    path = tmp_path_factory.mktemp("traps") / "traps.py"
    path.write_text(printing(GOOD, *(text for text, _ in TRAPS.values()), LAST))
    return shared_serve(path)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.port) as client:
        yield client


@pytest.mark.parametrize("reason", [reason for _, reason in TRAPS.values()], ids=TRAPS)
def test_the_log_says_what_is_wrong_and_where(server: Server, reason: str) -> None:
    server.wait_for_log(rf"traps\.py run 1: .*{reason}")


def test_no_trap_has_changed_a_value_and_none_has_swallowed_the_last_document(
    server: Server, client: Client
) -> None:
    server.wait_for_log("a Python dict")
    assert client.read("input", 0, 1) == [7]
    assert client.read("holding", 0, 1) == [42]
    assert client.read("coils", 0, 1) == [1]


def test_an_integer_of_any_size_sets_a_bit(
    serve: Callable[..., Server], script: Callable[..., object]
) -> None:
    bits = document(coils=[0, 1, 888, -1]).replace("888", "9" * 4000)
    with Client(serve(script(printing(bits))).port) as client:
        assert client.read("coils", 0, 4) == [0, 1, 1, 1]
