import pytest

from aoba.errors import UsageError
from aoba.sources.freshness import FreshnessRule
from aoba.sources.health_place import HealthPlace
from aoba.sources.http.spec import FORM, HttpSpec, parse_http
from aoba.sources.monitoring import Monitoring
from aoba.sources.registry import parse_spec

SECRET = "Zm9v-bar._~/8=="

FAULTS = {
    "no port": ("http://127.0.0.1/plant", f"the port is missing; expected {FORM}"),
    "no host": ("http://:8080/plant", f"the host is missing; expected {FORM}"),
    "nothing": ("http:", f"the host is missing; expected {FORM}"),
    "a port out of range": ("http://h:65536/", f"Port out of range 0-65535; expected {FORM}"),
    "an open bracket": ("http://[::1:80/", f"Invalid IPv6 URL; expected {FORM}"),
    "a host that can be none": ("http://a..b:80/", f"'a..b' is no host; expected {FORM}"),
    "a user": ("http://me:secret@h:80/", "a user is of no use here, ?token= is"),
    "a fragment": ("http://h:80/p#there", "unknown fragment 'there'"),
    "an unknown option": ("http://h:80/p?tokn=x", "unknown option 'tokn', did you mean token?"),
    "half an option": ("http://h:80/p?token", "after the ? come name=value pairs"),
    "a rule without a time": ("http://h:80/p?on_stale=zero", "'on_stale' goes with stale_after"),
}


def test_all_there_is_to_say():
    spec = parse_spec(
        f"http://127.0.0.1:8080/plant/tank?token={SECRET}"
        "&stale_after=5s&on_stale=exception&health=1:input:9000"
    )

    monitoring = Monitoring(FreshnessRule(5, "exception"), HealthPlace(1, "input", 9000))
    assert spec == HttpSpec("127.0.0.1", 8080, "/plant/tank", SECRET, monitoring)
    assert (spec.name, spec.full_name) == ("plant/tank", "http://127.0.0.1:8080/plant/tank")


@pytest.mark.parametrize("text", ["http://[::1]:0", "http://[::1]:0/"])
def test_without_a_path_it_is_the_root(text):
    spec = parse_http(text)

    assert (spec.host, spec.port, spec.path) == ("::1", 0, "/")
    assert (str(spec), spec.name) == ("http://[::1]:0", "http://[::1]:0/")


def test_a_path_is_the_same_however_it_is_encoded():
    assert parse_http("http://h:1/T%C3%BCr%201").path == parse_http("http://h:1/Tür 1").path
    assert parse_http("http://h:1/T%C3%BCr%201").name == "T%C3%BCr%201"


@pytest.mark.parametrize(("text", "says"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_said(text, says):
    with pytest.raises(UsageError) as caught:
        parse_spec(text)

    assert says in str(caught.value)
    assert str(caught.value).startswith(text.partition("?")[0])


@pytest.mark.parametrize("token", ["@/run/secrets/token", "env:TOKEN", "a%2Bb"])
def test_a_token_may_be_elsewhere(token):
    assert parse_http(f"http://h:1/p?token={token}").token == token.replace("%2B", "+")


@pytest.mark.parametrize("token", ["", "two words", "a+b", "sch%C3%B6n", "=", 'say"so"'])
def test_a_token_that_fits_no_header_is_refused(token):
    with pytest.raises(UsageError, match="'token': expected letters, digits and"):
        parse_http(f"http://h:1/p?token={token}")


@pytest.mark.parametrize("rest", ["&stale=5s", "&stale_after=soon", "&token=x", "&x", "+y"])
def test_no_error_shows_the_token(rest):
    with pytest.raises(UsageError) as caught:
        parse_http(f"http://h:1/p?token=hunter2{rest}")

    assert "hunter2" not in str(caught.value)


def test_the_spec_does_not_show_it_either():
    spec = parse_http("http://h:1/p?token=hunter2")

    assert "hunter2" not in f"{spec} {spec!r} {spec.name} {spec.full_name}"
