"""Documents posted to a real server over HTTP, and a Modbus client that reads their values."""

import gzip
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.commands import refused
from support.documents import document, station
from support.http import send, waiting
from support.server import AOBA, LOCALHOST, Server, plain_environment, run_aoba
from support.waiting import DEADLINE, eventually
from support.wire import Client, read_pdu

pytestmark = pytest.mark.of_python

ANYWHERE = "http://127.0.0.1:0"
PLANT = f"{ANYWHERE}/plant"
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "clients" / "post.py"
PAGE = ROOT / "docs" / "http.md"
SOURCES = ROOT / "src" / "aoba" / "sources"
SHOWN = "http://127.0.0.1:8080/plant"
CONFLICT = "station 1 holding 0..1 already belongs to plant"


def port_of(server: Server) -> int:
    """Where Modbus is spoken; unlike `Server.port`, without waiting for a document."""
    return int(server.wait_for_log(r"listening on tcp://127\.0\.0\.1:(\d+)")[1])


@pytest.fixture(scope="module")
def server(shared_serve: Callable[..., Server]) -> Server:
    """Of two sources at one port, the other one with a token."""
    return shared_serve(PLANT, f"{ANYWHERE}/locked/tank?token=s3cret")


@pytest.fixture(scope="module")
def plant(server: Server) -> str:
    return waiting(server)


@pytest.fixture(scope="module")
def tank(server: Server) -> str:
    return waiting(server, "locked/tank")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_document_is_there_when_its_post_is_answered(
    server: Server, plant: str, method: str
) -> None:
    with Client(port_of(server)) as client:
        for value in (7, 8, 9):
            reply = send(plant, document(holding=[value, 2]), method)

            assert (reply.status, reply.content["applied"]) == (
                200,
                "station 1 (master) holding 0..1",
            )
            assert client.read("holding", 0, 2) == [value, 2]


def test_documents_are_counted_and_the_state_is_shown(plant: str) -> None:
    first = send(plant, document(holding=[1, 2])).content["documents"]

    assert send(plant, document(holding=[1, 2])).content["documents"] == first + 1
    reply = send(plant, method="GET")
    assert reply.status == 200
    assert reply.content["documents"] == first + 1
    assert reply.content["applied"] == "station 1 (master) holding 0..1"
    assert 0 <= reply.content["age"] < DEADLINE
    assert reply.content["stale"] is False
    assert send(plant, method="HEAD")[:2] == (200, None)


def test_a_bare_list_of_stations_will_do_and_any_content_type(plant: str) -> None:
    body = json.dumps([station(3, input=[5])])

    reply = send(plant, body, Content_Type="application/x-www-form-urlencoded")

    assert (reply.status, reply.content["applied"]) == (200, "station 3 (master) input 0")


def test_unknown_fields_are_applied_and_named(plant: str) -> None:
    body = json.dumps({"stations": [], "rebot_interval": 5})

    (warning,) = send(plant, body).content["warnings"]

    assert warning.startswith("`rebot_interval`: unknown")


def test_gzip(server: Server, plant: str) -> None:
    body = gzip.compress(document(station(4, holding=[44])).encode())

    assert send(plant, body, Content_Encoding="gzip").status == 200
    with Client(port_of(server)) as client:
        assert client.read("holding", 0, 1, unit=4) == [44]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            document(holding=[1, 70000]),
            "stations[0].map.holding[0].initial_values[1]: expected 0..65535, got 70000",
        ),
        (document(station(248, holding=[1])), "stations[0].id: expected 1..247, got 248"),
        ('{"stations": [', "not valid JSON: "),
        ("", "not valid JSON: "),
        ("42", "expected an object"),
        (b"\xff\xfe", "not "),
    ],
    ids=["a value", "an id", "half a document", "nothing", "no document", "no text"],
)
def test_what_is_wrong_is_said_with_its_place_and_changes_nothing(
    server: Server, plant: str, body: str | bytes, says: str
) -> None:
    send(plant, document(holding=[1, 2]))

    status, content, _ = send(plant, body)

    assert (status, list(content)) == (422, ["error"])
    assert says in content["error"]
    assert server.wait_for_log(" plant: from 127.0.0.1: " + says.partition("[")[0])
    with Client(port_of(server)) as client:
        assert client.read("holding", 0, 2) == [1, 2]


