"""What a client is answered: one JSON object, whatever it is."""

import json
from typing import Any, Final

from aiohttp import web

from aoba.errors import HttpError


def answer(content: dict[str, Any], status: int = 200, **headers: str) -> web.Response:
    text = json.dumps(content) + "\n"
    named = {"Server": "Aoba", **headers}
    return web.Response(text=text, status=status, headers=named, content_type="application/json")


def refusal(error: HttpError) -> web.Response:
    return answer({"error": str(error)}, error.status, **error.headers)


TOO_LONG: Final = b"\r\n".join(
    (
        b"HTTP/1.1 431 Request Header Fields Too Large",
        b"Server: Aoba",
        b"Connection: close",
        b"Content-Type: application/json; charset=utf-8",
        b"Content-Length: 56",
        b"",
        b'{"error": "the head of the request has no end in sight"}',
    )
)
"""Of a head that is not even read to its end."""
