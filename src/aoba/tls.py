"""TLS for who connects: a context out of files, and why no agreement was reached, in one line.

For devices and brokers alike. What listens has its own, `links/certificates`, but verifies
certificates by the same rules, which are here.
"""

import ssl
from pathlib import Path

from aoba.errors import UsageError


def client_context(
    who: object, ca: Path | None, cert: Path | None, key: Path | None, *, strict: bool = False
) -> ssl.SSLContext:
    """Trusts whom `ca` signs, or whom the system trusts, and shows `cert`, if there is one.

    `strict`: see `set_verification`. Raises UsageError about `who`, the other side, where one of
    the files cannot be used.
    """
    path = ca
    try:
        context = ssl.create_default_context(cafile=ca)
        set_verification(context, strict=strict)
        if path := cert:
            context.load_cert_chain(cert, key, _no_passphrase)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{who}: {path} cannot be used: {reason}") from None
    return context


def set_verification(context: ssl.SSLContext, *, strict: bool) -> None:
    """What is demanded of the certificates of the other side, the same with every Python.

    Left alone, Python 3.13 and newer refuse certificates that do not follow RFC 5280 to the letter
    (a certificate without an Authority Key Identifier, say, section 4.2.1.1), and older ones take
    them. Many plants have such certificates, and their signatures are as good as any; so they are
    refused only if `strict`. Whoever is in the file of authorities is trusted as such, also where
    somebody else has signed it, as an intermediate authority.
    """
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    else:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT


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
