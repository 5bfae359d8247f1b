import re

import pytest

from aoba.client.channel_pool import ChannelPool
from aoba.endpoints.device import parse_target
from aoba.errors import UsageError


def channel(pool, url):
    return pool.channel(parse_target(url))


def test_who_asks_at_the_same_place_shares_a_channel():
    pool = ChannelPool()

    assert channel(pool, "tcp://10.0.0.5") is channel(pool, "tcp://10.0.0.5:502")
    assert channel(pool, "udp://10.0.0.5") is not channel(pool, "tcp://10.0.0.5")
    assert channel(pool, "tcp://10.0.0.5:503") is not channel(pool, "tcp://10.0.0.5")


def test_a_device_is_the_same_under_all_its_names(tmp_path):
    device, name = tmp_path / "ttyUSB0", tmp_path / "by-id"
    device.touch()
    name.symlink_to(device)
    pool = ChannelPool()

    assert channel(pool, f"rtu://{device}") is channel(pool, f"rtu://{name}?baudrate=9600")
    with pytest.raises(UsageError, match="expected the same options"):
        channel(pool, f"rtu://{name}?baudrate=19200")


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("rtu:///dev/a", "rtu:///dev/a?baudrate=19200", "rtu 9600 8N1 and as rtu 19200 8N1"),
        ("rtu:///dev/a", "ascii:///dev/a", "rtu 9600 8N1 and as ascii 9600 7E1"),
        ("tcp://a:700", "rtu+tcp://a:700", "tcp://a:700 and as rtu+tcp://a:700"),
    ],
)
def test_different_ways_to_speak_at_one_place(one, other, says):
    pool = ChannelPool()
    channel(pool, one)
    with pytest.raises(UsageError, match=re.escape(f": given as {says}")):
        channel(pool, other)


def test_certificates_that_cannot_be_used_are_known_at_once(tmp_path):
    with pytest.raises(UsageError, match=r"no-such\.pem cannot be used"):
        channel(ChannelPool(), f"tls://a?ca={tmp_path}/no-such.pem")
