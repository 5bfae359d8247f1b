import pytest

from aoba.client.blocks import Block
from aoba.endpoints.request_options import RequestOptions, RetryPolicy
from aoba.errors import UsageError
from aoba.modbus.spec import Table
from aoba.sources.devices.spec import PolledBlock, parse_device
from aoba.sources.freshness import FreshnessRule
from aoba.sources.health_place import HealthPlace
from aoba.sources.registry import parse_spec
from aoba.spans import Span


def test_what_is_not_said():
    spec = parse_device("modbus:tcp://10.0.0.5?holding=0-99")

    assert str(spec.target) == "tcp://10.0.0.5:502"
    assert (spec.unit, spec.station) == (1, 1)
    assert spec.blocks == (PolledBlock(Block(1, Table.HOLDING, Span(0, 100))),)
    assert (spec.interval, spec.timeout, spec.retries, spec.write) == (1.0, 1.0, 0, False)
    assert (spec.monitoring.freshness, spec.monitoring.health) == (None, None)


def test_all_options():
    spec = parse_device(
        "modbus:rtu:///dev/ttyUSB0?baudrate=19200&unit=3&parity=E&as=7&input=5,20-29,6-7&coils=1"
        "&discrete_inputs=0-7&holding=65535&interval=500ms&write=true&timeout=300ms&retries=2"
        "&stale_after=5s&on_stale=zero&health=7:input:900"
    )

    assert spec.target.character == "19200 8E1"
    assert (spec.unit, spec.station) == (3, 7)
    assert [str(polled.block) for polled in spec.blocks] == [
        "1 coils at station 3",
        "0-7 discrete_inputs at station 3",
        "65535 holding at station 3",
        "5 input at station 3",
        "20-29 input at station 3",
        "6-7 input at station 3",
    ]
    assert (spec.interval, spec.timeout, spec.retries, spec.write) == (0.5, 0.3, 2, True)
    assert spec.monitoring.freshness == FreshnessRule(5.0, "zero")
    assert spec.monitoring.health == HealthPlace(7, "input", 900)


def test_blocks_are_asked_for_as_they_are_written():
    spec = parse_device("modbus:tcp://a?holding=80-119,0-39,40-79")

    spans = [polled.block.span for polled in spec.blocks]
    assert spans == [Span(80, 120), Span(0, 40), Span(40, 80)]


def test_a_block_may_have_an_interval_of_its_own():
    spec = parse_device("modbus:tcp://a?holding=0-9,10-19@10s,20@50ms&interval=2s")

    assert [polled.interval for polled in spec.blocks] == [None, 10.0, 0.05]
    assert spec.interval == 2.0


def test_how_requests_are_made_is_said_among_the_others():
    spec = parse_device("modbus:tcp://a?delay=20ms&holding=0&busy_retries=3&max_registers=50")

    assert spec.target.requests == RequestOptions(delay=0.02, busy_retries=3, max_registers=50)
    assert spec.retry_policy == RetryPolicy(1.0, 0, 3)


def test_it_is_a_kind_of_source():
    assert parse_spec("modbus:tcp://a?holding=0") == parse_device("modbus:tcp://a?holding=0")


@pytest.mark.parametrize(
    "url", ["tls://a?ca=/a%20b.pem&name=x", "udp://a", "rtu+tcp://a:4001", "ascii:///dev/a"]
)
def test_any_link_with_its_options(url):
    spec = parse_device(f"modbus:{url}{'&' if '?' in url else '?'}unit=1&holding=0")

    assert str(spec.target).startswith(url.partition("?")[0])
    if url.startswith("tls"):
        assert (str(spec.target.ca), spec.target.name) == ("/a b.pem", "x")


def test_names():
    spec = parse_device("modbus:tcp://a?unit=3&holding=0-9&input=5&as=4")

    assert spec.name == "tcp://a:502 unit 3"
    assert spec.full_name == "tcp://a:502 unit 3 0-9 holding, 5 input"


def test_addresses_may_be_hexadecimal():
    (polled,) = parse_device("modbus:tcp://a?holding=0x10-0x1F").blocks

    assert polled.block.span == (16, 32)


@pytest.mark.parametrize("unit", [0, 255])
def test_units_that_no_station_can_have_get_another_one(unit):
    assert parse_device(f"modbus:tcp://a?unit={unit}&as=9&input=0").unit == unit
    with pytest.raises(UsageError, match=f"no station can have unit id {unit}; name another"):
        parse_device(f"modbus:tcp://a?unit={unit}&input=0")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            "unit=3",
            (
                "nothing to read; expected ranges of coils, discrete_inputs, holding, input, "
                "as in ?unit=3&holding=0-99&input=0-9,20-29"
            ),
        ),
        (
            "holding=",
            (
                "option 'holding': expected first and last addresses, "
                "as in 0-99,120 or 0-99@10s, got ''"
            ),
        ),
        (
            "holding=9-0",
            "option 'holding': expected addresses from 0 to 65535, the first one first, got '9-0'",
        ),
        (
            "holding=0-65536",
            (
                "option 'holding': expected addresses from 0 to 65535, the first one first, "
                "got '0-65536'"
            ),
        ),
        (
            "holding=400001-400010",
            (
                "option 'holding': expected addresses from 0 to 65535, the first one first, got "
                "'400001-400010'; addresses count from 0: 400001 of a manual is holding 0 here"
            ),
        ),
        (
            "holding=5.3",
            (
                "option 'holding': expected first and last addresses, as in 0-99,120 or 0-99@10s, "
                "got '5.3'"
            ),
        ),
        ("holding=0-9,5-20", "option 'holding': 5..9 is in it twice"),
        ("holdings=0-9", "unknown option 'holdings', did you mean holding?"),
        ("holding=0&unit=256", "option 'unit': expected 0 to 255, got 256"),
        ("holding=0&unit=x", "option 'unit': expected a whole number from 0 on, got 'x'"),
        ("holding=0&as=0", "no station can have unit id 0; name another, as in &as=1"),
        ("holding=0&interval=1ms", "option 'interval': expected 10ms at least, got '1ms'"),
        ("holding=0&write=yes", "option 'write': expected true or false, got 'yes'"),
        ("holding=0&on_stale=zero", "option 'on_stale' goes with stale_after"),
    ],
)
def test_wrong_usage(options, says):
    text = f"modbus:tcp://a?{options}"
    with pytest.raises(UsageError) as caught:
        parse_device(text)
    assert str(caught.value) == f"{text}: {says}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("modbus:a.py", "not a URL"),
        ("modbus:tcp://?holding=0", "the host is missing"),
        ("modbus:rtu:///dev/a?unit=0&holding=0", "expected 1 to 247, got 0"),
        ("modbus:rtu:///dev/a?baudrate=fast&holding=0", "option 'baudrate': expected a whole"),
        ("modbus:tcp://a?baudrate=9600&holding=0", "unknown option 'baudrate'"),
    ],
)
def test_wrong_urls(text, says):
    with pytest.raises(UsageError) as caught:
        parse_device(text)
    assert says in str(caught.value)
    assert str(caught.value).startswith(text.partition("?")[0])
