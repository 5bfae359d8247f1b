"""`fetch:` against web servers that answer well, late, too much, or something else."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.server import Server, run_aoba
from support.waiting import eventually
from support.wire import Client, write_register_pdu

Serve = Callable[..., Server]
Answer = Callable[["Handler"], None]


def document(*values: int, **fields: Any) -> bytes:
    ranges = [{"address_start": 0, "initial_values": list(values)}]
    stations = [{"id": 1, "mode": "master", "map": {"holding": ranges}}]
    return json.dumps({"stations": stations, **fields}).encode()


class Asked(NamedTuple):
    path: str
    headers: dict[str, str]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Web"

    def do_GET(self) -> None:
        self.server.requests.append(Asked(self.path, dict(self.headers)))
        self.server.answer(self)

    def log_message(self, *_: object) -> None: ...

    def say(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


class Web(ThreadingHTTPServer):
    """`answer` is what each request gets; `requests` are those that came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Asked] = []
        self.answer: Answer = lambda request: request.say(document(1))
        self.url = f"http://127.0.0.1:{self.server_port}/plant"


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.01,))
        thread.start()
        yield web
        web.shutdown()
        thread.join()


def reads(server: Server, value: int) -> None:
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] == value, f"the value {value}")


def test_documents_are_asked_for_again_and_again(serve: Serve, web: Web) -> None:
    server = serve(f"fetch:{web.url}?interval=50ms&station=3")
    reads(server, 1)
    web.answer = lambda request: request.say(document(2))
    reads(server, 2)
    asked = web.requests[0]
    assert (asked.path, asked.headers["Accept"]) == ("/plant?station=3", "application/json")
    assert server.logged(r"INFO .* plant: asks http://127.0.0.1:\d+/plant every 0.05 s")


def test_an_answer_that_has_not_changed_is_asked_for_by_its_tag(serve: Serve, web: Web) -> None:
    def answer(request: Handler) -> None:
        if request.headers["If-None-Match"] == '"a"':
            request.say(b"", 304)
        else:
            request.say(document(7), ETag='"a"')

    web.answer = answer
    server = serve(f"fetch:{web.url}?interval=50ms&stale_after=2s")
    reads(server, 7)
    eventually(lambda: len(web.requests) > 60)  # for longer than the values would be fresh
    assert not server.logged("stale")
    assert not server.logged("ERROR")
    assert [it.headers.get("If-None-Match") for it in web.requests[:3]] == [None, '"a"', '"a"']


def test_what_clients_write_lasts_until_the_next_answer_though_it_is_the_same(
    serve: Serve, web: Web
) -> None:
    web.answer = lambda it: (
        it.say(b"", 304) if it.headers["If-None-Match"] else it.say(document(7), ETag='"a"')
    )
    server = serve(f"fetch:{web.url}?interval=50ms")
    reads(server, 7)
    with Client(server.port) as client:
        client.ask(write_register_pdu(0, 9))
    reads(server, 7)


def test_a_token_is_read_from_its_file_each_time(serve: Serve, web: Web, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    server = serve(f"fetch:{web.url}?interval=50ms&token=@{token}")
    reads(server, 1)
    token.write_text("second\n")
    eventually(lambda: web.requests[-1].headers["Authorization"] == "Bearer second")
    assert web.requests[0].headers["Authorization"] == "Bearer first"


FAULTS: dict[str, tuple[Answer, str]] = {
    "not found": (lambda it: it.say(b"no", 404), "it answers 404 Not Found"),
    "an error of the server": (lambda it: it.say(b"", 503), "it answers 503 Service Unavailable"),
    "no answer in time": (lambda it: it.server.late.wait(30), "no answer within 0.2 s"),
    "no answer at all": (lambda it: setattr(it, "close_connection", True), "closed the connection"),
    "a page": (lambda it: it.say(b"<html>"), "not valid JSON: Expecting value"),
    "a wrong document": (lambda it: it.say(document(70_000)), r"initial_values\[0\]: expected"),
    "too much": (lambda it: it.say(b" " * (17 << 20)), "expected 16 MiB at most"),
    "too much, packed": (
        lambda it: it.say(gzip.compress(b" " * (17 << 20)), Content_Encoding="gzip"),
        "expected 16 MiB at most",
    ),
    "a circle": (lambda it: it.say(b"", 302, Location="/plant"), "more than 5 times"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_once_and_values_stay(serve: Serve, web: Web, fault: str) -> None:
    server = serve(f"fetch:{web.url}?interval=50ms&timeout=200ms")
    reads(server, 1)
    answer, says = FAULTS[fault]
    web.late = threading.Event()  # type: ignore[attr-defined]
    web.answer = answer
    eventually(lambda: server.logged(f"ERROR .* plant: .*({says})"), fault)
    known = len(web.requests)
    eventually(lambda: len(web.requests) > known + 3)
    with Client(server.port) as client:
        assert client.holding()[0] == 1
    web.late.set()  # type: ignore[attr-defined]
    web.answer = lambda request: request.say(document(2))
    reads(server, 2)
    server.wait_for_log("INFO .* plant: well again, after")
    assert len(server.logged("ERROR")) <= 2


def test_nobody_there_is_told(serve: Serve) -> None:
    server = serve("fetch:http://127.0.0.1:1/plant?interval=50ms")
    server.wait_for_log(
        "ERROR .* plant: http://127.0.0.1:1/plant: no connection: Connection refused"
    )
    server.wait_for_log("listening on")  # all the same


def test_a_check_shows_what_comes(web: Web) -> None:
    done = run_aoba("check", f"fetch:{web.url}", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["stations"][0]["id"] == 1


def test_files_that_cannot_be_used_are_told_before_anything_starts(tmp_path: Path) -> None:
    for option in (f"token=@{tmp_path}/none", f"ca={tmp_path}/none"):
        done = run_aoba("serve", f"fetch:https://127.0.0.1:1/x?{option}")
        assert done.returncode == 2
        assert "No such file" in done.stderr
