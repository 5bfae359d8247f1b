import asyncio
import logging

import pytest

from aoba.document.stream import MAX_VALUE
from aoba.errors import DocumentError
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.sources.freshness import FreshnessRule
from aoba.sources.health_place import HealthPlace
from aoba.sources.ingest import MAX_FAILING, Ingest
from aoba.sources.monitoring import UNMONITORED, Monitoring
from builders import one_range, raw

GOOD = raw(one_range("holding", 0, [7]))
BAD = raw(one_range("holding", 0, [70000]))
WHY = "stations[0].map.holding[0].initial_values[0]: expected 0..65535, got 70000"


class Brought:
    """A source that is brought `payloads`, one delivery each."""

    def __init__(self, monitoring=UNMONITORED):
        self.image = Image()
        self.deliveries = Ingest("tank.json", monitoring, self.image)

    async def bring(self, *payloads, place=""):
        for payload in payloads:
            async with self.deliveries.delivery(place):
                try:
                    await self.deliveries.take(payload, place)
                except DocumentError as error:
                    yield str(error)
                else:
                    yield "taken"

    def of(self, *payloads, place=""):
        async def bring():
            with self.deliveries.alive():
                return [outcome async for outcome in self.bring(*payloads, place=place)]

        return asyncio.run(bring())

    def register(self, address=0, table=Table.HOLDING):
        return int.from_bytes(self.image.stations[1].read(table, address, 1))


@pytest.fixture(autouse=True)
def everything_logged(caplog):
    caplog.set_level(logging.INFO, "aoba.source")


def test_a_document_takes_effect(caplog):
    brought = Brought()

    assert brought.of(GOOD) == ["taken"]
    assert brought.register() == 7
    assert brought.deliveries.settled.is_set()
    assert caplog.messages == [
        "tank.json: first document: station 1 (master) holding 0",
        "tank.json: deliveries: 1, failed: 0, documents: 1",
    ]


def test_a_byte_order_mark_is_passed_over():
    assert Brought().of(b"\xef\xbb\xbf" + GOOD) == ["taken"]


def test_white_space_around_a_document_is_passed_over():
    bare = raw([{"id": 1, "mode": "master", "map": {}}])

    assert Brought().of(b"\r\n " + GOOD + b"\n", b"\n" + bare) == ["taken", "taken"]


def test_its_state_is_that_of_its_documents():
    async def bring(brought):
        before = brought.deliveries.state
        assert [one async for one in brought.bring(BAD, GOOD, GOOD)] == [WHY, "taken", "taken"]
        return before, brought.deliveries.state

    before, after = asyncio.run(bring(Brought()))

    assert before == (0, 0, None, True)
    assert after[:2] == (2, 1)
    assert 0 <= after.age < 30
    assert not after.is_stale


def test_what_is_taken_says_what_was_not_understood():
    async def take(deliveries):
        async with deliveries.delivery():
            return await deliveries.take(raw({"stations": [], "interval": 5}))

    (message,) = asyncio.run(take(Brought().deliveries)).unknown

    assert message.startswith("`interval`: unknown")


def test_a_refusal_is_raised_and_logged_with_its_place(caplog):
    brought = Brought()

    assert brought.of(GOOD, BAD, place="plant/tank") == ["taken", WHY]
    assert brought.register() == 7
    assert f"tank.json: plant/tank: {WHY}" in caplog.messages


def test_the_same_refusal_is_logged_once_then_counted(caplog):
    Brought().of(BAD, BAD, BAD)

    about = [line for line in caplog.messages if WHY in line]
    assert about == [f"tank.json: {WHY}", f"tank.json: same error, 2 times: {WHY}"]


def test_deliveries_in_turns_good_and_bad_are_told_once(caplog):
    caplog.set_level(logging.INFO)
    Brought().of(*[BAD, GOOD] * 20)

    about = [line for line in caplog.messages if WHY in line or "well again" in line]
    assert about == [
        f"tank.json: {WHY}",
        "tank.json: well again, after 1 error",
        f"tank.json: same error, 19 times: {WHY}",
    ]


def bring_from(*deliveries):
    """`deliveries` are pairs of a place and a payload."""

    async def bring():
        brought = Brought()
        with brought.deliveries.alive():
            for place, payload in deliveries:
                async for _ in brought.bring(payload, place=place):
                    pass

    asyncio.run(bring())


