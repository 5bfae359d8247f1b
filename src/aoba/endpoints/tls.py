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
from typing import IO, NamedTuple

from aoba.errors import UsageError
from aoba.worker.at_start import read_now
from aoba.worker.caller import Caller
from aoba.worker.files import read


class Paths(NamedTuple):
    """Of files in PEM."""

    ca: Path | None
    """Who signs the certificate of the other side; None: whom the system trusts."""
    cert: Path | None
    """What the other side is shown; None: nothing."""
    key: Path | None
    """None: it is in the same file as the certificate."""


def client_context(
    who: object, ca: Path | None, cert: Path | None, key: Path | None, *, strict: bool = False
) -> ssl.SSLContext:
    """Trusts whom `ca` signs, or whom the system trusts, and shows `cert`, if there is one.

    To be called before Aoba begins. `strict`: see `set_verification`. Raises UsageError about
    `who`, the other side, where one of the files cannot be used.
    """
    paths, contents = Paths(ca, cert, key), {}
    for path in filter(None, paths):
        with _told(who, path):
            contents[path] = read_now(str(path.absolute()))
    return _context(who, paths, contents, strict=strict)


async def client_context_again(
    who: object, paths: Paths, caller: Caller, *, strict: bool = False
) -> ssl.SSLContext:
    """The same at any time: the files are read by `caller`."""
    contents = {}
    for path in filter(None, paths):
        with _told(who, path):
            contents[path] = await caller.call(read, str(path.absolute()))
    return _context(who, paths, contents, strict=strict)


def _context(
    who: object, paths: Paths, contents: Mapping[Path, bytes], *, strict: bool
) -> ssl.SSLContext:
    ca, cert, key = paths
    if ca:
        with _told(who, ca), under_paths(contents[ca]) as (authorities,):
            context = ssl.create_default_context(cafile=authorities)
    else:
        context = ssl.create_default_context()
    set_verification(context, strict=strict)
    if cert:
        pair = contents[cert], contents[key or cert]
        with _told(who, cert), under_paths(*pair) as (certificate, private):
            context.load_cert_chain(certificate, private, _no_passphrase)
    return context


@contextmanager
def _told(who: object, path: Path | None) -> Iterator[None]:
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
