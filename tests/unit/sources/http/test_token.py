import pytest

from aoba.errors import HttpError, UsageError
from aoba.sources.http.token import Token


def challenge(token, authorization):
    with pytest.raises(HttpError) as caught:
        token.check(authorization)
    assert caught.value.status == 401
    return caught.value.headers["WWW-Authenticate"]


def test_who_shows_it_is_let_in():
    Token("s3cret=").check("Bearer s3cret=")
    Token("s3cret=").check("bearer  s3cret= ")
    assert challenge(Token("s3cret="), "Bearer s3cret")


@pytest.mark.parametrize("shown", [None, "", "s3cret", "Basic s3cret", "Bearer"])
def test_who_shows_none_is_told_what_is_expected(shown):
    authorization = challenge(Token("s3cret"), shown)

    assert authorization.startswith('Bearer realm="Aoba"')


@pytest.mark.parametrize(
    "shown", ["Bearer S3cret", "Bearer s3cretx", "Bearer sécret", "Bearer \udcff"]
)
def test_who_shows_another_one_is_told_that(shown):
    assert challenge(Token("s3cret"), shown) == 'Bearer realm="Aoba", error="invalid_token"'


def test_it_may_stand_in_a_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("s3cret\n")

    Token(f"@{path}").check("Bearer s3cret")
    assert challenge(Token(f"@{path}"), "Bearer other")


def test_it_may_stand_in_the_environment(monkeypatch):
    monkeypatch.setenv("PLANT_TOKEN", "s3cret")

    Token("env:PLANT_TOKEN").check("Bearer s3cret")
    assert challenge(Token("env:PLANT_TOKEN"), "Bearer other")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"two words", "is no token; expected letters, digits and"),
        (b"\xff\xfe", "is no text in UTF-8"),
        (None, "No such file or directory"),
    ],
)
def test_a_file_that_has_none_is_named(tmp_path, content, says):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        Token(f"@{path}")

    assert str(caught.value).startswith(f"token @{path}")
    assert says in str(caught.value)
    assert "two words" not in str(caught.value)


@pytest.mark.parametrize("where", ["env:NO_SUCH_VARIABLE", "env:"])
def test_a_variable_that_is_not_there_is_named(where):
    with pytest.raises(UsageError, match=f"token {where} is empty"):
        Token(where)
