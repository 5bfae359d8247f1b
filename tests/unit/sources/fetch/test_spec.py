from pathlib import Path

import pytest

from aoba.errors import UsageError
from aoba.sources.fetch.spec import FORM, FetchSpec
from aoba.sources.registry import parse_spec


def test_a_url_alone():
    spec = parse_spec("fetch:https://host/site/plant")

    assert spec == FetchSpec("https://host/site/plant")
    assert (spec.name, spec.full_name) == ("plant", "fetch:https://host/site/plant")


def test_options_of_ours_and_of_the_server_stand_side_by_side():
    spec = parse_spec(
        "fetch:http://host:8080/p%3Ftoken=x?station=3&interval=250ms&key=a%26b&timeout=2"
    )

    assert spec.url == "http://host:8080/p?token=x&station=3&key=a%26b"
    assert (spec.interval, spec.timeout) == (0.25, 2.0)
    assert spec.place == "http://host:8080/p"


@pytest.fixture
def tls():
    return "fetch:https://host/p?ca=ca.pem&cert=c.pem&key=k.pem&strict=true"


def test_certificates(tls):
    spec = parse_spec(tls)

    assert (spec.tls.ca, spec.tls.cert, spec.tls.key) == (
        Path("ca.pem"),
        Path("c.pem"),
        Path("k.pem"),
    )
    assert spec.tls.strict


def test_a_host_alone_is_its_name():
    assert parse_spec("fetch:http://host").name == "http://host"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fetch:", "only http and https can be asked for documents"),
        ("fetch:ftp://host/x", "only http and https can be asked for documents"),
        ("fetch:http:///x", "the host is missing"),
        ("fetch:http://host:0/x", "the port is 0"),
        ("fetch:http://host:99999/x", "Port out of range"),
        ("fetch:http://me:pw@host/x", "a user is of no use here"),
        ("fetch:http://host/x#y", "unknown fragment 'y'"),
        ("fetch:https://host/x?key=f", "option 'key' goes with cert=FILE"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_right(text, says):
    with pytest.raises(UsageError) as caught:
        parse_spec(text)

    assert says in str(caught.value)
    assert str(caught.value).endswith(f"expected {FORM}")
    assert "me:pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("interval=1ms", "option 'interval': expected 10ms to 24h"),
        ("timeout=soon", "option 'timeout': expected seconds"),
        ("token=", "option 'token': expected a token, or @FILE, or env:NAME"),
        ("on_stale=zero", "option 'on_stale' goes with stale_after"),
    ],
)
def test_a_wrong_option(option, says):
    with pytest.raises(UsageError, match=says):
        parse_spec(f"fetch:http://host/x?{option}")


def test_a_token_is_shown_nowhere():
    assert "hunter2" not in repr(parse_spec("fetch:http://host/x?token=hunter2"))
