import json

from aoba.errors import HttpError
from aoba.sources.http import answers


def test_an_answer_is_one_json_object_on_a_line():
    response = answers.answer({"documents": 1}, 201, Allow="POST")

    assert response.status == 201
    assert response.text == '{"documents": 1}\n'
    assert response.content_type == "application/json"
    assert (response.headers["Server"], response.headers["Allow"]) == ("Aoba", "POST")


def test_a_refusal_says_why():
    response = answers.refusal(HttpError(405, "expected POST", Allow="POST"))

    assert (response.status, json.loads(response.text)) == (405, {"error": "expected POST"})
    assert response.headers["Allow"] == "POST"


def test_what_is_sent_to_a_head_without_end_has_the_length_that_it_names():
    head, _, body = answers.TOO_LONG.partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 431 ")
    assert f"Content-Length: {len(body)}".encode() in head
    assert set(json.loads(body)) == {"error"}
