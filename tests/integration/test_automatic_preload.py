"""Libraries that scripts are seen to import are loaded before their runs, which cannot tell."""

import os
import re
import signal
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER
from support.server import Server, kill
from support.waiting import eventually
from support.wire import Client

Serve = Callable[..., Server]
Script = Callable[..., Path]

SLOW = "import time\ntime.sleep(0.15)\nvalue, seen = 1, []\n"
IMPORT = """
import time
begun = time.perf_counter()
import slow
took = int(1000 * (time.perf_counter() - begun))
slow.seen.append(run)
put(run, took, slow.value, len(slow.seen), reboot_interval=300)
"""
QUICK = 100  # ms in which nobody has slept for 150
LOADED = "loaded before runs: slow"


@pytest.fixture
def library(tmp_path: Path) -> Callable[..., Path]:
    """Write a module to a folder that `served` has in its path."""
    folder = tmp_path / "libraries"
    folder.mkdir()

    def write(source: str, name: str = "slow") -> Path:
        draft, path = folder / f"{name}.draft", folder / f"{name}.py"
        draft.write_text(textwrap.dedent(source))
        draft.replace(path)
        return path

    return write


@pytest.fixture
def served(serve: Serve, tmp_path: Path) -> Serve:
    environment = {"PYTHONPATH": str(tmp_path / "libraries")}
    return lambda *sources: serve(*sources, env=environment)


def fork_servers(server: Server) -> dict[int, str]:
    """Those that Aoba has started, and not what has been forked, by process id: command lines."""
    found = {}
    for pid in server.processes():
        try:
            parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
            command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if int(parent) == server.process.pid and "fork_server.py" in command:
            found[pid] = command
    return found


def learned(server: Server) -> list[int]:
    """Fork servers with libraries."""
    return [pid for pid, command in fork_servers(server).items() if "--learned" in command]


def is_quick(client: Client) -> bool:
    """Whether the last run did not have to import it."""
    return client.holding(1)[0] < QUICK


def test_what_scripts_import_is_loaded_once_for_all_runs_of_all_of_them(
    served: Serve, script: Script, library
) -> None:
    library(SLOW)
    other = RUN_NUMBER.replace('"id": 1', '"id": 2')
    server = served(script(RUN_NUMBER, IMPORT), script(other, IMPORT, name="other.py"))
    server.wait_for_log(LOADED)
    with Client(server.port) as client:
        eventually(lambda: is_quick(client), "a run without waiting")
        eventually(lambda: client.holding(1, unit=2)[0] < QUICK, "one of the other")
        run = client.holding()[0]
        eventually(lambda: client.holding()[0] > run + 5, "more runs")

        assert client.holding(2, 2) == [1, 1]
    assert len(learned(server)) == len(server.logged(LOADED)) == 1
    assert not server.logged("run failed|defect|Traceback")


def test_a_library_that_has_changed_is_another_in_the_next_run(
    served: Serve, script: Script, library
) -> None:
    library(SLOW)
    server = served(script(RUN_NUMBER, IMPORT))
    with Client(server.port) as client:
        eventually(lambda: is_quick(client), "a run without waiting")
        library(SLOW.replace("value, seen = 1", "value, seen = 2"))
        eventually(lambda: client.holding(2) == [2], "the new one")
        server.wait_for_log("a library has changed, and is loaded again")
        eventually(lambda: is_quick(client), "a run without waiting")
        assert client.holding(2) == [2]
    assert not server.logged("run failed|defect|Traceback")


OBSERVED = """
import time, os
import slow
who = getattr(slow, "who", os.getpid())
put(run, int(who == os.getpid()), len(slow.seen), reboot_interval=300)
"""


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os\nwho = os.getpid()\n", "has another slow.who in each process"),
        (
            "import threading as t\nt.Thread(target=t.Event().wait, daemon=True).start()\n",
            "changes threads",
        ),
    ],
)
def test_what_a_run_could_tell_is_not_loaded(
    served: Serve, script: Script, library, source: str, reason: str
) -> None:
    library(SLOW + source)
    server = served(script(RUN_NUMBER, OBSERVED))
    server.wait_for_log(f"not loaded before runs, which could tell: slow: {reason}")
    with Client(server.port) as client:
        run = client.holding()[0]
        eventually(lambda: client.holding()[0] > run + 2, "more runs")
        assert client.holding(1, 2) == [1, 0]
    assert not server.logged(LOADED)


def test_what_opens_something_is_not_tried(served: Serve, script: Script, library) -> None:
    """It may be what nobody else can open meanwhile: each process that imports it is a run."""
    path = library("")
    library(SLOW + f"import os\nwith open({str(path)!r} + '.log', 'a') as f: f.write('x')\n")
    server = served(script(RUN_NUMBER, OBSERVED))
    server.wait_for_log("could tell: slow: writes to files")
    with Client(server.port) as client:
        run = client.holding()[0]
        eventually(lambda: client.holding()[0] > run + 2, "more runs")
        server.stop()
    runs = int(re.search(r"(\d+) runs, ", server.logged(r"\d runs, ")[0])[1])

    assert len(Path(f"{path}.log").read_text()) == runs


