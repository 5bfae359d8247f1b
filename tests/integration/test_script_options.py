"""What the process of a script is given, in each way to run one: folder, variables, user."""

import json
import os
import sys
import zipapp
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.commands import refused
from support.documents import RUN_NUMBER
from support.server import Server
from support.waiting import eventually

pytestmark = pytest.mark.of_python

Serve = Callable[..., Server]
MODES = pytest.mark.parametrize(
    ("kind", "start"),
    [("python:external", "&start=cold"), ("python:external", ""), ("python:embedded", "")],
    ids=["cold", "warm", "embedded"],
)
REPORT = """
import json, os, resource, sys
report = {
    "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
    "run": int(os.environ["AOBA_RUN"]), "folder": os.getcwd(), "user": os.getuid(),
    "groups": sorted(os.getgroups()), "environment": dict(os.environ), "argv": sys.argv,
    "beside": sys.path[0], "file": __file__,
}
with open(REPORT + ".new", "w") as file:
    json.dump(report, file)
os.replace(REPORT + ".new", REPORT)
print(json.dumps({"stations": [], "reboot_interval": 50}))
"""


class Reporting:
    """A script that reports what its newest run has found."""

    def __init__(self, folder: Path) -> None:
        self._report = folder / "report.json"
        self.text = REPORT.replace("REPORT", repr(str(self._report)))
        self.path = folder / "reporter.py"
        self.path.write_text(self.text)

    def __call__(self, run: int = 3) -> dict[str, Any]:
        """Of a run from `run` on."""
        eventually(lambda: self._report.exists() and self._read()["run"] >= run, f"run {run}")
        return self._read()

    def _read(self) -> dict[str, Any]:
        return json.loads(self._report.read_text())


@pytest.fixture
def reporting(tmp_path: Path) -> Reporting:
    return Reporting(tmp_path)


@MODES
def test_folder_and_environment(
    serve: Serve, reporting: Reporting, tmp_path: Path, kind: str, start: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "plant.env").write_text("SITE=north\nUSER=of the file\n")
    options = f"cwd={tmp_path}/elsewhere&env_file={tmp_path}/plant.env&timeout=7{start}"
    serve(f"{kind}:{reporting.path}?{options}")
    found = reporting()
    assert found["folder"] == str(tmp_path / "elsewhere")
    assert found["environment"]["SITE"] == "north"
    assert found["environment"]["USER"] == "of the file"
    assert found["environment"]["AOBA_TIMEOUT"] == "7"
    assert found["argv"] == [str(reporting.path)]


@pytest.mark.parametrize("start", ["cold", "warm"])
def test_a_run_is_told_its_interval(serve: Serve, reporting: Reporting, start: str) -> None:
    serve(f"{reporting.path}?start={start}&interval=200ms")
    assert reporting(1)["environment"]["AOBA_INTERVAL"] in {"0.2", "0.05"}
    assert reporting(3)["environment"]["AOBA_INTERVAL"] == "0.05"
    assert reporting(3)["environment"]["AOBA_TIMEOUT"] == "30"


def test_the_interval_of_a_script_that_names_none(serve: Serve, tmp_path: Path) -> None:
    script = tmp_path / "source.py"
    count = tmp_path / "count"
    count.touch()
    script.write_text("print('[]')\nopen('count', 'a').write('.')\n")
    serve(f"{script}?interval=20ms&cwd={tmp_path}")
    eventually(lambda: count.stat().st_size > 20)


@MODES
def test_a_folder_with_a_main_is_a_script(
    serve: Serve, reporting: Reporting, tmp_path: Path, kind: str, start: str
) -> None:
    folder = tmp_path / "plant"
    folder.mkdir()
    (folder / "beside.py").write_text("")
    (folder / "__main__.py").write_text("import beside\n" + reporting.text)
    serve(f"{kind}:{folder}?args=x{start}")
    found = reporting()
    assert found["beside"] == str(folder)
    assert found["file"] == str(folder / "__main__.py")
    assert found["argv"][1:] == ["x"]


@MODES
def test_so_is_an_archive(
    serve: Serve, reporting: Reporting, tmp_path: Path, kind: str, start: str
) -> None:
    folder, archive = tmp_path / "plant", tmp_path / "plant.pyz"
    folder.mkdir()
    (folder / "beside.py").write_text("")
    (folder / "__main__.py").write_text("import beside\n" + reporting.text)
    zipapp.create_archive(folder, archive)
    serve(f"{kind}:{archive}?args=x{start}")
    found = reporting()
    assert found["beside"] == str(archive)
    assert found["argv"] == [str(archive), "x"]


