import ssl
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from aoba.endpoints.url import TlsUrl
from aoba.errors import UsageError
from aoba.links.certificates import role_of, server_context
from support.certificates import Authority, private_pem


class Site(NamedTuple):
    folder: Path
    root: Authority


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    root = Authority(folder)
    mine = root.issue("server")
    (folder / "locked.key").write_bytes(private_pem(mine.private_key, b"secret"))
    pem = mine.cert.read_text().splitlines()
    (folder / "broken.crt").write_text("\n".join((pem[0], pem[1][::-1], pem[-1])))
    return Site(folder, root)


def url(folder, cert="server.crt", key="server.key", ca=None):
    ca = folder / ca if ca else None
    return TlsUrl("tls", "127.0.0.1", 802, cert=folder / cert, key=folder / key, ca=ca)


def test_nothing_older_than_tls_1_2(site):
    assert server_context(url(site.folder)).minimum_version == ssl.TLSVersion.TLSv1_2


def test_certificates_of_clients_are_asked_for_where_somebody_signs_them(site):
    assert server_context(url(site.folder)).verify_mode == ssl.CERT_NONE
    assert server_context(url(site.folder, ca="root.crt")).verify_mode == ssl.CERT_REQUIRED


FILES = {
    "a certificate that is not there": ("gone.crt", "server.key", "gone.crt: No such file"),
    "a key that is not there": ("server.crt", "gone.key", "gone.key: No such file"),
    "a folder": (".", "server.key", "Is a directory"),
    "a key in place of a certificate": ("server.key", "server.key", "no certificate (PEM) in it"),
    "a certificate in place of a key": ("server.crt", "server.crt", "no private key (PEM) in it"),
    "a key of another one": ("server.crt", "root.key", "root.key: not the key of "),
    "an encrypted key": ("server.crt", "locked.key", "locked.key: the key is encrypted; expected"),
    "a broken certificate": ("broken.crt", "server.key", "broken.crt and "),
}


@pytest.mark.parametrize(("cert", "key", "says"), FILES.values(), ids=FILES)
def test_files_that_are_of_no_use(site, cert, key, says):
    with pytest.raises(UsageError) as caught:
        server_context(url(site.folder, cert, key))

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("ca", "says"),
    [
        ("gone.crt", "gone.crt: No such file or directory"),
        ("server.key", "server.key: no certificate (PEM) in it"),
        ("broken.crt", "broken.crt: "),
    ],
)
def test_a_ca_that_is_of_no_use(site, ca, says):
    with pytest.raises(UsageError) as caught:
        server_context(url(site.folder, ca=ca))

    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("extension", "role"),
    [
        (None, None),
        ("engineer", "engineer"),
        ("Wärter 2", "Wärter 2"),
        ("x" * 200, "x" * 200),
        ("", None),
        (b"", None),
        (b"\x13\x08engineer", None),  # a PrintableString
        (b"\x0c\x08engineer\x0c\x08engineer", None),  # two of them
        (b"\x0c\x09engineer", None),
        (b"\x0c\x02\xff\xfe", None),
    ],
)
def test_the_role_of_a_certificate(site, extension, role):
    certificate = site.root.issue("client", extension).certificate

    assert role_of(certificate.public_bytes(Encoding.DER)) == role


def test_no_certificate_has_no_role():
    assert role_of(b"no certificate") is None
