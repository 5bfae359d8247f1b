"""Certificates for TLS links, made as they are needed."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROLE: Final = x509.ObjectIdentifier("1.3.6.1.4.1.50316.802.1")

_NOW: Final = dt.datetime.now(dt.UTC)


def utf8_string(text: str) -> bytes:
    data = text.encode()
    length = bytes((len(data),)) if len(data) < 128 else bytes((0x81, len(data)))
    return b"\x0c" + length + data


@dataclass
class Identity:
    """A certificate and its key, in files of their own."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey
    cert: Path
    key: Path


class Authority:
    """Signs certificates, into `folder`. One that is signed by another one stands below it.

    With `bare`, they lack what RFC 5280 demands and many plants' certificates do not have: the
    identifiers of keys (sections 4.2.1.1 and 4.2.1.2) and what a key is for (section 4.2.1.3).
    """

    def __init__(
        self,
        folder: Path,
        name: str = "root",
        above: "Authority | None" = None,
        *,
        bare: bool = False,
    ) -> None:
        self._folder = folder
        self._bare = bare
        signer = above.identity if above else None
        self.identity = _issue(folder, name, signer, authority=True, bare=bare)
        self.cert = self.identity.cert

    def issue(self, name: str, role: bytes | str | None = None) -> Identity:
        """`role` is a word, or the bytes of the extension."""
        value = utf8_string(role) if isinstance(role, str) else role
        return _issue(self._folder, name, self.identity, role=value, bare=self._bare)


def _issue(
    folder: Path,
    name: str,
    issuer: Identity | None,
    *,
    authority: bool = False,
    role: bytes | None = None,
    bare: bool = False,
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - dt.timedelta(days=1))
        .not_valid_after(_NOW + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not bare:
        signer = issuer.private_key if issuer else key
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(above, critical=False).add_extension(own, critical=False)
        builder = builder.add_extension(_usage(authority=authority), critical=True)
    if not authority:
        addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        builder = builder.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    if role is not None:
        builder = builder.add_extension(x509.UnrecognizedExtension(ROLE, role), critical=False)
    certificate = builder.sign(issuer.private_key if issuer else key, hashes.SHA256())
    identity = Identity(certificate, key, folder / f"{name}.crt", folder / f"{name}.key")
    identity.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    identity.key.write_bytes(private_pem(key))
    return identity


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def private_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    encryption = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
