"""What is demanded of certificates, on both sides of TLS and under every Python."""

import ssl

import pytest

from aoba.endpoints.client_tls import ClientTls
from aoba.endpoints.tls import client_context
from aoba.endpoints.url import parse_listen
from aoba.links.certificates import server_context
from support.certificates import Authority

STRICT = pytest.mark.parametrize("strict", [False, True])


def agree(client, server):
    """Whether both ends finish a handshake. Raises SSLError where one of them refuses."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [asking, serving]
    for _ in range(10):
        for end in tuple(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
        if not waiting:
            with pytest.raises(
                ssl.SSLWantReadError
            ):  # TLS 1.3 refuses clients behind the handshake
                serving.read(1)
            return True
    return False


def contexts(authority, *, client_strict, server_strict):
    device, mine = authority.issue("device"), authority.issue("client")
    asking = client_context(
        ClientTls(ca=authority.cert, cert=mine.cert, key=mine.key, strict=client_strict)
    )
    options = f"cert={device.cert}&key={device.key}&ca={authority.cert}"
    strict = "true" if server_strict else "false"
    return asking, server_context(parse_listen(f"tls://h:802?{options}&strict={strict}"))


@STRICT
def test_certificates_that_follow_rfc_5280_are_taken(tmp_path, strict):
    authority = Authority(tmp_path)
    assert agree(*contexts(authority, client_strict=strict, server_strict=strict))


def test_those_that_lack_identifiers_of_keys_are_taken_unless_told_otherwise(tmp_path):
    bare = Authority(tmp_path, bare=True)
    assert agree(*contexts(bare, client_strict=False, server_strict=False))


@pytest.mark.parametrize(
    ("client_strict", "server_strict"), [(True, False), (False, True)], ids=["client", "link"]
)
def test_who_is_strict_refuses_them(tmp_path, client_strict, server_strict):
    bare = Authority(tmp_path, bare=True)
    ends = contexts(bare, client_strict=client_strict, server_strict=server_strict)
    with pytest.raises(ssl.SSLCertVerificationError, match="Authority Key Identifier"):
        agree(*ends)


def test_an_authority_in_the_middle_is_trusted_where_it_is_the_one_that_is_named(tmp_path):
    middle = Authority(tmp_path, "middle", above=Authority(tmp_path))
    assert agree(*contexts(middle, client_strict=True, server_strict=True))
