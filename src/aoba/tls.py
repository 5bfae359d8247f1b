"""TLS for who connects: a context out of files, and why no agreement was reached, in one line.

For devices and brokers alike. What listens has its own, `links/certificates`.
"""

import ssl
from pathlib import Path

from aoba.errors import UsageError


def client_context(
    who: object, ca: Path | None, cert: Path | None, key: Path | None
) -> ssl.SSLContext:
    """Trusts whom `ca` signs, or whom the system trusts, and shows `cert`, if there is one.

    Raises UsageError about `who`, the other side, where one of the files cannot be used.
    """
    path = ca
    try:
        context = ssl.create_default_context(cafile=ca)
        if path := cert:
            context.load_cert_chain(cert, key, _no_passphrase)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{who}: {path} cannot be used: {reason}") from None
    return context


def _no_passphrase() -> str:
    """Else OpenSSL would ask for it at the terminal, and everything would wait."""
    raise OSError("its key is encrypted; expected one without a passphrase")


def why_tls_failed(error: ssl.SSLError) -> str:
    """With the option that may help."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message.rstrip(".")
        if "mismatch" in reason or "not valid for" in reason:
            return f"the certificate is not its own: {reason}; name=NAME says whom to expect"
        return f"the certificate is not trusted: {reason}; ca=FILE says who signs it"
    reason = (error.reason or str(error)).lower().replace("_", " ")
    if "certificate" in reason:
        return f"it refuses us: {reason}; cert=FILE&key=FILE says who we are"
    return f"TLS fails: {reason}; check the port, and whether it speaks TLS"
