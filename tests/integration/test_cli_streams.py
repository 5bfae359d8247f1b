"""Standard streams that are closed, full or of few letters, and other scarce things."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import document, printing
from support.server import AOBA, LOCALHOST, run_aoba
from support.waiting import DEADLINE, eventually

Script = Callable[..., Path]

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


CLOSED = ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]


def in_shell(command: str, *arguments: object) -> list[str]:
    """Aoba as a shell starts it by `command`, in which "$@" is Aoba with its arguments."""
    return ["sh", "-c", command, "sh", *AOBA, *map(str, arguments)]


def run_in_shell(
    command: str, *arguments: object, **options: object
) -> subprocess.CompletedProcess[str]:
    argv = in_shell(command, *arguments)
    return subprocess.run(
        argv, capture_output=True, text=True, timeout=DEADLINE, check=False, **options
    )


@pytest.fixture
def path(script: Script) -> Path:
    return script(printing(document(holding=[60_000])))


@pytest.mark.parametrize("closed", CLOSED)
def test_a_server_with_closed_streams_stops_in_order(path: Path, closed: str) -> None:
    sign = path.with_name("served")
    path.write_text(f"{path.read_text()}\nopen({str(sign)!r}, 'w').close()\n")
    argv = in_shell(f'exec "$@" {closed}', "serve", path, "--listen", LOCALHOST)
    with subprocess.Popen(argv, stderr=subprocess.PIPE) as process:
        try:
            eventually(lambda: sign.exists() or process.poll() is not None)
        finally:
            process.terminate()
        assert process.wait(DEADLINE) == 0
        log = process.stderr.read()
    assert b"Traceback" not in log
    assert (b"first document" in log) is ("2>" not in closed)


@pytest.mark.parametrize("closed", CLOSED)
def test_check_and_usage_with_closed_streams(path: Path, closed: str) -> None:
    done = run_in_shell(f'exec "$@" {closed}', "check", path)
    assert done.returncode == 0
    assert ("60000" in done.stdout) is (">&-" not in closed.replace("2>&-", ""))
    done = run_in_shell(f'exec "$@" {closed}', "check", f"{path}?timeout=soon")
    assert done.returncode == 2
    assert done.stderr.startswith("aoba: ") is ("2>" not in closed)


@needs_full
@pytest.mark.parametrize("command", [["schema"], ["check"], ["check", "--json"], ["--help"]])
def test_a_full_disk_is_one_line(path: Path, command: list[str]) -> None:
    arguments = [*command, path] if "check" in command else command
    done = run_in_shell(f'exec "$@" >{FULL}', *arguments)
    assert (done.returncode, done.stderr) == (1, "aoba: No space left on device\n")


@needs_full
def test_wrong_usage_keeps_its_exit_code_where_nobody_can_be_told() -> None:
    assert run_in_shell(f'exec "$@" 2>{FULL}', "check", "gone.py").returncode == 2


@pytest.mark.parametrize("limit", [8, 10, 12])
@pytest.mark.parametrize("command", ["serve", "check"])
def test_too_few_descriptors_are_one_line(path: Path, command: str, limit: int) -> None:
    done = run_in_shell(f'ulimit -n {limit}; exec "$@"', command, path)
    assert (done.returncode, done.stderr) == (1, "aoba: Too many open files\n")


def test_what_an_encoding_lacks_is_escaped(script: Script) -> None:
    path = script(printing(document(holding=[1])), name="boiler\u00b0.py")
    done = run_aoba("check", path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "boiler\\xb0.py: ok" in done.stdout


def test_a_relative_path_in_a_folder_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    done = run_in_shell('rmdir "$PWD" && exec "$@"', "check", "source.py", cwd=folder)
    assert (done.returncode, done.stderr) == (
        2,
        "aoba: source.py: the working directory is gone; expected an absolute path\n",
    )
