from pathlib import Path

import pytest

from aoba.sources.scripts.spec import ScriptSpec
from aoba.sources.source import source_names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([], []),
        (["/a/x.py"], ["x.py"]),
        (["/a/x.py", "/a/y.py"], ["x.py", "y.py"]),
        (["/a/x.py", "/b/x.py", "/a/y.py"], ["/a/x.py", "/b/x.py", "y.py"]),
        (["/a/x.py", "/a/x.py", "/a/x.py"], ["/a/x.py", "/a/x.py #2", "/a/x.py #3"]),
        (["/a/x.py", "/b/x.py", "/a/x.py"], ["/a/x.py", "/b/x.py", "/a/x.py #2"]),
        (["/a/x #1.py", "/a/x #1.py"], ["/a/x #1.py", "/a/x #1.py #2"]),
    ],
)
def test_every_source_has_a_name_of_its_own(paths, names):
    assert source_names([ScriptSpec(Path(path), "python3") for path in paths]) == names
    assert len(set(names)) == len(names)
