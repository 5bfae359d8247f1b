"""A source to which others post documents over HTTP: a request is a delivery.

A document takes effect before its POST is answered, so whoever has the answer can read the values.
What is refused before it could be a document, for want of a token or by a wrong method, is told the
client, and is no failure of the source.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from aiohttp import web

from aoba.document.summary import summary
from aoba.errors import Conflict, DocumentError, HttpError
from aoba.registers.image import SourceRegisters
from aoba.sources.http.answers import answer
from aoba.sources.http.body import MAX_SHOWN
from aoba.sources.http.hosts import Hosts
from aoba.sources.http.server import HttpServer
from aoba.sources.http.spec import HttpSpec
from aoba.sources.http.token import Token
from aoba.sources.ingest import Ingest
from aoba.sources.shared import Shared

_NUMBER: Final = re.compile(r"\d+")

MAX_WARNINGS: Final = 100
"""Unknown fields that an answer names."""


class HttpSource:
    """At a path of `server`.

    Raises UsageError where the path is taken or the token cannot be read, DocumentError where the
    registers for its health are taken.
    """

    def __init__(
        self, name: str, spec: HttpSpec, image: SourceRegisters, server: HttpServer
    ) -> None:
        self._spec, self._server = spec, server
        self._token = None if spec.token is None else Token(spec.token)
        self._hosts = Hosts((spec.host, *spec.hosts))
        self._deliveries = Ingest(name, spec.monitoring, image)
        self._newest = "nothing"  # that was applied, in words
        server.add(spec.path, self._answer)

    @property
    def settled(self) -> asyncio.Event:
        return self._deliveries.settled

    async def live(self) -> None:
        log = self._deliveries.log
        with self._deliveries.alive():
            try:
                await self._server.open()
                url = f"{self._server.url}{quote(self._spec.path)}"
                log.of_source(logging.INFO, f"waiting for documents at {url}")
                if self._server.is_exposed and not self._token:
                    open_to_all = "is open to everyone who can reach it; ?token=@FILE closes it"
                    log.of_source(logging.WARNING, f"{url} {open_to_all}")
                self.settled.set()
                await asyncio.Event().wait()
            finally:
                self._server.remove(self._spec.path)
                await self._server.close_unused()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        try:
            self._admit(request)
        except HttpError as error:
            text = f"{request.remote} is turned away: {error}"
            self._deliveries.log.repeatable(logging.WARNING, text)
            raise
        if request.method not in _METHODS:
            why = f"{request.method} is of no use here; expected {_ALLOW}"
            raise HttpError(405, why, Allow=_ALLOW)
        return await _METHODS[request.method](self, request)

    def _admit(self, request: web.BaseRequest) -> None:
        """Raises HttpError where there is no token in it, or a web page behind it.

        A page cannot know the token. Without one, a browser would post to this machine, too, on
        behalf of whatever page it shows; and let it read, where the page's host is now ours.
        """
        if self._token:
            self._token.check(request.headers.get("Authorization"))
            return
        host = request.headers.get("Host")
        if not self._hosts.are_named_by(host):
            shown = str(host)[:MAX_SHOWN]
            raise HttpError(403, f"host {shown!r} is not this machine; ?host=NAME says that it is")
        if "Origin" in request.headers:
            raise HttpError(403, "a web page may post only where there is a token")

    async def _show(self, _: web.BaseRequest) -> web.Response:
        state = self._deliveries.state
        age = None if state.age is None else round(state.age, 3)
        return answer(
            {
                "applied": self._newest,
                "documents": state.documents,
                "failures": state.failures,
                "age": age,
                "stale": state.is_stale,
            }
        )

    async def _take(self, request: web.BaseRequest) -> web.Response:
        place = f"from {request.remote}"
        try:
            async with self._server.bodies.of(request, is_trusted=bool(self._token)) as body:
                return await self._deliver(body, place)
        except HttpError as error:
            async with self._deliveries.delivery(place):
                # How many bytes came of a body makes no other error of it.
                key = place, _NUMBER.sub("", str(error))
                self._deliveries.error(f"{place}: {error}", key)
            raise

    async def _deliver(self, body: bytearray, place: str) -> web.Response:
        async with self._deliveries.delivery(place):
            try:
                document, unknown = await self._deliveries.take(body, place)
            except DocumentError as error:
                return answer({"error": str(error)}, 409 if isinstance(error, Conflict) else 422)
            self._newest = summary(document)
            content = {"applied": self._newest, "documents": self._deliveries.state.documents}
            warnings = {"warnings": unknown[:MAX_WARNINGS]} if unknown else {}
            return answer(content | warnings)


_METHODS: Final[dict[str, Callable[[HttpSource, web.BaseRequest], Awaitable[web.Response]]]] = {
    "GET": HttpSource._show,  # noqa: SLF001  its own
    "HEAD": HttpSource._show,  # noqa: SLF001
    "POST": HttpSource._take,  # noqa: SLF001
    "PUT": HttpSource._take,  # noqa: SLF001
}
_ALLOW: Final = ", ".join(_METHODS)


def build_http(name: str, spec: HttpSpec, shared: Shared) -> HttpSource:
    key = ("http", spec.host, spec.port)
    return HttpSource(
        name, spec, shared.registers(spec.bus), shared.resource(key, lambda: HttpServer(spec))
    )
