import pytest

from aoba.links.clients import REQUEST_TIMEOUT, SWEEPS, Clients


class Someone:
    heard = known = False
    since = 0.0
    parted = False

    def close(self):
        self.parted = True


def full(most, *, idle=None, now=0.0):
    clients = Clients(most, idle)
    someone = [Someone() for _ in range(most)]
    for one in someone:
        assert clients.accept(one, now)
    return clients, someone


def test_as_many_as_there_are_places():
    clients, someone = full(3)

    assert len(clients) == 3
    assert list(clients) == someone
    clients.leave(someone[1])
    assert list(clients) == [someone[0], someone[2]]
    assert clients.accept(Someone(), 0)


def test_leaving_twice_or_without_having_been_let_in_is_nothing():
    clients, (one,) = full(1)
    clients.leave(Someone())
    assert len(clients) == 1
    clients.leave(one)
    clients.leave(one)
    assert len(clients) == 0


def test_who_has_asked_keeps_the_place():
    clients, someone = full(3)
    for one in someone:
        one.heard = True

    assert not clients.accept(Someone(), 1000)
    assert list(clients) == someone
    assert not any(one.parted for one in someone)


def test_the_longest_there_without_a_request_makes_room():
    clients, (first, second, third) = full(3)
    first.heard = True
    new = Someone()

    assert clients.accept(new, REQUEST_TIMEOUT)
    assert second.parted
    assert not first.parted
    assert not third.parted
    assert list(clients) == [first, third, new]
    clients.leave(second)  # its connection is lost only now
    assert len(clients) == 3


def test_who_has_just_come_is_given_time():
    clients, someone = full(2, now=10)
    assert not clients.accept(Someone(), 10 + REQUEST_TIMEOUT / 2)
    assert not any(one.parted for one in someone)
    assert clients.accept(Someone(), 10 + REQUEST_TIMEOUT)


def test_who_asked_once_keeps_the_place_though_sweeps_have_passed():
    clients, (one,) = full(1, idle=100)
    one.heard = True
    clients.sweep(10)
    assert not one.heard

    assert not clients.accept(Someone(), 20)


def test_a_flood_of_silent_clients_drives_out_only_silent_ones():
    clients = Clients(10, None)
    good = [Someone() for _ in range(5)]
    for one in good:
        clients.accept(one, 0)
        one.heard = True
    for second in range(100):
        clients.accept(Someone(), second)

    assert set(good) < set(clients)
    assert len(clients) == 10
    last = Someone()
    assert clients.accept(last, 200)
    last.heard = True
    assert all(clients.accept(Someone(), 300 + i) for i in range(4))
    assert last in list(clients)


def test_who_idles_is_parted_from_in_time_and_not_before():
    clients, (one, other) = full(2, idle=8)
    assert clients.pause == 8 / SWEEPS == 1
    for now in range(1, 8):
        clients.sweep(now)
        other.heard = True
    assert not one.parted

    clients.sweep(8)
    assert one.parted
    assert not other.parted


@pytest.mark.parametrize("heard_at", [0.1, 3.0, 3.9])
def test_idling_begins_with_the_last_request(heard_at):
    clients, (one,) = full(1, idle=8)
    now = 0
    while not one.parted:
        if now <= heard_at < now + 1:
            one.heard = True
        now += 1
        clients.sweep(now)
    assert heard_at + 8 <= now <= heard_at + 8 + 2 * clients.pause


def test_without_idle_there_is_no_sweep():
    assert Clients(1, None).pause is None
