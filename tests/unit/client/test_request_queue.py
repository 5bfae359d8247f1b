from aoba.client.request_queue import IN_A_ROW, MAX_WRITES, RequestQueue


def waiting(*items):
    """Items like `r3`, a read of station 3, or `w3`, in the order they came."""
    queue = RequestQueue()
    for item in items:
        assert queue.put(int(item[1:]), item, is_write=item[0] == "w")
    return queue


def order(queue):
    return list(iter(queue.take, None))


def test_nobody_waits():
    assert waiting().take() is None


def test_reads_go_round():
    assert order(waiting("r1", "r1", "r1", "r2", "r2", "r3")) == [
        "r1",
        "r2",
        "r3",
        "r1",
        "r2",
        "r1",
    ]


def test_writes_come_before_reads_and_go_round():
    queue = waiting("r1", "r2", "w2", "w2", "w3")
    assert order(queue) == ["w2", "w3", "w2", "r1", "r2"]


def test_after_some_writes_a_read_has_its_turn():
    taken = order(waiting(*["w1"] * (2 * IN_A_ROW), "r1", "r2"))

    writes = ["w1"] * IN_A_ROW
    assert taken in ([*writes, "r1", *writes, "r2"], [*writes, "r2", *writes, "r1"])


def test_where_nothing_else_waits_writes_go_on():
    writes = ["w1"] * (IN_A_ROW + 3)
    assert order(waiting(*writes)) == writes


def test_between_two_requests_to_a_silent_station_all_others_have_a_turn():
    queue = waiting("w9", "w9", "w9", "r1", "r2", "w3")
    queue.heard(9, is_silent=True)

    assert order(queue) == ["w3", "w9", "r1", "r2", "w9", "w9"]


def test_a_station_that_answers_again_has_precedence_again():
    queue = waiting("r1", "w9")
    queue.heard(9, is_silent=True)
    queue.heard(9, is_silent=False)

    assert order(queue) == ["w9", "r1"]


def test_writes_that_wait_are_bounded_for_each_station():
    queue = waiting(*["w1"] * MAX_WRITES)

    assert not queue.put(1, "w1", is_write=True)
    assert queue.put(1, "r1", is_write=False)
    assert queue.put(2, "w2", is_write=True)
    assert len(order(queue)) == MAX_WRITES + 2
