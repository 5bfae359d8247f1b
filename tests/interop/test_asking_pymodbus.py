"""The commands that ask, over every link, against the server of pymodbus."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.certificates import Authority
from support.commands import command, done, refused
from support.device import STATIONS, VENDOR, Device
from support.lines import Cable

NETWORK = ["tcp", "udp", "rtu+tcp", "tls"]
LINES = ["rtu", "ascii"]
SETTINGS = "?parity=E"  # which a pseudo-terminal has not, and is not asked for


class Plant:
    """Certificates, and who trusts whom."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.device = self.authority.issue("device")
        self.client = self.authority.issue("client")

    def tls(self) -> str:
        return f"tls://127.0.0.1:0?cert={self.device.cert}&key={self.device.key}"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    return Plant(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=[*NETWORK, *LINES])
def url(request: pytest.FixtureRequest, plant: Plant) -> Iterator[str]:
    """Where a device is, over each link."""
    scheme = request.param
    with ExitStack() as stack:
        if scheme in LINES:
            line = stack.enter_context(Cable())
            stack.enter_context(Device(f"{scheme}://{line.devices[0]}"))
            yield f"{scheme}://{line.devices[1]}{SETTINGS}"
        elif scheme == "tls":
            device = stack.enter_context(Device(plant.tls()))
            yield f"{device.url.partition('?')[0]}?ca={plant.authority.cert}"
        else:
            yield stack.enter_context(Device(f"{scheme}://127.0.0.1:0")).url


def test_values_are_read(url: str) -> None:
    line = json.loads(done("read", url, "--unit", 7, "holding", 100, 300, "--json"))
    assert line["values"] == list(range(100, 400))


def test_values_are_written_and_verified(url: str) -> None:
    for table, values in (("holding", [3, 2, 1]), ("coils", ["on", 0, 1]), ("holding", [9])):
        assert "and read the same" in done("write", url, table, 200, *values, "--verify")


def test_exceptions_are_told(url: str) -> None:
    assert refused(1, "read", url, "input", 6000, 2) == (
        "exception 02, illegal data address: 6000-6001 input at station 1"
    )


def test_stations_are_found_with_their_identity(url: str) -> None:
    found = json.loads(done("scan", url, "--units", "1,5-7", "--timeout", "1s", "--json"))
    identity = {"vendor_name": VENDOR, "product_code": "KN-7", "revision": "2.1"}
    assert found["asked"] == 4
    assert found["stations"] == [
        {"station": unit, "exception": None, "identity": identity} for unit in STATIONS
    ]


def test_a_line_is_silent_about_stations_that_are_not_there_and_told_to_check_it() -> None:
    with Cable() as line, Device(f"rtu://{line.devices[0]}"):
        url = f"rtu://{line.devices[1]}"
        words = refused(1, "read", url, "--unit", 3, "coils", 0, "--timeout", "500ms")
        assert words == (
            f"{url}: no answer within 0.5 s, asked 2 times: 0 coils at station 3; "
            "check unit id, baudrate, parity and wiring, or give it more --timeout"
        )
        assert done("read", url, "input", 5, 2) == "input  5..6  5 6\n"


def test_a_broadcast_reaches_all_stations() -> None:
    with Cable() as line, Device(f"rtu://{line.devices[0]}"):
        url = f"rtu://{line.devices[1]}"
        assert done("write", url, "--unit", 0, "holding", 0, 11, 12) == (
            "sent to all stations, who do not answer: 0-1 holding\n"
        )
        for unit in STATIONS:
            assert done("read", url, "--unit", unit, "holding", 0, 2) == "holding  0..1  11 12\n"


def test_a_line_that_someone_else_has_open_is_busy() -> None:
    with Cable() as line, Device(f"rtu://{line.devices[0]}"):
        assert refused(1, "read", f"rtu://{line.devices[0]}", "coils", 0) == (
            f"rtu://{line.devices[0]}: another program has it open; `aoba ports` may know which"
        )


def test_whom_we_do_not_trust_is_refused(plant: Plant) -> None:
    with Device(plant.tls()) as device:
        url = device.url.partition("?")[0]
        ca = f"ca={plant.authority.cert}"
        assert refused(1, "read", url, "coils", 0).endswith("; ca=FILE says who signs it")
        assert "name=NAME says whom to expect" in refused(
            1, "read", f"{url}?{ca}&name=boiler", "coils", 0
        )
        assert done("read", f"{url}?{ca}&name=localhost", "coils", 0) == "coils  0  1\n"


def test_a_device_that_wants_to_know_who_asks(plant: Plant) -> None:
    ca, me = f"ca={plant.authority.cert}", plant.client
    with Device(f"{plant.tls()}&{ca}") as device:
        url = device.url.partition("?")[0]
        assert done("read", f"{url}?{ca}&cert={me.cert}&key={me.key}", "coils", 0) == (
            "coils  0  1\n"
        )
        assert "cert=FILE&key=FILE says" in refused(1, "read", f"{url}?{ca}", "coils", 0)


def test_certificates_that_cannot_be_used(plant: Plant, tmp_path: Path) -> None:
    ended = command("read", f"tls://127.0.0.1?ca={tmp_path}/no.pem", "coils", 0)
    assert ended.code == 2
    assert f"{tmp_path}/no.pem cannot be used: No such file" in ended.stderr
    ended = command("read", f"tls://127.0.0.1?cert={plant.client.key}", "coils", 0)
    assert ended.code == 2
    assert f"{plant.client.key} cannot be used" in ended.stderr
