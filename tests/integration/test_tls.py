"""Modbus/TCP Security: who gets in, what roles may do, and what strangers cost the others."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.certificates import Authority, Identity
from support.documents import document, printing
from support.server import PROC, Server, run_aoba
from support.wire import Client, frame, read_pdu, write_register_pdu

pytestmark = pytest.mark.of_python

VALUES = list(range(1000, 1125))
Wrong = Callable[..., str]
READ = read_pdu("holding", 0, 1)
MIB = 1024 * 1024


class Site:
    """A certificate authority, and a server that its certificates are good for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = Authority(folder)
        self.server_identity = self.root.issue("server")
        self.script = folder / "values.py"
        self.script.write_text(printing(document(holding=VALUES, interval=60_000)))

    def url(self, *options: str, identity: Identity | None = None) -> str:
        mine = identity or self.server_identity
        query = "&".join((f"cert={mine.cert}", f"key={mine.key}", *options))
        return f"tls://127.0.0.1:0?{query}"

    @property
    def ca(self) -> str:
        return f"ca={self.root.cert}"

    def context(self, role: bytes | str | None = None, name: str = "client") -> ssl.SSLContext:
        context = self.anonymous()
        mine = self.root.issue(name, role)
        context.load_cert_chain(mine.cert, mine.key)
        return context

    def anonymous(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.root.cert)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def server(site: Site, shared_serve: Callable[..., Server]) -> Server:
    """Everyone with a certificate may do everything."""
    return shared_serve(site.script, listen=site.url(site.ca))


@pytest.fixture(scope="module")
def guarded(site: Site, shared_serve: Callable[..., Server]) -> Server:
    roles = ("--role", "engineer=write", "--role", "viewer=read", "--role", "former=none")
    return shared_serve(site.script, listen=site.url(site.ca), options=roles)


@pytest.fixture
def bystander(site: Site, server: Server) -> Iterator[Client]:
    with Client(server.port, site.context()) as client:
        yield client
        assert client.holding(0, 125) == VALUES


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(site: Site, server: Server, version: ssl.TLSVersion) -> None:
    context = site.context()
    context.minimum_version = context.maximum_version = version
    with Client(server.port, context) as client:
        assert client.socket.version() == version.name.replace("_", ".")
        assert client.holding(0, 125) == VALUES


@pytest.mark.filterwarnings("ignore:.*TLSv1_1.*:DeprecationWarning")
@pytest.mark.usefixtures("bystander")
def test_no_older_version(site: Site, server: Server) -> None:
    context = site.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        Client(server.port, context)
    server.wait_for_log("WARNING client 127.0.0.1 is turned away: unsupported protocol")


@pytest.mark.usefixtures("bystander")
def test_nobody_without_a_certificate(site: Site, server: Server) -> None:
    assert_refused(server, site.anonymous())
    server.wait_for_log("is turned away: peer did not return a certificate")


@pytest.mark.usefixtures("bystander")
def test_nobody_with_a_certificate_of_somebody_else(
    site: Site, server: Server, tmp_path: Path
) -> None:
    context = site.anonymous()
    stranger = Authority(tmp_path).issue("stranger")
    context.load_cert_chain(stranger.cert, stranger.key)
    assert_refused(server, context)
    server.wait_for_log("is turned away: certificate verify failed")


def assert_refused(server: Server, context: ssl.SSLContext) -> None:
    """In TLS 1.3, a client is told when it thinks that all is well."""
    with (
        pytest.raises((ssl.SSLError, EOFError, ConnectionError)),
        Client(server.port, context) as client,
    ):
        client.ask(READ)


def test_plain_modbus_is_no_handshake(server: Server, bystander: Client) -> None:
    with Client(server.port) as client:
        client.send(frame(1, READ))
        client.socket.settimeout(30)
        rest = client.socket.recv(100)  # a TLS alert, and the end
        assert rest == b"" or rest[0] == 21
    assert bystander.holding() == VALUES[:1]


def test_without_a_ca_everyone_is_let_in_and_a_warning_says_so(
    site: Site, serve: Callable[..., Server]
) -> None:
    server = serve(site.script, listen=site.url())
    with Client(server.port, site.anonymous()) as client:
        assert client.holding(0, 3) == VALUES[:3]
        assert client.ask(write_register_pdu(0, 1000)) == write_register_pdu(0, 1000)
    assert len(server.logged(r"WARNING tls://\S+ has no \?ca=FILE: whoever can reach it")) == 1


def test_the_whole_chain_is_sent(site: Site, serve: Callable[..., Server], tmp_path: Path) -> None:
    between = Authority(tmp_path, "between", site.root)
    mine = between.issue("below")
    mine.cert.write_bytes(mine.cert.read_bytes() + between.cert.read_bytes())
    server = serve(site.script, listen=site.url(site.ca, identity=mine))
    with Client(server.port, site.context()) as client:  # knows the root alone
        assert client.holding() == VALUES[:1]


def test_without_rules_a_role_does_not_matter(site: Site, server: Server) -> None:
    for role in (None, "anything"):
        with Client(server.port, site.context(role)) as client:
            assert client.ask(write_register_pdu(0, 1000)) == write_register_pdu(0, 1000)


