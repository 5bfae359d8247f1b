"""Certificates: files -> how a TLS link shows itself, and a client's certificate -> its role.

TLS 1.2 is the oldest version spoken, since Modbus/TCP Security forbids older ones. Sessions are not
resumed: a client shows its certificate each time.
"""

import ssl
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1

from aoba.endpoints.tls import set_verification, under_paths
from aoba.endpoints.url import TlsUrl
from aoba.errors import UsageError
from aoba.worker.at_start import read_now

ROLE: Final = x509.ObjectIdentifier("1.3.6.1.4.1.50316.802.1")
"""The extension that holds the role, a UTF8String (Modbus/TCP Security)."""

_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_KEY: Final = b"PRIVATE KEY-----"
_ENCRYPTED: Final = b"ENCRYPTED"


def server_context(url: TlsUrl) -> ssl.SSLContext:
    """Raises UsageError that names the file that cannot be used, and says why."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    cert = _expect(url.cert, _CERTIFICATE, "no certificate (PEM) in it")
    key = _expect(url.key, _KEY, "no private key (PEM) in it")
    if _ENCRYPTED in key:
        raise UsageError(f"{url.key}: the key is encrypted; expected one without a passphrase")
    try:
        with under_paths(cert, key) as (certificate, private):
            context.load_cert_chain(certificate, private)  # all that there is, so the whole chain
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise UsageError(f"{url.key}: not the key of {url.cert}") from None
        raise UsageError(f"{url.cert} and {url.key}: {_reason(error)}") from None
    if url.ca is not None:
        ca = _expect(url.ca, _CERTIFICATE, "no certificate (PEM) in it")
        try:
            with under_paths(ca) as (authorities,):
                context.load_verify_locations(authorities)
        except ssl.SSLError as error:
            raise UsageError(f"{url.ca}: {_reason(error)}") from None
        context.verify_mode = ssl.CERT_REQUIRED
        set_verification(context, strict=url.strict)
    return context


def role_of(certificate: bytes) -> str | None:
    """The role in a verified certificate (DER); None where there is not exactly one."""
    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
        value = extensions.get_extension_for_oid(ROLE).value
        assert isinstance(value, x509.UnrecognizedExtension)  # noqa: S101  for mypy
        return asn1.decode_der(str, value.value) or None
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return None


def _expect(path: Path, mark: bytes, without: str) -> bytes:
    """What is in the file. Raises UsageError where it cannot be read, or has no `mark`."""
    try:
        data = read_now(str(path.absolute()))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if mark not in data:
        raise UsageError(f"{path}: {without}")
    return data


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "unusable").replace("_", " ").lower()
