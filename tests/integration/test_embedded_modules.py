"""Modules beside an embedded script: executed in each run, and read again when they are edited."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.embedded import Hosted

pytestmark = pytest.mark.of_python

Script = Callable[..., Path]

BY_ITS_PATH = """
import importlib.util as u
spec = u.spec_from_file_location('plugin', os.path.join(HERE, 'plugin.py'))
m = u.module_from_spec(spec)
spec.loader.exec_module(m)
"""


def runs(path: Path, *edits: tuple[str, str]) -> list[str]:
    """What the runs print: one, and one more behind each edit of a file beside the script."""
    with Hosted(path) as hosted:
        told = [hosted.run()]
        for name, source in edits:
            (path.parent / name).write_text(source)
            told.append(hosted.run())
    return [outcome.stdout + outcome.stderr for outcome in told]


def test_a_module_has_no_values_of_an_earlier_run(script: Script) -> None:
    script(
        "n = 0\ndef count():\n    global n\n    n += 1\n    return n\nseen = []\n", name="mine.py"
    )
    path = script("import mine\nmine.seen.append(mine.count())\nprint(mine.count(), mine.seen)\n")
    with Hosted(path) as hosted:
        assert [hosted.run().stdout for _ in range(3)] == ["2 [1]\n"] * 3


def test_an_edited_module_is_read_again_though_it_is_as_long_and_as_old(script: Script) -> None:
    script("V = 1\n", name="mine.py")
    path = script("import mine\nprint(mine.V)\n")
    assert runs(path, ("mine.py", "V = 2\n"), ("mine.py", "V = 3\n")) == ["1\n", "2\n", "3\n"]


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("package/__init__.py", "import package as m"),
        ("package/inner.py", "import package.inner as m"),
        ("added/mine.py", "sys.path.insert(0, os.path.join(HERE, 'added'))\nimport mine as m"),
        ("plugin.py", BY_ITS_PATH),
    ],
)
def test_wherever_it_is_found(script: Script, name: str, imported: str) -> None:
    path = script(
        f"import os, sys\nHERE = os.path.dirname(os.path.abspath(__file__))\n{imported}\n"
        "m.V += 1\nprint(m.V)\n"
    )
    (path.parent / name).parent.mkdir(exist_ok=True)
    (path.parent / name).write_text("V = 1\n")
    assert runs(path, (name, "V = 1\n"), (name, "V = 20\n")) == ["2\n", "2\n", "21\n"]


def test_a_syntax_error_in_a_module_fails_runs_until_it_is_mended(script: Script) -> None:
    script("V = 1\n", name="mine.py")
    path = script("import mine\nprint(mine.V)\n")
    first, broken, mended = runs(path, ("mine.py", "V = (\n"), ("mine.py", "V = 3\n"))
    assert (first, mended) == ("1\n", "3\n")
    assert "'(' was never closed" in broken
    assert "resident" not in broken  # frames of ours are not shown


def test_a_traceback_through_a_module_shows_no_frame_of_ours(script: Script) -> None:
    script("def f():\n    1/0\nf()\n", name="mine.py")
    path = script("import mine\n")
    (told,) = runs(path)
    assert [line.split('"')[1] for line in told.splitlines() if "File" in line] == [
        str(path),
        str(path.with_name("mine.py")),
        str(path.with_name("mine.py")),
    ]


def test_a_module_beside_the_script_hides_one_that_only_aoba_has_loaded(script: Script) -> None:
    script("mine = 1\n", name="ctypes.py")
    path = script("import ctypes\nprint(ctypes.mine)\n")
    with Hosted(path) as hosted:
        assert [hosted.run().stdout for _ in range(2)] == ["1\n"] * 2


def test_libraries_are_loaded_once(script: Script) -> None:
    path = script(
        "import importlib.machinery as m, sys\nprint('decimal' in sys.modules)\nimport decimal\n"
    )
    with Hosted(path) as hosted:
        assert [hosted.run().stdout for _ in range(3)] == ["False\n", "True\n", "True\n"]


def test_what_a_library_changes_while_it_is_loaded_stays(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(libraries))
    (libraries / "patching.py").write_text(
        "import atexit, json, locale, logging, mimetypes, threading\n"
        "json.dumps = lambda _: 'patched'\nmimetypes.knownfiles.append('x')\n"
        "logging.getLogger('p').setLevel(10)\nlocale.setlocale(locale.LC_ALL, 'C')\n"
        "atexit.register(print, 'end')\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "state = [0]\ndef count():\n    state[0] += 1\n    return state[0]\n"
    )
    path = script("""
    import json, locale, logging, mimetypes, os, threading
    import patching
    print(json.dumps(1), mimetypes.knownfiles[-1], logging.getLogger("p").level)
    print(locale.setlocale(locale.LC_ALL), threading.active_count(), patching.count(), os.getpid())
    """)
    with Hosted(path) as hosted:
        told = [hosted.run().stdout.split() for _ in range(3)]
    assert [words[:5] for words in told] == [["patched", "x", "10", "C", "2"]] * 3
    assert [words[5] for words in told] == ["1", "2", "3"]  # its own state is its own
    assert len({words[6] for words in told}) == 1


def test_update_begins_anew_when_a_module_has_been_edited(script: Script) -> None:
    script("V = 1\n", name="mine.py")
    path = script("""
    import atexit, mine
    calls = 0
    atexit.register(print, "end")
    def update():
        global calls
        calls += 1
        print(mine.V, calls)
    """)
    told = runs(
        path,
        ("mine.py", "V = 1\n"),
        ("mine.py", "V = 2\n"),
        ("mine.py", "V = (\n"),
        ("mine.py", "V = (\n"),
        ("mine.py", "V = 3\n"),
    )
    mine = path.with_name("mine.py")
    broken = f"{mine}: line 1: '(' was never closed; the last good version goes on\n"
    assert told == [
        "1 1\n",
        "1 2\n",
        "end\n2 1\n",
        f"2 2\n{broken}",
        f"2 3\n{broken}",
        "end\n3 1\n",
    ]
