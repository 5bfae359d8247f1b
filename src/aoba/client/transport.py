"""Opens the way to a device, and says in one line why it cannot be opened."""

import asyncio
import ssl
from functools import cache

from serialx import SerialException

from aoba.client.transport_adapter import TransportAdapter
from aoba.endpoints.device import SerialUrl, Target, TlsTarget
from aoba.endpoints.reasons import too_late, why
from aoba.endpoints.tls import client_context_again
from aoba.errors import NoConnection
from aoba.links.serial_port import open_serial
from aoba.worker.caller import Caller


async def open_transport(target: Target, protocol: TransportAdapter, timeout: float) -> None:
    """Open a transport for `protocol`, within `timeout` seconds.

    Raises NoConnection, and UsageError where a certificate of ours cannot be used.
    """
    context = None
    if isinstance(target, TlsTarget):
        context = await client_context_again(target, _caller_of(target))
    try:
        async with asyncio.timeout(timeout):
            await _open(target, protocol, context)
    except TimeoutError as error:
        raise NoConnection(
            f"{target}: {too_late(timeout, error)}, or give it more --timeout"
        ) from None
    except (OSError, SerialException, RuntimeError) as error:
        raise NoConnection(f"{target}: {why(target, error)}") from None


async def _open(target: Target, protocol: TransportAdapter, context: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()

    def factory() -> TransportAdapter:
        return protocol

    if isinstance(target, SerialUrl):
        await open_serial(target, protocol)
    elif isinstance(target, TlsTarget):
        name = target.name or target.host
        await loop.create_connection(
            factory, target.host, target.port, ssl=context, server_hostname=name
        )
    elif target.scheme == "udp":
        await loop.create_datagram_endpoint(factory, remote_addr=(target.host, target.port))
    else:
        await loop.create_connection(factory, target.host, target.port)


@cache
def _caller_of(_: TlsTarget) -> Caller:
    return Caller()
