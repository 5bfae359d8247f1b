import asyncio

import pytest

from aoba.links.forwarded_writes import ForwardedWrites
from aoba.modbus.answer import answer
from aoba.modbus.spec import ExceptionCode
from aoba.registers.image import Image
from builders import CLIENT, FakeDevice, a_range, a_station, decoded, stations


class Slow(FakeDevice):
    def __init__(self):
        super().__init__()
        self.go_on = asyncio.Event()

    async def forward(self, part, pdu):
        await self.go_on.wait()
        return await super().forward(part, pdu)


class Broken(FakeDevice):
    async def forward(self, *_):
        raise ZeroDivisionError


def pending(device):
    image = Image()
    image.delegate("device", device)
    image.apply("device", decoded(stations(a_station(holding=[a_range(0, [7])]))))
    return answer(image.stations[1], b"\x06\0\0\0\1", CLIENT)


async def some_turns():
    for _ in range(10):
        await asyncio.sleep(0)


def outcomes(*devices):
    """What is told of a request to each of them, in the order of the telling."""

    async def ask():
        outstanding, told = ForwardedWrites(), []
        some = [pending(device) for device in devices]
        outstanding.ask(some, lambda each, code: told.append((some.index(each), code)))
        assert len(outstanding) == len(devices)
        await some_turns()
        assert not outstanding
        return told

    return asyncio.run(ask())


def test_each_is_asked_and_told():
    refusing = FakeDevice()
    refusing.codes = [6]

    assert outcomes(FakeDevice(), refusing) == [(0, None), (1, 6)]


def test_a_defect_is_an_answer_too(caplog):
    assert outcomes(Broken()) == [(0, ExceptionCode.SERVER_DEVICE_FAILURE)]
    assert "ZeroDivisionError" in caplog.text


def test_nobody_is_told_after_the_end():
    async def ask_and_close():
        device, outstanding = Slow(), ForwardedWrites()
        outstanding.ask([pending(device)], lambda *_: pytest.fail("told"))
        await asyncio.sleep(0)
        outstanding.close()
        device.go_on.set()
        await some_turns()
        assert not outstanding
        return device.asked

    assert asyncio.run(ask_and_close()) == []
