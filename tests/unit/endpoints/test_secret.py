import pytest

from aoba.endpoints.secret import read_secret
from aoba.errors import UsageError


def test_the_secret_itself():
    assert read_secret("token", "hu sh") == "hu sh"


def test_a_secret_in_a_file(tmp_path):
    (tmp_path / "secret").write_text("hu sh \r\n")

    assert read_secret("token", f"@{tmp_path}/secret") == "hu sh "


def test_a_secret_in_the_environment(monkeypatch):
    monkeypatch.setenv("HUSH", "hu sh")

    assert read_secret("token", "env:HUSH") == "hu sh"


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("@/no/such/file", "token @/no/such/file: No such file or directory"),
        ("@/dev/null", "token @/dev/null is empty"),
        ("@/", "token @/: Is a directory"),
        ("env:NONE", "token env:NONE is empty"),
    ],
)
def test_a_secret_that_is_not_there(where, why):
    with pytest.raises(UsageError) as caught:
        read_secret("token", where)

    assert str(caught.value) == why


def test_a_file_that_holds_no_text(tmp_path):
    (tmp_path / "secret").write_bytes(b"\xff")

    with pytest.raises(UsageError, match="is no text in UTF-8"):
        read_secret("token", f"@{tmp_path}/secret")
