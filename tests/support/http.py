"""An HTTP client that shows all there is of an answer, refusals included."""

import contextlib
import http.client
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from support.server import Server
from support.waiting import DEADLINE


class Reply(NamedTuple):
    status: int
    content: Any
    """What the JSON of its body says; None where there is no body."""
    headers: Mapping[str, str]


def send(
    url: str, body: object = None, method: str = "POST", *, token: str = "", **headers: str
) -> Reply:
    """Send one request; `headers` have `_` for `-`. Raises OSError where nobody answers."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        given["Authorization"] = f"Bearer {token}"
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=DEADLINE)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough
            connection.request(method, place.path, body, given)
        response = connection.getresponse()
        text = response.read()
        return Reply(response.status, json.loads(text) if text else None, dict(response.headers))
    finally:
        connection.close()


def waiting(server: Server, name: str = "plant") -> str:
    """The URL at which the source `name` says it waits, as soon as it does."""
    pattern = rf" {re.escape(name)}: waiting for documents at (http://\S+)"
    return server.wait_for_log(pattern)[1]
