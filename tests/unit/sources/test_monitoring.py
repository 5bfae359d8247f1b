import pytest

from aoba.endpoints.options import parse_options
from aoba.errors import UsageError
from aoba.sources.freshness import FreshnessRule
from aoba.sources.health_place import HealthPlace
from aoba.sources.monitoring import MONITORING, UNMONITORED, Monitoring, take_monitoring


def test_what_the_options_say_is_taken_out_of_them():
    options = parse_options("x", "stale_after=5s&on_stale=zero&health=1:input:9000", MONITORING)
    options["other"] = 1

    monitoring = take_monitoring("x", options)

    assert monitoring == Monitoring(FreshnessRule(5.0, "zero"), HealthPlace(1, "input", 9000))
    assert options == {"other": 1}


def test_without_options_nothing_is_watched():
    assert take_monitoring("x", {}) == UNMONITORED == Monitoring(None, None)


def test_what_stale_reads_answer_needs_a_time():
    with pytest.raises(UsageError, match=r"^x: option 'on_stale' goes with stale_after"):
        take_monitoring("x", {"on_stale": "zero"})
