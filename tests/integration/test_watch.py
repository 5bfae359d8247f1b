"""`aoba read --watch`: values as they change, and a device that goes and comes back."""

import json
from collections.abc import Iterator

import pytest

from aoba.cli import INTERRUPTED
from support.commands import done, refused
from support.device import Device
from support.misbehaving import Misbehaving, frame
from support.terminal import Screen

GONE = "nobody listens there|the device closed the connection"
MARKED = r"\x1b\[1;7m *{}\x1b\[0m"


@pytest.fixture
def device() -> Iterator[Device]:
    with Device() as device:
        yield device


def test_a_table_in_place(device: Device) -> None:
    arguments = ("read", device.url, "holding", 5, 12, "--watch", "50ms")
    with Screen(*arguments, terminal=True) as screen:
        screen.shows(f"{device.url}  station 1  every 0.05 s")
        screen.shows("5..14.*10 11 12 13 14\r?\n")
        screen.shows("15..16.*15 16")
        done("write", device.url, "holding", 15, 4711)
        screen.shows(MARKED.format(4711))
        assert screen.shows(r"\x1b\[1A")  # up again, over what was there
        screen.shows("4711 +16")  # no longer marked
        assert screen.stop() == 0
        screen.shows(r"\x1b\[\?25h")  # the cursor is back


def test_a_device_that_comes_back(device: Device) -> None:
    arguments = ("read", device.url, "holding", 5, "--watch", "50ms")
    with Screen(*arguments, terminal=True) as screen:
        screen.shows("holding.*m5.*  5")
        device.stop()
        screen.shows(GONE)
        screen.shows(r"\x1b\[2mholding  5  5\x1b\[0m")  # the last value stays, dim
        device.start()
        screen.shows("\x1b\\[36mholding")
        done("write", device.url, "holding", 5, 4711)
        screen.shows(MARKED.format(4711))
        assert screen.stop() == 0


def test_lines_of_json(device: Device) -> None:
    arguments = ("read", device.url, "coils", 0, 3, "--watch", "50ms", "--json")
    with Screen(*arguments, terminal=False) as screen:
        assert json.loads(screen.shows("(.*)\n")[1])["values"] == [1, 0, 0]
        device.stop()
        assert json.loads(screen.shows('({.*"error".*})\n')[1])["error"].startswith(device.url)
        device.start()
        assert json.loads(screen.shows('({.*"values".*})\n')[1])["station"] == 1
        assert screen.stop() == 0


def test_where_there_is_no_terminal_one_reading_follows_the_other(device: Device) -> None:
    arguments = ("read", device.url, "holding", 6000, "--watch", "50ms")
    with Screen(*arguments, terminal=False) as screen:
        screen.shows(r"\d\d:\d\d:\d\d  exception 02, illegal data address: 6000 holding at station")
        assert screen.stop() == 0
    with Screen(*arguments[:3], 9, *arguments[4:], terminal=False) as screen:
        screen.shows("\\d\\d:\\d\\d:\\d\\d\nholding  9  9\n\\d\\d")
        assert screen.stop() == 0


def test_a_device_that_is_not_there_yet_is_waited_for() -> None:
    with Device() as device:
        device.stop()
        with Screen("read", device.url, "input", 7, "--watch", "50ms", terminal=True) as screen:
            screen.shows("nobody listens there")
            device.start()
            screen.shows("input.*m7.*  7")


def test_a_scan_shows_how_far_it_is() -> None:
    with (
        Device() as device,
        Screen("scan", device.url, "--units", "1-250", terminal=True) as screen,
    ):
        screen.shows("asking .*/250")
        screen.shows("2 of 250 unit ids answer")


def test_a_scan_that_is_interrupted_shows_what_it_found() -> None:
    with Misbehaving(lambda request: frame(request, b"\x83\x01") if request[6] == 1 else b"") as it:
        arguments = ("scan", it.url, "--timeout", "500ms")
        with Screen(*arguments, terminal=True) as screen:
            screen.shows("1 found")
            assert screen.stop() == INTERRUPTED
            screen.shows(r"station .*1.*  .*answers with exception 01, illegal function")
            screen.shows(r"interrupted: 1 of \d+ unit ids? answer")


def test_a_scan_over_udp_does_not_go_on_where_nobody_listens() -> None:
    says = refused(1, "scan", "udp://127.0.0.1:1")
    assert says.startswith("udp://127.0.0.1:1: nobody listens there")
