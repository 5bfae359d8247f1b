"""A web server as a source: asked again and again, each answer is a delivery of one document.

Requests lie on a grid, as runs of scripts do, and never overlap. Where the server knows ETags (RFC
9110, section 8.8.3), it is told which answer is there already; "304 Not Modified" is the same
document once more: its values are as fresh as any. An answer has 16 MiB at most, once it is
unpacked, and `timeout` in all.
"""

import asyncio
import logging
import os
import ssl
import time
from typing import Final, cast

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from aoba.document.decode import Decoded
from aoba.document.stream import MAX_VALUE
from aoba.endpoints.resolver import resolve
from aoba.endpoints.secret import read_secret, read_secret_again
from aoba.endpoints.tls import client_context, why_tls_failed
from aoba.errors import DocumentError, UsageError
from aoba.registers.image import SourceRegisters
from aoba.sources.clock import sleep_until
from aoba.sources.fetch.spec import FetchSpec
from aoba.sources.ingest import Ingest, decoded_of, too_large
from aoba.sources.schedule import Schedule
from aoba.sources.shared import Shared
from aoba.worker.caller import Caller

MAX_REDIRECTS: Final = 5
PIECE: Final = 64 * 1024
NOT_MODIFIED: Final = 304


class FetchError(Exception):
    """Why an answer cannot be had, in words."""


class FetchSource:
    """The source `name`.

    Raises UsageError where a certificate or the file with the token cannot be used, DocumentError
    where the registers for its health are taken.
    """

    def __init__(self, name: str, spec: FetchSpec, image: SourceRegisters) -> None:
        self._spec = spec
        self._deliveries = Ingest(name, spec.monitoring, image, "answers")
        self._ssl: ssl.SSLContext | bool = True
        if spec.url.startswith("https:"):
            self._ssl = client_context(spec.tls, spec.place)
        self._caller = Caller()
        if spec.token:  # where that is of no use, say so before anything starts
            read_secret("token", spec.token)
        self._etag = ""
        self._newest: Decoded | None = None  # what the server calls `_etag`

    @property
    def settled(self) -> asyncio.Event:
        return self._deliveries.settled

    async def live(self) -> None:
        schedule = Schedule(self._spec.interval, time.monotonic())
        connector = aiohttp.TCPConnector(resolver=_Resolver(), limit=1)
        timeout = aiohttp.ClientTimeout(total=self._spec.timeout)
        with self._deliveries.alive():
            text = f"asks {self._spec.place} every {self._spec.interval:g} s"
            self._deliveries.log.of_source(logging.INFO, text)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                while True:
                    await sleep_until(schedule.due)
                    schedule.begin(time.monotonic())
                    async with self._deliveries.delivery():
                        await self._deliver(session)
                    schedule.finish(time.monotonic())

    async def _deliver(self, session: aiohttp.ClientSession) -> None:
        try:
            self._deliveries.document(await self._fetch(session))
        except (FetchError, UsageError) as error:  # the latter of a token's file that has changed
            self._deliveries.error(f"{self._spec.place}: {error}")
        except DocumentError as error:
            self._etag, self._newest = "", None
            self._deliveries.refused(error)
        except Exception:  # noqa: BLE001  whatever happens to one answer, the next one follows
            self._deliveries.log.defect()
            self._deliveries.error("given up")

    async def _fetch(self, session: aiohttp.ClientSession) -> Decoded:
        """Raises FetchError, DocumentError, and UsageError of the token's file."""
        headers = await self._headers()
        try:
            async with session.get(
                self._spec.url, headers=headers, ssl=self._ssl, max_redirects=MAX_REDIRECTS
            ) as response:
                if response.status == NOT_MODIFIED and self._newest:
                    return self._newest
                if not response.ok:
                    raise FetchError(
                        f"it answers {response.status} {response.reason or ''}".strip()
                    )
                decoded = await decoded_of(await _body(response))
                self._newest, self._etag = decoded, response.headers.get("ETag", "")
                return decoded
        except (aiohttp.ClientError, OSError) as error:  # so is a TimeoutError
            raise FetchError(_why(error, self._spec.timeout)) from None

    async def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "Aoba"}
        if self._etag:
            headers["If-None-Match"] = self._etag
        if self._spec.token:  # as its file is now, which may have been renewed
            token = await read_secret_again("token", self._spec.token, self._caller)
            headers["Authorization"] = f"Bearer {token.strip()}"
        return headers


class _Resolver(AbstractResolver):
    """Looks names up as all of Aoba does: no name server that is silent takes a thread for good."""

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: int = 0,  # noqa: ARG002  all there are
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=address[0], port=port, family=kind, proto=protocol, flags=0
            )
            for kind, _, protocol, _, address in await resolve(host, port)
        ]

    async def close(self) -> None: ...


async def _body(response: aiohttp.ClientResponse) -> bytearray:
    """Raises DocumentError where it is too large, before all of it is there."""
    body = bytearray()
    async for piece in response.content.iter_chunked(PIECE):
        body += piece
        if len(body) > MAX_VALUE:
            response.close()
            raise too_large(max(len(body), response.content_length or 0))
    return body


def _why(error: Exception, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return why_tls_failed(cast("ssl.SSLError", error.certificate_error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {_reason(error.os_error)}"
    if isinstance(error, aiohttp.TooManyRedirects):
        return f"it leads from one place to the next, more than {MAX_REDIRECTS} times"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection without an answer"
    return str(error) or type(error).__name__


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return why_tls_failed(error)
    # Some have a text of the library's in its place; a name that is not known has no such number.
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror or str(error)


def build_fetch(name: str, spec: FetchSpec, shared: Shared) -> FetchSource:
    return FetchSource(name, spec, shared.registers(spec.bus))