def test_errors_of_two_places_in_turns_are_each_told_once(caplog):
    bring_from(*[("here", BAD), ("there", b"no JSON")] * 20)

    no_json = "there: not valid JSON: Expecting value at line 1 column 1 of the document"
    assert [line for line in caplog.messages if "re: " in line] == [
        f"tank.json: here: {WHY}",
        f"tank.json: {no_json}",
        f"tank.json: same error, 19 times: here: {WHY}",
        f"tank.json: same error, 19 times: {no_json}",
    ]


def test_all_is_well_again_when_all_places_are(caplog):
    bring_from(("here", BAD), ("there", BAD), ("here", GOOD), *[("elsewhere", GOOD)] * 9)
    assert "well again" not in caplog.text
    caplog.clear()
    bring_from(("here", BAD), ("there", BAD), ("here", GOOD), *[("there", GOOD)] * 9)

    assert caplog.text.count("well again, after 2 errors") == 1


def test_places_that_have_failed_are_not_remembered_without_end():
    async def bring():
        brought = Brought()
        for number in range(10 * MAX_FAILING):
            async for _ in brought.bring(BAD, place=str(number)):
                pass
        return len(brought.deliveries._failing)

    assert asyncio.run(bring()) == MAX_FAILING


def test_another_wrong_value_each_time_is_no_other_error(caplog):
    Brought().of(*(raw(one_range("holding", 0, [value])) for value in range(70_000, 70_020)))

    assert len([line for line in caplog.messages if "expected 0..65535" in line]) == 2


def test_a_first_delivery_that_fails_settles_it_too():
    brought = Brought()

    brought.of(BAD)

    assert brought.deliveries.settled.is_set()


def test_a_large_document_is_taken_too():
    large = raw(one_range("holding", 0, list(range(60_000))))
    brought = Brought()

    assert brought.of(large) == ["taken"]
    assert brought.register(59_999) == 59_999


def test_one_that_is_too_large_is_refused():
    (said,) = Brought().of(b" " * (MAX_VALUE + 1))

    assert said == f"expected 16 MiB at most, got {MAX_VALUE + 1} bytes"


def test_a_delivery_of_nothing_has_failed(caplog):
    async def nothing(deliveries):
        async with deliveries.delivery():
            pass

    brought = Brought(Monitoring(health=HealthPlace(1, "input", 9000)))
    asyncio.run(nothing(brought.deliveries))

    assert caplog.messages == ["tank.json: no document in it"]
    assert brought.register(9005, Table.INPUT) == 1  # failures


def test_deliveries_are_told_by_health_and_freshness(caplog):
    async def go_stale(brought):
        with brought.deliveries.alive():
            assert [one async for one in brought.bring(GOOD, BAD)] == ["taken", WHY]
            async with asyncio.timeout(30):
                while "stale" not in caplog.text:  # noqa: ASYNC110  the log has no event
                    await asyncio.sleep(0.01)
            assert brought.register() == 0
            assert [one async for one in brought.bring(GOOD)] == ["taken"]
            assert brought.register() == 7

    rule = FreshnessRule(0.05, "zero")
    brought = Brought(Monitoring(rule, HealthPlace(1, "input", 9000)))
    asyncio.run(go_stale(brought))

    assert [brought.register(9000 + at, Table.INPUT) for at in (3, 5, 6)] == [3, 1, 0]
    assert "tank.json: fresh again, after" in caplog.text


def test_one_delivery_waits_for_the_other():
    async def two(brought):
        order = []

        async def one(name, leave):
            async with brought.deliveries.delivery():
                order.append(name)
                await leave.wait()
                await brought.deliveries.take(GOOD)
                order.append(name)

        leave = asyncio.Event()
        both = asyncio.gather(one("a", leave), one("b", leave))
        await asyncio.sleep(0)
        leave.set()
        await both
        return order

    assert asyncio.run(two(Brought())) == ["a", "a", "b", "b"]


def test_which_wrong_value_it_is_makes_no_other_error(caplog):
    Brought().of(*(raw(one_range("holding", 0, [it])) for it in (-1, 21.5, "x", 70000)), place="a")

    assert caplog.messages[1:] == [
        "tank.json: same error, 3 times: " + caplog.messages[0].removeprefix("tank.json: "),
        "tank.json: deliveries: 4, failed: 4, documents: 0",
    ]