def test_what_belongs_to_another_source_is_a_conflict(plant: str, tank: str) -> None:
    send(plant, document(holding=[1, 2]))

    status, content, _ = send(tank, document(holding=[3, 4]), token="s3cret")

    assert (status, content) == (409, {"error": f"stations[0].map.holding[0]: {CONFLICT}"})


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_without_the_token_nothing_is_told_or_done(server: Server, tank: str, method: str) -> None:
    for token in ("", "S3cret", "s3cret1"):
        reply = send(tank, document(station(9, holding=[1])), method, token=token)

        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
    with Client(port_of(server)) as client:
        assert client.ask(read_pdu("holding", 0, 1), unit=9) == b"\x83\x0b"


def test_with_the_token_all_is_as_elsewhere(server: Server, tank: str) -> None:
    assert send(tank, document(station(10, holding=[6])), token="s3cret").status == 200
    assert send(tank, method="GET", token="s3cret").content["documents"] == 1
    assert server.logged("s3cret|Bearer ey") == []


@pytest.mark.parametrize("path", ["/", "/plant/", "/Plant", "/plan", "/locked", "/%00"])
def test_nothing_is_at_another_path(plant: str, path: str) -> None:
    reply = send(plant.removesuffix("/plant") + path, document(holding=[1]))

    assert reply.status == 404
    assert reply.content["error"].startswith("no source at /")


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_told_which_there_are(plant: str, method: str) -> None:
    reply = send(plant, method=method)

    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD, POST, PUT")
    assert reply.content["error"].startswith(f"{method} is of no use here")


def test_a_web_page_cannot_post_where_there_is_no_token(plant: str, tank: str) -> None:
    elsewhere = {"Origin": "https://example.com", "Content_Type": "text/plain"}

    assert send(plant, document(holding=[9, 9]), **elsewhere).status == 403
    assert send(tank, document(station(10, holding=[6])), token="s3cret", **elsewhere).status == 200


def test_an_unknown_coding_is_refused(plant: str) -> None:
    reply = send(plant, b"x", Content_Encoding="br")

    assert (reply.status, reply.headers["Accept-Encoding"]) == (415, "gzip, deflate")
    assert send(plant, b"x", Content_Encoding="gzip").status == 400