def test_libraries_see_the_folder_and_the_variables_of_a_script(
    served: Serve, script: Script, library, tmp_path: Path
) -> None:
    library(SLOW + "import os\nvalue = int(os.environ['MODE'])\n")
    here = "slow.seen = [0] * (2 if os.getcwd().endswith('plant') else 9)\n"
    body = IMPORT.replace("slow.seen.append(run)\n", here)
    (tmp_path / "plant").mkdir()
    sources = []
    for unit in (1, 2):
        (tmp_path / f"{unit}.env").write_text(f"MODE={unit}\n")
        begin = RUN_NUMBER.replace('"id": 1', f'"id": {unit}')
        path = script(begin, body, name=f"s{unit}.py")
        sources.append(f"{path}?cwd={tmp_path / 'plant'}&env_file={tmp_path}/{unit}.env")
    server = served(*sources)
    with Client(server.port) as client:
        for unit in (1, 2):
            quick = lambda unit=unit: client.holding(1, unit=unit)[0] < QUICK  # noqa: E731
            eventually(quick, "a run without waiting")
            assert client.holding(2, 2, unit=unit) == [unit, 2]
    assert len(learned(server)) == 2


def test_what_a_script_sets_before_is_heeded(served: Serve, script: Script, library) -> None:
    library(SLOW + "import os\nvalue = int(os.environ.get('MODE', '0'))\n")
    body = "os.environ['MODE'] = str(run)\nimport slow\nput(run, slow.value)\n"
    server = served(script(RUN_NUMBER, body))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 6, "some runs")
        run, value = client.holding(0, 2)
        assert run == value
    server.wait_for_log("not loaded before runs of source.py, which changes the env.*: slow$")
    assert learned(server) == []


def test_a_module_that_comes_to_the_folder_of_the_script_is_its_own(
    served: Serve, script: Script, library, tmp_path: Path
) -> None:
    library(SLOW)
    server = served(script(RUN_NUMBER, IMPORT))
    with Client(server.port) as client:
        eventually(lambda: is_quick(client), "a run without waiting")
        (tmp_path / "slow.py").write_text("value, seen = 7, []\n")
        eventually(lambda: client.holding(2) == [7], "its own module")


def test_an_edited_script_imports_what_it_likes(served: Serve, script: Script, library) -> None:
    library(SLOW)
    library("import time\ntime.sleep(0.15)\nvalue, seen = 9, []\n", name="other")
    server = served(script(RUN_NUMBER, IMPORT))
    with Client(server.port) as client:
        eventually(lambda: is_quick(client), "a run without waiting")
        script(RUN_NUMBER, IMPORT.replace("slow", "other"))
        eventually(lambda: client.holding(2) == [9], "the edit")
        server.wait_for_log("loaded before runs: other")
        eventually(lambda: is_quick(client), "a run without waiting")


def test_nothing_is_loaded_for_who_does_not_want_it(served: Serve, script: Script, library) -> None:
    library(SLOW)
    server = served(f"{script(RUN_NUMBER, IMPORT)}?preload=none")
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 8, "some runs")
        assert not is_quick(client)
    assert learned(server) == []


def test_a_server_with_libraries_that_dies_is_done_without(
    served: Serve, script: Script, library
) -> None:
    library(SLOW)
    server = served(script(RUN_NUMBER, IMPORT))
    with Client(server.port) as client:
        eventually(lambda: is_quick(client), "a run without waiting")
        [pid] = learned(server)
        kill(pid)
        eventually(lambda: not is_quick(client), "a run that imports it")
        eventually(lambda: is_quick(client), "a run without waiting")
        assert learned(server) != [pid]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_library_that_hangs_on_trial(
    served: Serve, script: Script, library, number: signal.Signals
) -> None:
    library(SLOW + "import sys\nif sys.path[0].startswith('/aoba/trial'):\n    time.sleep(600)\n")
    server = served(script(RUN_NUMBER, IMPORT))
    eventually(lambda: len(trials(server)) >= 3, "the server, and its two processes of a trial")

    server.stop(number)
    server.no_process_is_left()


def trials(server: Server) -> list[int]:
    found = []
    for pid in server.processes():
        try:
            if b"--learned" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


def test_what_runs_with_libraries_that_changed_goes_on_to_its_end(
    served: Serve, script: Script, library, tmp_path: Path
) -> None:
    """A run that is still going, and whose server is not needed any more."""
    library(SLOW)
    long = f"""
    import time
    begun = time.perf_counter()
    import slow
    if time.perf_counter() - begun < {QUICK / 1000} and len(sys.argv) > 1:
        while not os.path.exists({str(tmp_path / "end")!r}):
            put(run, 1, slow.value)
            time.sleep(0.02)
    put(run, 0, slow.value)
    """
    other = RUN_NUMBER.replace('"id": 1', '"id": 2')
    server = served(f"{script(RUN_NUMBER, long)}?args=long", script(other, IMPORT, name="quick.py"))
    with Client(server.port) as client:
        eventually(lambda: client.holding(1) == [1], "the long run")
        [pid] = learned(server)
        library(SLOW.replace("seen = 1", "seen = 2"))
        eventually(lambda: client.holding(2, unit=2) == [2], "the new library elsewhere")
        assert client.holding(1, 2) == [1, 1]
        assert os.path.exists(f"/proc/{pid}")  # noqa: PTH110
        (tmp_path / "end").touch()
        eventually(lambda: client.holding(2) == [2], "the next run")
        eventually(lambda: pid not in learned(server), "the end of its server")
    assert not server.logged("run failed|defect|Traceback")
