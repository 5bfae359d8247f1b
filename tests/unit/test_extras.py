import sys

import pytest

from aoba.errors import UsageError
from aoba.extras import require


def test_what_is_there_is_imported():
    assert require("json.decoder", "json", "x").JSONDecoder


def test_what_is_missing_is_named_with_the_command_that_installs_it():
    with pytest.raises(UsageError) as caught:
        require("no_such_library.client", "mqtt", "mqtt://a/b")

    assert str(caught.value) == (
        "mqtt://a/b needs no_such_library, which is not installed: pip install 'aoba[mqtt]'"
    )


def test_a_library_that_is_broken_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_library.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError):
        require("broken_library", "mqtt", "x")
    sys.modules.pop("broken_library", None)
