"""A connection to a broker that is made again whenever it is lost."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn

from aoba.endpoints.secret import read_secret, read_secret_again
from aoba.endpoints.tls import client_context
from aoba.endpoints.topic import Broker
from aoba.errors import BrokerError, UsageError
from aoba.mqtt.attempts import Attempts
from aoba.mqtt.session import Session
from aoba.worker.caller import Caller


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Run all of `works` until one of them ends; raises what that one raises."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Connection:
    """Raises UsageError where a certificate or the file with the password cannot be used.

    `persistent` and `passed_over` are for `Session`.
    """

    def __init__(
        self,
        broker: Broker,
        attempts: Attempts,
        *,
        persistent: bool = False,
        passed_over: Callable[[], None] = lambda: None,
    ) -> None:
        self._broker, self._attempts = broker, attempts
        self._persistent, self._passed_over = persistent, passed_over
        self._context = client_context(broker) if broker.tls else None
        self._caller = Caller()
        if broker.password:  # where that is of no use, say so before anything starts
            read_secret("password", broker.password.where)

    async def keep(
        self, use: Callable[[Session], Awaitable[None]], failed: Callable[[], None] = lambda: None
    ) -> NoReturn:
        """Call `use` with each connection; it raises BrokerError when that is lost.

        `failed` is called each time there is none.
        """
        while True:
            try:
                await self._use_one(use)
                error = BrokerError("not needed any more")
            except BrokerError as caught:
                error = caught
            except UsageError as caught:  # of a password's file that has changed
                error = BrokerError(str(caught), is_final=True)
            now = time.monotonic()
            pause = self._attempts.failed(str(error), now, hopeless=error.is_final)
            failed()
            await asyncio.sleep(pause)

    async def _password(self) -> str | None:
        """As its file is now, which may have been renewed. Raises UsageError."""
        where = self._broker.password
        return await read_secret_again("password", where.where, self._caller) if where else None

    async def _use_one(self, use: Callable[[Session], Awaitable[None]]) -> None:
        session = Session(
            self._broker,
            await self._password(),
            persistent=self._persistent,
            passed_over=self._passed_over,
        )
        try:
            await session.open(self._context)
            self._attempts.connected(time.monotonic())
            await use(session)
        finally:
            await session.close()
