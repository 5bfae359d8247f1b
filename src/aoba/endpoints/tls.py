"""TLS for who connects: a context out of files, and why no agreement was reached, in one line.

For devices and brokers alike. What listens has its own, `links/certificates`, but verifies
certificates by the same rules, which are here.
"""

import os
import ssl
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from aoba.endpoints.client_tls import ClientTls
from aoba.errors import UsageError
from aoba.worker.at_start import read_now
from aoba.worker.caller import Caller
from aoba.worker.files import read


def client_context(tls: ClientTls, who: object = None) -> ssl.SSLContext:
    """Trusts whom its `ca` signs, or whom the system trusts, and shows its `cert`, if it has one.

    To be called before Aoba begins. Raises UsageError about `who`, the other side, which is `tls`
    itself unless given, where one of the files cannot be used.
    """
    contents = {}
    for path in _files(tls):
        with _told(who or tls, path):
            contents[path] = read_now(str(path.absolute()))
    return _context(tls, who or tls, contents)


async def client_context_again(tls: ClientTls, caller: Caller) -> ssl.SSLContext:
    """The same at any time: the files, which may have been renewed, are read by `caller`."""
    contents = {}
    for path in _files(tls):
        with _told(tls, path):
            contents[path] = await caller.call(read, str(path.absolute()))
    return _context(tls, tls, contents)


def _files(tls: ClientTls) -> list[Path]:
    return [path for path in (tls.ca, tls.cert, tls.key) if path]


def _context(tls: ClientTls, who: object, contents: Mapping[Path, bytes]) -> ssl.SSLContext:
    if tls.ca:
        with _told(who, tls.ca), under_paths(contents[tls.ca]) as (authorities,):
            context = ssl.create_default_context(cafile=authorities)
    else:
        context = ssl.create_default_context()
    set_verification(context, strict=tls.strict)
    if tls.cert:
        pair = contents[tls.cert], contents[tls.key or tls.cert]
        with _told(who, tls.cert), under_paths(*pair) as (certificate, private):
            context.load_cert_chain(certificate, private, _no_passphrase)
    return context


@contextmanager
def _told(who: object, path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise UsageError(f"{who}: {path} cannot be used: {reason}") from None


@contextmanager
def under_paths(*contents: bytes) -> Iterator[list[str]]:
    """Paths under which OpenSSL, which takes nothing else, finds these, but nobody else does.

    What the user's own paths lead to may hang.
    """
    with ExitStack() as stack:
        yield [_path_of(data, stack) for data in contents]


def _path_of(data: bytes, stack: ExitStack) -> str:
    file: IO[bytes]
    if sys.platform == "linux":
        file = stack.enter_context(os.fdopen(os.memfd_create("pem"), "wb", 0))
        path = f"/proc/self/fd/{file.fileno()}"
    else:
        file = stack.enter_context(tempfile.NamedTemporaryFile("wb", 0))  # noqa: SIM115  it is
        path = file.name
    file.write(data)
    return path


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
