"""What the fork server compiles in another process; that it runs is tested where processes are."""

import os
import sys

import pytest

from aoba.sources.scripts.child import fork_server
from aoba.sources.scripts.child.fork_server import compiled
from support.runs import open_descriptors


@pytest.fixture
def script(tmp_path):
    def write(source, name="script.py"):
        path = tmp_path / name
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        return str(path)

    return write


def test_code_is_what_the_interpreter_would_have_made_of_the_file(script):
    source = "def f(x):\n    return x + 1\nxs = [f(1), 'ä', 2.5, None, (1, b'2'), {3} | {4}]\n"
    first, second = script(source), script("y = __file__\n", "other.py")

    codes = compiled([first, second])

    assert codes == [
        compile(source, first, "exec", 0, True),
        compile("y = __file__\n", second, "exec", 0, True),
    ]
    names = {}
    exec(codes[0], names)
    assert names["xs"] == [2, "ä", 2.5, None, (1, b"2"), {3, 4}]
    assert codes[0].co_filename == first


@pytest.mark.parametrize(
    "source",
    ["x = = 1", "x = 1 is 1", b"x = '\xff'", b"x = 1\0", " x = 1", "(" * 500],
    ids=["syntax", "warning", "encoding", "NUL", "indentation", "depth"],
)
def test_what_an_interpreter_tells_better(script, source, capfd):
    before = open_descriptors()
    with pytest.raises(ValueError, match="not to be compiled"):
        compiled([script("x = 1", "good.py"), script(source)])

    assert capfd.readouterr() == ("", "")
    assert open_descriptors() == before


def test_no_such_file(script):
    with pytest.raises(ValueError, match="not to be compiled"):
        compiled([script("x = 1") + "x"])


def test_the_process_that_compiled_is_waited_for(script, monkeypatch):
    made, fork = [], os.fork

    def noted():
        pid = fork()
        made.append(pid)
        return pid

    monkeypatch.setattr(fork_server.os, "fork", noted)
    compiled([script("x = 1")])
    assert len(made) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(made[0], os.WNOHANG)


def test_nothing_is_loaded_for_it(script, monkeypatch):
    monkeypatch.delitem(sys.modules, "warnings")
    compiled([script("x = 1")])
    assert "warnings" not in sys.modules