def test_what_is_no_http_is_told_so(plant: str) -> None:
    with socket.create_connection((urlsplit(plant).hostname, urlsplit(plant).port)) as raw:
        raw.settimeout(DEADLINE)
        raw.sendall(b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x01\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(65536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 400 ")
    assert list(json.loads(body)) == ["error"]


@pytest.mark.parametrize("poster", ["127.0.0.1", "127.0.0.2"])
def test_a_body_that_breaks_off_is_logged_and_no_defect(
    server: Server, plant: str, poster: str
) -> None:
    """Once for each host that has sent one."""
    place = urlsplit(plant)
    with socket.create_connection((place.hostname, place.port), source_address=(poster, 0)) as raw:
        raw.sendall(b"POST /plant HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 100\r\n\r\n123456789")
    server.wait_for_log(f" ERROR +plant: from {poster}: the body breaks off after 9 bytes")
    assert server.logged("Traceback|defect") == []


def test_who_asks_whether_to_send_a_body_is_told(plant: str) -> None:
    body = document(holding=[1, 2]).encode()
    with socket.create_connection((urlsplit(plant).hostname, urlsplit(plant).port)) as raw:
        raw.settimeout(DEADLINE)
        raw.sendall(
            b"POST /plant HTTP/1.1\r\nHost: [::1]\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        assert raw.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(body)
        assert raw.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_one_hundred_mebibytes_are_refused_before_they_are_read(server: Server, plant: str) -> None:
    before = server.peak_rss()

    status, content, headers = send(plant, bytes(100 << 20))

    assert (status, headers["Connection"]) == (413, "close")
    assert content == {"error": "expected 16 MiB at most, got 104857600 bytes"}
    assert server.peak_rss() < before + (64 << 20)


def test_so_are_those_that_do_not_say_how_many_they_are(plant: str) -> None:
    megabyte = b"%x\r\n%s\r\n" % (1 << 20, bytes(1 << 20))
    with socket.create_connection((urlsplit(plant).hostname, urlsplit(plant).port)) as raw:
        raw.settimeout(DEADLINE)
        raw.sendall(b"POST /plant HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(17):
            raw.sendall(megabyte)
        answer = raw.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_two_posts_at_once_are_each_applied_whole(server: Server, plant: str) -> None:
    """Large enough for a thread; whoever reads never sees values of both."""
    bodies = {v: document(station(20, holding=[v] * 60_000)) for v in (11111, 22222)}
    send(plant, bodies[11111])
    done = threading.Event()
    seen = set()

    def read() -> None:
        with Client(port_of(server)) as client:
            while not done.is_set():
                values = set(client.read("holding", 59_900, 100, unit=20))
                assert len(values) == 1
                seen.update(values)

    with ThreadPoolExecutor() as pool:
        reader = pool.submit(read)
        posts = [pool.submit(send, plant, bodies[v]) for v in (11111, 22222) * 5]
        assert {post.result().status for post in posts} == {200}
        eventually(lambda: seen or reader.done())
        done.set()
        reader.result()

    assert seen <= set(bodies)


def test_the_port_shared_with_others_is_one(plant: str, tank: str) -> None:
    assert urlsplit(plant).netloc == urlsplit(tank).netloc


def test_nobody_is_waited_for(serve: Callable[..., Server], script: Callable[..., Path]) -> None:
    """A source that others bring documents to holds up neither links nor the sources behind it."""
    path = script(f"print({document(holding=[1])!r})\n")
    server = serve(PLANT, f"{ANYWHERE}/tank", path)

    with Client(server.port) as client:
        assert client.read("holding", 0, 1) == [1]
    assert send(waiting(server, "tank"), document(station(2, holding=[2]))).status == 200


def test_what_grows_stale_is_told_and_counted(serve: Callable[..., Server]) -> None:
    server = serve(f"{PLANT}?stale_after=300ms&on_stale=exception&health=1:input:9000")
    plant = waiting(server)
    assert send(plant, method="GET").content == {
        "applied": "nothing",
        "documents": 0,
        "failures": 0,
        "age": None,
        "stale": True,
    }

    send(plant, document(holding=[5]))
    server.wait_for_log("plant: stale, newest document is")

    with Client(port_of(server)) as client:
        assert client.ask(read_pdu("holding", 0, 1)) == b"\x83\x04"
        assert send(plant, method="GET").content["stale"] is True
        assert send(plant, "nonsense").status == 422
        # An age and two counters of 32 bits, a status, and whether it is stale.
        _, _, _, deliveries, _, failures, status, stale = client.read("input", 9000, 8)
        assert (deliveries, failures, status, stale) == (2, 1, 0, 1)
        assert send(plant, document(holding=[6])).status == 200
        server.wait_for_log("plant: fresh again, after")


def test_a_wide_port_needs_a_token_and_that_is_in_no_log(serve: Callable[..., Server]) -> None:
    wide = "http://0.0.0.0:0"
    server = serve(
        f"{wide}/plant",
        f"{wide}/tank?token=env:TANK",
        env={"TANK": "s3cret"},
        options=["--log-level", "debug"],
    )
    tank = waiting(server, "tank").replace("0.0.0.0", "127.0.0.1")

    assert send(tank, document(holding=[5])).status == 401
    assert send(tank, document(holding=[5]), token="s3cret").status == 200
    server.wait_for_log("tank: 127.0.0.1 is turned away: expected Authorization")
    server.wait_for_log("/plant is open to everyone who can reach it; .token=")
    assert server.logged("s3cret|/tank is open") == []


def test_a_port_that_is_taken_is_known_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = run_aoba("serve", f"{place}/plant?token=s3cret", "--listen", LOCALHOST)
        checked = refused(1, "check", f"{place}/plant?token=s3cret")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"aoba: {checked}\n"
    assert checked.startswith(f"cannot listen on {place}: Address already in use; ")


def test_a_host_that_is_not_ours_is_named() -> None:
    says = refused(1, "check", "http://192.0.2.1:0/plant")

    expected = "cannot listen on http://192.0.2.1:0: Cannot assign requested address; this machine"
    assert says.startswith(expected)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (f"{PLANT}?token=@/no/such/file", "token @/no/such/file: No such file or directory"),
        (f"{PLANT}?token=env:NO_SUCH_VARIABLE", "token env:NO_SUCH_VARIABLE is empty"),
        (f"{PLANT}?tokn=s3cret", f"{PLANT}: unknown option 'tokn', did you mean token?"),
    ],
    ids=["no such file", "no such variable", "no such option"],
)
def test_wrong_usage(spec: str, says: str) -> None:
    assert refused(2, "check", spec).startswith(says)


def test_the_example_posts(server: Server, tank: str) -> None:
    argv = [sys.executable, EXAMPLE, tank]
    environment = {**plain_environment(), "AOBA_TOKEN": "s3cret"}
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as example:
        try:
            assert example.stdout.readline() == "station 1 (master) input 0..1 2\n"
            with Client(port_of(server)) as client:
                assert client.read("input", 2, 1)[0] < DEADLINE
        finally:
            example.kill()


def test_the_program_in_the_documentation_posts(
    server: Server, plant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = re.findall(r"^```py\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert SHOWN in program
    send(plant, json.dumps([station(30, input=[1])]))  # so that it is not the first one

    exec(program.replace('"id": 1', '"id": 31').replace(SHOWN, plant), {})

    assert capsys.readouterr().out == "station 31 (master) input 0..1\n"
    with Client(port_of(server)) as client:
        assert client.read("input", 0, 2, unit=31) == [247, 1013]


def test_the_flow_in_the_documentation_can_be_imported() -> None:
    (flow,) = re.findall(r"^```json\n(\[.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    nodes = {node["id"]: node for node in json.loads(flow)}

    assert {target for node in nodes.values() for wire in node["wires"] for target in wire} == {
        node for node in nodes if nodes[node]["type"] != "inject"
    }
    (request,) = (node for node in nodes.values() if node["type"] == "http request")
    assert (request["method"], request["url"]) == ("POST", SHOWN)


def test_every_status_is_in_the_documentation() -> None:
    told = set(re.findall(r"^\| (\d{3}) \| ", PAGE.read_text(), re.MULTILINE))
    used = {
        status
        for path in SOURCES.glob("http/*.py")
        for status in re.findall(
            r"(?:HttpError\(|, |else |HTTP/1\.1 )(4\d\d|503)\b", path.read_text()
        )
    }

    assert used | {"200"} == told


def test_without_the_library_its_command_is_named(tmp_path: Path) -> None:
    gone = "raise ModuleNotFoundError(\"No module named 'aiohttp'\", name='aiohttp')\n"
    (tmp_path / "aiohttp.py").write_text(gone)

    done = run_aoba(
        "serve", f"{PLANT}?token=x", env={**plain_environment(), "PYTHONPATH": str(tmp_path)}
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "aoba: http://127.0.0.1:0/plant needs aiohttp, which is not installed: "
        "pip install 'aoba[http]'\n"
    )


def checked(body: str) -> tuple[int, str, str]:
    """Exit code, stdout, and the answer to the one document that `aoba check` is sent."""
    argv = [*AOBA, "check", f"{PLANT}?token=s3cret", "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as check:
        url = check.stderr.readline().rstrip("\n").rpartition(" ")[2]
        reply = send(url, body, token="s3cret")
        stdout, _ = check.communicate(timeout=DEADLINE)
        return check.returncode, stdout, reply.content


def test_check_waits_for_one_document() -> None:
    code, stdout, reply = checked(document(holding=[1, 2]))

    report = json.loads(stdout)
    assert (code, report["ok"], report["documents"]) == (0, True, 1)
    assert report["stations"][0]["map"]["holding"][0]["initial_values"] == [1, 2]
    assert reply["applied"] == "station 1 (master) holding 0..1"


def test_check_fails_by_one_that_is_wrong() -> None:
    code, stdout, reply = checked(document(holding=[70000]))

    (error,) = json.loads(stdout)["errors"]
    assert (code, json.loads(stdout)["ok"]) == (1, False)
    assert error == f"from 127.0.0.1: {reply['error']}"


def test_it_stops_in_time_while_clients_are_connected(serve: Callable[..., Server]) -> None:
    server = serve(PLANT)
    place = urlsplit(waiting(server))
    address = (place.hostname, place.port)
    clients = [socket.create_connection(address) for _ in range(3)]
    clients[1].sendall(b"POST /plant HTTP/1.1\r\nHost: [::1]\r\nContent-Le")
    clients[2].sendall(b"POST /plant HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 100\r\n\r\n{")
    send(place.geturl(), document(holding=[1]))

    code, seconds = server.stop(signal.SIGINT)

    assert code == 0
    assert seconds < 3
    for client in clients:
        client.close()
    assert server.logged("Traceback|defect") == []
    assert server.logged("plant: deliveries: 1, failed: 0, documents: 1")