@pytest.mark.parametrize(
    ("role", "may_read", "may_write"),
    [
        ("engineer", True, True),
        ("viewer", True, False),
        ("former", False, False),
        ("somebody else", False, False),
        ("Engineer", False, False),
        (None, False, False),
        ("", False, False),
        (b"\x13\x08engineer", False, False),  # a PrintableString
        (b"\x0c\x08engineer\x0c\x08engineer", False, False),  # two roles
        (b"\x0c\x20engineer", False, False),
    ],
)
def test_roles(
    site: Site, guarded: Server, role: bytes | str | None, may_read: bool, may_write: bool
) -> None:
    write = write_register_pdu(0, 1000)
    with Client(guarded.port, site.context(role)) as client:
        assert client.ask(READ) == (b"\x03\x02\x03\xe8" if may_read else b"\x83\x01")
        assert client.ask(write) == (write if may_write else b"\x86\x01")
    if not may_write:
        who = f"role '{role}'" if isinstance(role, str) and role else "a client without a role"
        may = "only read" if may_read else "do nothing"
        guarded.wait_for_log(f"holding 0 refused with 01: {who} may {may}, as --role has it$")


def test_a_role_may_do_no_more_than_the_link(site: Site, serve: Callable[..., Server]) -> None:
    options = ("--role", "engineer=write")
    server = serve(site.script, listen=site.url(site.ca, "readonly=true"), options=options)
    with Client(server.port, site.context("engineer")) as client:
        assert client.holding() == VALUES[:1]
        assert client.ask(write_register_pdu(0, 1)) == b"\x86\x01"


def test_requests_behind_each_other_and_an_orderly_end(site: Site, server: Server) -> None:
    with Client(server.port, site.context()) as client:
        client.send(b"".join(frame(i, read_pdu("holding", i % 125, 1)) for i in range(500)))
        for i in range(500):
            assert client.answer() == (i, 1, b"\x03\x02" + VALUES[i % 125].to_bytes(2, "big"))
        client.socket.unwrap()


def test_clients_are_told_of_the_end(site: Site, serve: Callable[..., Server]) -> None:
    server = serve(site.script, listen=site.url(site.ca))
    with Client(server.port, site.context()) as client:
        assert client.holding() == VALUES[:1]
        code, seconds = server.stop()
        assert (code, client.socket.recv(1)) == (0, b"")  # close_notify; else it would raise
        assert seconds < 3


def test_a_client_in_single_bytes(site: Site, server: Server) -> None:
    with Client(server.port, site.context()) as client:
        for byte in frame(1, READ):
            client.send(bytes((byte,)))
        assert client.answer().pdu == b"\x03\x02\x03\xe8"


@pytest.mark.skipif(not PROC, reason="there is no /proc here")
def test_who_does_not_finish_costs_neither_memory_nor_time(
    site: Site, server: Server, bystander: Client
) -> None:
    context = site.context()
    before = server.rss()
    with ExitStack() as stack:
        for hello in (b"", b"\x16\x03\x01\x02\x00\x01"):
            for _ in range(300):
                one = socket.create_connection(("127.0.0.1", server.port))
                stack.enter_context(one).send(hello)
        assert bystander.holding() == VALUES[:1]
        asked = time.monotonic()
        with Client(server.port, context) as client:
            assert client.holding() == VALUES[:1]
        assert time.monotonic() - asked < 5
    assert server.rss() - before < 48 * MIB


def test_an_unfinished_handshake_ends_after_five_seconds(server: Server, bystander: Client) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as silent,
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as half,
    ):
        began = time.monotonic()
        half.send(b"\x16\x03\x01\x02\x00\x01")
        for one in (silent, half):
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""
        assert 4 < time.monotonic() - began < 12
    assert bystander.holding() == VALUES[:1]


@pytest.mark.skipif(not PROC, reason="there is no /proc here")
def test_a_client_that_never_reads_takes_neither_memory_nor_time(
    site: Site, server: Server, bystander: Client
) -> None:
    before = server.rss()
    with Client(server.port, site.context()) as client:
        client.socket.settimeout(0.2)
        with contextlib.suppress(TimeoutError):  # the server does not read any more either
            for _ in range(500):
                client.send(frame(1, read_pdu("holding", 0, 125)) * 1000)
        assert bystander.holding(0, 125) == VALUES
        assert server.peak_rss() - before < 60 * MIB


@pytest.mark.parametrize(
    ("cert", "says"),
    [("gone.crt", "gone.crt: No such file or directory"), ("root.crt", "not the key of")],
)
def test_files_that_are_of_no_use(site: Site, cert: str, says: str) -> None:
    url = f"tls://127.0.0.1:0?cert={site.folder / cert}&key={site.server_identity.key}"
    done = run_aoba("serve", site.script, "--listen", url)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("aoba: ")
    assert says in done.stderr


def test_a_wrong_role(site: Site, wrong_usage: Wrong) -> None:
    says = "--role viewer=all: expected NAME=read, NAME=write or NAME=none"
    listen = site.url(site.ca)
    assert says in wrong_usage("serve", site.script, "--listen", listen, "--role", "viewer=all")


@pytest.mark.parametrize("with_tls", [True, False])
def test_a_role_without_certificates(site: Site, wrong_usage: Wrong, with_tls: bool) -> None:
    listen = site.url() if with_tls else "tcp://127.0.0.1:0"
    says = "--role needs a link that asks for certificates, tls://...&ca=FILE"
    assert says in wrong_usage("serve", site.script, "--listen", listen, "--role", "viewer=read")
