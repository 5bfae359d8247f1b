"""The same scripts under every Python that is here: 2.7, and 3.6 and newer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, document
from support.pythons import VERSIONS, python
from support.server import Server, run_aoba
from support.waiting import eventually
from support.wire import Client

PORTABLE = (
    "# -*- coding: utf-8 -*-\n",
    RUN_NUMBER,
    """
    put(run, sys.version_info[0], sys.version_info[1])
    print(u"Kessel \\u00b0C")
    sys.stderr.write("in run %d\\n" % run)
    sys.stderr.write("no line feed")
    sys.exit(5 if run == 2 else 0)
    """,
)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return request.param


def test_documents_exit_codes_lines_and_unicode(
    serve: Callable[..., Server], script: Callable[..., Path], version: str
) -> None:
    source = f"{script(*PORTABLE)}?python={python(version)}"
    server = serve(source, env={"LC_ALL": "C"})
    major, minor = map(int, version.split("."))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 3)
        assert client.holding(1, 2) == [major, minor]
    server.wait_for_log("WARNING .* run 1: in run 1$")
    server.wait_for_log("WARNING .* run 1: no line feed$")
    server.wait_for_log("WARNING .* run 1: not JSON, skipped: Kessel °C$")
    server.wait_for_log("ERROR .* run 2: run failed: exit status 5$")


def test_output_is_seen_while_the_script_runs(
    serve: Callable[..., Server], script: Callable[..., Path], version: str
) -> None:
    body = f"import time\nprint({document(holding=[7])!r})\ntime.sleep(600)\n"
    with Client(serve(f"{script(body)}?python={python(version)}").port) as client:
        eventually(lambda: client.holding() == [7])


def test_check_shows_its_registers(script: Callable[..., Path], version: str) -> None:
    path = script(f"print({document(holding=[7], coils=[1])!r})\n")
    done = run_aoba("check", f"{path}?python={python(version)}")
    assert done.returncode == 0, done.stderr
    assert "holding" in done.stdout
