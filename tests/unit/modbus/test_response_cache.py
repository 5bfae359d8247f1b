from aoba.modbus.response_cache import MAX_ANSWERS, ResponseCache


def test_finds_what_was_kept():
    cache = ResponseCache()
    cache.keep(b"request", b"answer")

    assert cache.find(b"request") == b"answer"
    assert cache.find(b"reques") is None


def test_a_change_makes_it_forget_everything():
    cache = ResponseCache()
    find = cache.find  # sessions hold on to it
    cache.keep(b"request", b"answer")
    cache.keep(b"another", b"answer")
    cache.invalidate()

    assert find(b"request") is find(b"another") is None
    cache.keep(b"request", b"new answer")
    assert find(b"request") == b"new answer"


def test_there_is_an_end_to_what_is_kept():
    cache = ResponseCache()
    requests = [i.to_bytes(4, "big") for i in range(3 * MAX_ANSWERS + 1)]
    for request in requests:
        cache.keep(request, request)
        assert cache.find(request) == request

    assert sum(cache.find(request) is not None for request in requests) <= MAX_ANSWERS
