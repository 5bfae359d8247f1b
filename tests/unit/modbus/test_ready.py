from aoba.modbus.ready import MAX_ANSWERS, ReadyAnswers


def test_finds_what_was_kept():
    ready = ReadyAnswers()
    ready.keep(b"request", b"answer")

    assert ready.find(b"request") == b"answer"
    assert ready.find(b"reques") is None


def test_a_change_makes_it_forget_everything():
    ready = ReadyAnswers()
    find = ready.find  # sessions hold on to it
    ready.keep(b"request", b"answer")
    ready.keep(b"another", b"answer")
    ready.forget()

    assert find(b"request") is find(b"another") is None
    ready.keep(b"request", b"new answer")
    assert find(b"request") == b"new answer"


def test_there_is_an_end_to_what_is_kept():
    ready = ReadyAnswers()
    requests = [i.to_bytes(4, "big") for i in range(3 * MAX_ANSWERS + 1)]
    for request in requests:
        ready.keep(request, request)
        assert ready.find(request) == request

    assert sum(ready.find(request) is not None for request in requests) <= MAX_ANSWERS