@pytest.mark.parametrize("kind", ["python:external", "python:embedded"])
def test_an_edited_archive_is_taken_over(serve: Serve, tmp_path: Path, kind: str) -> None:
    archive = tmp_path / "plant.pyz"

    def pack(text: str) -> None:
        folder = tmp_path / text
        folder.mkdir()
        code = f"import sys\nsys.stderr.write({text!r} + chr(10))\nprint('[]')\n"
        (folder / "__main__.py").write_text(code)
        zipapp.create_archive(folder, tmp_path / "draft")
        (tmp_path / "draft").replace(archive)

    pack("one")
    server = serve(f"{kind}:{archive}?interval=50ms")
    server.wait_for_log("run 2: one$")
    pack("two")
    server.wait_for_log("run [0-9]+: two$")


def test_a_folder_without_a_main_is_none(tmp_path: Path) -> None:
    said = refused(2, "serve", f"python:external:{tmp_path}")
    assert said == f"{tmp_path}: a folder without a __main__.py; expected a Python script"


def test_paths_as_people_write_them(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "what?.py").write_text("print('[]')\n")
    (tmp_path / "100%3F.py").write_text("print('[]')\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    serve("~/what%3F.py").wait_for_log(r"what\?\.py: runs under")
    serve("python:~/100%253F.py").wait_for_log(r"100%3F\.py: runs under")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("kind", ["python:external", "python:embedded"])
def test_another_user(serve: Serve, reporting: Reporting, tmp_path: Path, kind: str) -> None:
    candidates = [sys.executable]
    if kind == "python:external":
        candidates.append("/usr/bin/python3")
    fit = [python for python in candidates if Path(python).exists() and _may_run(python)]
    if not fit:
        pytest.skip("nobody may run this interpreter")
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o777)
    options = f"&python={fit[0]}" if kind == "python:external" else ""
    serve(f"{kind}:{reporting.path}?user=nobody{options}")
    found = reporting()
    assert found["user"] != 0
    assert 0 not in found["groups"]
    assert found["environment"]["USER"] == "nobody"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can name a user")
@pytest.mark.skipif(sys.platform != "linux", reason="limits need Linux")
@pytest.mark.parametrize("kind", ["python:external", "python:embedded"])
def test_limits_hold_where_a_user_is_named(serve: Serve, reporting: Reporting, kind: str) -> None:
    serve(f"{kind}:{reporting.path}?user=root&memory=4GiB")
    assert reporting()["memory"] == 2**32


def _may_run(python: str) -> bool:
    """Whether everybody may go to it: an environment in somebody's home is closed, as a rule."""
    return all(folder.stat().st_mode & 0o001 for folder in Path(python).resolve().parents)


def test_a_user_goes_without_a_fork_server(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    if os.geteuid() == 0:
        said = refused(2, "serve", f"{tmp_path}/a.py?user=nobody&start=warm")
        assert said.endswith("option 'user' goes with start=cold; a fork server is root's")
    else:
        said = refused(2, "serve", f"{tmp_path}/a.py?user=nobody")
        assert "only root can run a script as another user" in said


@MODES
def test_no_script_gets_the_secrets_of_others(
    serve: Serve, reporting: Reporting, kind: str, start: str
) -> None:
    pytest.importorskip("aiohttp")
    options = f"?x{start}".replace("?x&", "?").replace("?x", "")
    posted = "http://127.0.0.1:0/values?token=env:PLANT_TOKEN"
    serve(f"{kind}:{reporting.path}{options}", posted, env={"PLANT_TOKEN": "hush", "OTHER": "1"})
    environment = reporting()["environment"]
    assert "PLANT_TOKEN" not in environment
    assert environment["OTHER"] == "1"


@MODES
def test_a_missing_module_names_the_interpreter(
    serve: Serve, tmp_path: Path, kind: str, start: str
) -> None:
    script = tmp_path / "source.py"
    script.write_text("print('[]')\nimport pandas_of_nobody\n")
    options = f"?x{start}".replace("?x&", "?").replace("?x", "")
    server = serve(f"{kind}:{script}{options}")
    advice = "python=PATH names another one"
    if kind == "python:embedded":
        advice = r"install it there, or name another one with python:external:SCRIPT\?python=PATH"
    found = server.wait_for_log(
        rf"exit status 1; (\S+) has no module 'pandas_of_nobody', {advice}$"
    )
    assert Path(found[1]).name.startswith("python")


def test_the_log_says_once_what_runs_a_script(serve: Serve, script: Callable[..., Path]) -> None:
    path = script(RUN_NUMBER, "put(run)\n")
    server = serve(f"{path}?python={sys.executable}", f"python:embedded:{path}")
    version = "{}.{}.{}".format(*sys.version_info)
    found = server.wait_for_log(rf"INFO .*: runs under {sys.executable}, CPython {version}$")
    assert found
    eventually(lambda: len(server.logged("runs under")) == 2)
