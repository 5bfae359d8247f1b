"""Serial ports, and who has them open, which is found out without opening them."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import DEVNULL, PIPE

import pytest
from serialx import SerialPortInfo

from aoba.client import ports as module
from aoba.client.ports import Port, ports, user_of
from support.commands import done


def a_port(device, **more):
    names = SerialPortInfo.__dataclass_fields__
    return SerialPortInfo(
        **{**dict.fromkeys(names), "device": device, "resolved_device": device} | more
    )


@pytest.fixture
def found(monkeypatch):
    """The ports that the system is to have."""
    infos = []
    monkeypatch.setattr(module, "list_serial_ports", lambda: infos)
    return infos


@pytest.fixture(autouse=True)
def no_lock_files(monkeypatch, tmp_path):
    """Those of this machine are for its own ports."""
    monkeypatch.setattr(module, "LOCK_FOLDERS", (tmp_path,))


@pytest.fixture
def line():
    """A pseudo terminal that nobody but us has open, as a path."""
    main, side = os.openpty()
    path = os.ttyname(side)
    os.close(side)
    yield path
    os.close(main)


@pytest.fixture
def others(monkeypatch):
    """Takes this process for another one."""
    monkeypatch.setattr(module.os, "getpid", lambda: 0)


def test_ports_come_in_the_order_of_their_numbers(found):
    found += [a_port(name) for name in ("/dev/ttyUSB10", "/dev/ttyS1", "/dev/ttyUSB9")]

    assert [port.device for port in ports()] == ["/dev/ttyS1", "/dev/ttyUSB9", "/dev/ttyUSB10"]


def test_what_is_known_of_a_port(found, line):
    usb = {"vid": 0x403, "pid": 0x6001, "serial_number": "A5", "manufacturer": "FTDI"}
    found += [a_port("/dev/serial/by-id/ftdi", resolved_device=line, product="FT232R", **usb)]

    assert ports() == [
        Port(line, "/dev/serial/by-id/ftdi", "FTDI FT232R", "0403:6001", "A5", None, True)
    ]


def test_nobody_is_found_where_nobody_is(line):
    assert user_of(line) is None


@pytest.mark.usefixtures("others")
def test_who_has_it_open_is_found(line):
    with Path(line).open("rb", buffering=0):
        name, pid = user_of(line).split()

    assert pid == f"({Path('/proc/self').readlink()})"
    assert name == Path("/proc/self/comm").read_text().strip()


@pytest.mark.usefixtures("others")
def test_who_has_it_open_is_found_under_any_of_its_names(line, tmp_path):
    (tmp_path / "ttyUSB0").symlink_to(line)
    with Path(line).open("rb", buffering=0):
        assert f"({Path('/proc/self').readlink()})" in user_of(tmp_path / "ttyUSB0")


def test_a_container_s_own_terminal_of_the_same_name_is_another_one(line):
    """Of which there is one wherever something runs in a container with a terminal."""
    count = 1 + int(Path(line).name)
    code = f"""
mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts || exit
mount --bind /dev/pts/ptmx /dev/ptmx
exec {sys.executable} -c '
import os
held = [os.openpty() for _ in range({count})]
print(os.ttyname(held[-1][1]), flush=True)
input()'
"""
    argv = ["unshare", "--map-root-user", "--mount", "sh", "-c", code]
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare here")
    with subprocess.Popen(argv, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True) as container:
        name = container.stdout.readline().strip()
        if name:
            assert name == line
            assert user_of(line) is None
        container.stdin.close()
    if not name:
        pytest.skip("no file systems may be mounted here")


@pytest.mark.usefixtures("others")
def test_who_holds_a_lock_is_found_even_where_open_files_are_hidden(line, monkeypatch):
    monkeypatch.setattr(module, "_openers", lambda _path: ())
    with Path(line).open("rb", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert f"({Path('/proc/self').readlink()})" in user_of(line)

    assert user_of(line) is None


@pytest.mark.usefixtures("others")
def test_who_left_a_lock_file_is_found_while_it_lives(tmp_path):
    lock = tmp_path / "LCK..ttyUSB0"
    lock.write_text(f"      {os.getppid()}\n")
    assert f"({os.getppid()})" in user_of("/dev/ttyUSB0")

    lock.write_text("4194305\n")  # beyond any process id
    assert user_of("/dev/ttyUSB0") is None


def test_the_command_shows_them(found, line, monkeypatch):
    usb = {"vid": 0x1A86, "pid": 0x7523, "product": "USB Serial"}
    found += [a_port(line, **usb), a_port("/dev/serial/by-id/no", resolved_device="/dev/ttyNO0")]
    monkeypatch.setattr(module, "user_of", lambda device: "minicom (7)" if device == line else None)

    assert done("ports").splitlines() == [
        f"{line.ljust(11)}  in use by minicom (7)  1a86:7523  USB Serial",
        f"{'/dev/ttyNO0'.ljust(len(line))}  not permitted",
        "  /dev/serial/by-id/no",
    ]
    shown = json.loads(done("ports", "--json"))
    assert [(port["device"], port["is_free"]) for port in shown] == [
        (line, False),
        ("/dev/ttyNO0", False),
    ]
    assert shown[0]["usb"] == "1a86:7523"


def test_a_free_port_is_free(found, line):
    found.append(a_port(line))

    assert done("ports") == f"{line}  free\n"
    assert json.loads(done("ports", "--json"))[0]["is_free"] is True


@pytest.mark.usefixtures("found")
def test_no_ports_at_all():
    assert done("ports") == "no serial ports\n"
    assert done("ports", "--json") == "[]\n"
