"""The commands that ask, over each of Aoba's own links."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.certificates import Authority
from support.commands import done, refused
from support.documents import document, printing, station
from support.lines import Cable
from support.server import Server

pytestmark = pytest.mark.of_python

NETWORK = ["tcp", "udp", "rtu+tcp", "tls"]
LINES = ["rtu", "ascii"]
SETTINGS = "parity=O"  # which a pseudo-terminal has not, and is not asked for
VALUES = list(range(500, 700))


@pytest.fixture(scope="module", params=[*NETWORK, *LINES])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Aoba serves stations 1 and 7, over each link."""
    scheme, folder = request.param, tmp_path_factory.mktemp("own")
    script = folder / "source.py"
    stations = [station(unit, "slave", holding=VALUES, coils=[0] * 10) for unit in (1, 7)]
    script.write_text(printing(document(*stations)))
    with ExitStack() as stack:
        if scheme in LINES:
            line = stack.enter_context(Cable())
            listen = f"{scheme}://{line.devices[0]}?{SETTINGS}"
            server = stack.enter_context(Server(script, listen=listen))
            server.wait_for_log("first document: ")
            server.wait_for_log(f"listening on {scheme}:")
            yield f"{scheme}://{line.devices[1]}?{SETTINGS}"
            return
        served, asked = _certificates(folder) if scheme == "tls" else ("", "")
        listen = f"{scheme}://127.0.0.1:0{served}"
        server = stack.enter_context(Server(script, listen=listen))
        yield f"{scheme}://127.0.0.1:{server.port}{asked}"


def _certificates(folder: Path) -> tuple[str, str]:
    """Options of the server, and of who asks."""
    authority = Authority(folder)
    device, client = authority.issue("device"), authority.issue("client")
    ca = f"ca={authority.cert}"
    return (
        f"?cert={device.cert}&key={device.key}&{ca}",
        f"?cert={client.cert}&key={client.key}&{ca}",
    )


def test_values_are_read(url: str) -> None:
    line = json.loads(done("read", url, "--unit", 7, "holding", 0, 200, "--json"))
    assert line["values"] == VALUES


def test_values_are_written_and_verified(url: str) -> None:
    for table, values in (("holding", [1, 2, 3]), ("coils", ["on", 0, 1]), ("holding", [9])):
        assert "and read the same" in done("write", url, table, 5, *values, "--verify")


def test_exceptions_are_told(url: str) -> None:
    assert refused(1, "read", url, "holding", 199, 2) == (
        "exception 02, illegal data address: 199-200 holding at station 1"
    )


def test_stations_are_found(url: str) -> None:
    found = json.loads(done("scan", url, "--units", "1,6,7", "--timeout", "1s", "--json"))
    assert [one["station"] for one in found["stations"]] == [1, 7]
    assert {one["identity"]["vendor_name"] for one in found["stations"]} == {"Aoba"}
