"""What runs start, whatever session or group it moves to, does not outlive them, nor Aoba."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER
from support.server import Server, is_alive, kill
from support.waiting import eventually
from support.wire import Client

Serve = Callable[..., Server]
Script = Callable[..., Path]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Linux only")

BOUND = 5.0

WAYS = ["python:external:{}?start=cold", "python:external:{}?start=warm"]

NOTE = """
import subprocess, time
PIDS = __file__ + ".pids"
def note(pid):
    with open(PIDS, "a") as file:
        file.write("%d\\n" % pid)
"""

IN_A_SESSION = """
def leave():
    command = ["setsid", "-f", "env", "-i", "sh", "-c", "echo $$; exec sleep 600 >&2"]
    left = subprocess.Popen(command, stdout=subprocess.PIPE)
    note(int(left.stdout.readline()))
"""
"""With a parent that ends, and nothing in its environment."""

DAEMON = """
def leave():
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writer, b"%d" % os.getpid())
            for descriptor in range(3):
                os.close(descriptor)
            time.sleep(600)
        os._exit(0)
    note(int(os.read(reader, 100)))
    os.wait()
"""
"""As Python programs make themselves: by two forks, without another program."""


class Left:
    """The processes that a script has noted."""

    def __init__(self, script: Path) -> None:
        self._path = Path(f"{script}.pids")

    def pids(self) -> list[int]:
        text = self._path.read_text() if self._path.exists() else ""
        return [int(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Left]:
    found = Left(tmp_path / "source.py")
    yield found
    for pid in found.pids():
        kill(pid)


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


@pytest.mark.parametrize("leaves", [IN_A_SESSION, DAEMON], ids=["session", "daemon"])
@pytest.mark.parametrize("form", WAYS)
def test_what_a_run_has_left_is_killed_when_it_is_over(
    serve: Serve, script: Script, left: Left, form: str, leaves: str
) -> None:
    server = serve(form.format(script(RUN_NUMBER, NOTE, leaves, "leave()\nput(run)\n")))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 4)
    first = left.pids()
    assert len(first) > 3
    eventually(lambda: not any(map(is_alive, first)), "the end of what runs have left")
    code, seconds = server.stop()
    assert (code, seconds < BOUND) == (0, True)
    assert not any(map(is_alive, left.pids()))
    assert not server.logged("ERROR .*run failed")


@pytest.mark.parametrize("form", [*WAYS, "python:embedded:{}"])
def test_what_a_run_has_started_lives_as_long_as_the_run_and_aoba(
    serve: Serve, script: Script, left: Left, form: str
) -> None:
    body = """
    if run > 2:
        leave()
        put(run)
        time.sleep(600)
    put(run)
    """
    server = serve(form.format(script(RUN_NUMBER, NOTE, IN_A_SESSION, body)))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] == 3)
        [pid] = left.pids()
        time.sleep(1.5)  # of two looks for orphans, nothing comes
        assert is_alive(pid)
        code, seconds = server.stop()
    assert (code, seconds < BOUND) == (0, True)
    assert not is_alive(pid)


def test_an_orphan_that_exits_during_a_run_leaves_no_zombie(serve: Serve, script: Script) -> None:
    body = """
    for _ in range(20):
        subprocess.call(["setsid", "-f", "true"])
    put(run)
    time.sleep(600)
    """
    server = serve(f"{script(RUN_NUMBER, NOTE, body)}?start=cold")
    assert server.port
    aoba = server.process.pid
    eventually(lambda: all(map(is_alive, children(aoba))), "the end of zombies")


@pytest.fixture
def in_namespace() -> list[str]:
    """The beginning of a command that is to be process 1."""
    unshare = shutil.which("unshare")
    command = [
        unshare or "unshare",
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ]
    if (
        not unshare
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("there are no namespaces here, or not for us")
    return command


def test_as_process_1_it_waits_for_whatever_is_left(
    script: Script, in_namespace: list[str]
) -> None:
    """The script counts the processes that there are: each run leaves ten, and ten zombies.

    There are three runs a second, and what one has left is gone after a second and a half.
    """
    body = """
    for _ in range(10):
        subprocess.call(["setsid", "-f", "sh", "-c", "true & exec sleep 600"])
    states = []
    for name in os.listdir("/proc"):
        try:
            states += open("/proc/%s/stat" % int(name)).read().rpartition(")")[2].split()[:1]
        except (IOError, ValueError):
            continue
    with open(__file__ + ".counts", "a") as file:
        file.write("%d %d\\n" % (len(states), states.count("Z")))
    put(run, reboot_interval=300)
    """
    path = script(RUN_NUMBER, NOTE, body)
    counts = Path(f"{path}.counts")

    def found() -> list[tuple[int, ...]]:
        lines = counts.read_text().splitlines() if counts.exists() else []
        return [tuple(map(int, line.split())) for line in lines]

    command = [*in_namespace, sys.executable, "-m", "aoba", "serve", f"{path}?start=cold"]
    with subprocess.Popen(
        [*command, "--listen", "tcp://127.0.0.1:0"], stderr=subprocess.PIPE
    ) as it:
        try:
            eventually(lambda: len(found()) > 15)
        finally:
            it.kill()  # with whom process 1 goes
    assert max(total for total, _ in found()[-3:]) < 10 * 20  # of all runs there are 16 * 20
    assert max(zombies for _, zombies in found()[-3:]) < 10 * 10


@pytest.mark.parametrize("form", [*WAYS, "python:embedded:{}"])
def test_a_run_that_prints_nothing_does_not_outlive_an_aoba_that_was_killed(
    serve: Serve, script: Script, left: Left, tmp_path: Path, form: str
) -> None:
    body = f"""
    import signal
    def end(*_):
        open({str(tmp_path / "told")!r}, "w").close()
        sys.exit()
    signal.signal(signal.SIGTERM, end)
    note(os.getpid())
    leave()
    put(run)
    if run > 2 or b"resident" in open("/proc/self/cmdline", "rb").read():
        time.sleep(600)
    """
    server = serve(form.format(script(RUN_NUMBER, NOTE, IN_A_SESSION, body)))
    server.wait_for_log("first document")
    eventually(lambda: len(left.pids()) == (2 if "embedded" in form else 6))
    server.stop(signal.SIGKILL)
    eventually(lambda: not any(map(is_alive, left.pids())), "the end of all")
    assert (tmp_path / "told").exists()
    server.no_process_is_left()
