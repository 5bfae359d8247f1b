"""What is said of answers that cannot be had, and how names are looked up."""

import asyncio
import errno
import socket
import ssl

import aiohttp
import pytest

from aoba.sources.fetch.source import _Resolver, _why


def connector_error(error):
    return aiohttp.ClientConnectorError(None, error)


def ssl_error(reason):
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


WORDS = {
    "late": (TimeoutError(), "no answer within 2 s"),
    "refused": (
        connector_error(OSError(errno.ECONNREFUSED, "Connect call failed")),
        "no connection: Connection refused",
    ),
    "no such host": (
        connector_error(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
        "no connection: Name or service not known",
    ),
    "no TLS": (
        connector_error(ssl_error("WRONG_VERSION_NUMBER")),
        "TLS fails: wrong version number",
    ),
    "gone": (aiohttp.ServerDisconnectedError(), "it closed the connection without an answer"),
    "in circles": (aiohttp.TooManyRedirects(None, ()), "more than 5 times"),
    "half an answer": (aiohttp.ClientPayloadError("not all of it came"), "not all of it came"),
    "nothing to say": (aiohttp.ClientError(), "ClientError"),
}


@pytest.mark.parametrize("what", WORDS)
def test_why_there_is_no_answer_is_told_in_words(what):
    error, says = WORDS[what]

    assert says in _why(error, 2.0)


def test_hosts_are_looked_up():
    (found,) = asyncio.run(_Resolver().resolve("127.0.0.1", 80))

    assert (found["host"], found["port"], found["family"]) == ("127.0.0.1", 80, socket.AF_INET)
