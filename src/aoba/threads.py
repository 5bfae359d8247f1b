"""Work that takes long, in a thread, so that the loop goes on.

It is for what has an end: what may hang is for the worker process. asyncio's own executor is not
used, since it needs a thread to be closed, too, and none may be had.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

MAX_INLINE: Final = 128 * 1024
"""Bytes of what is dealt with in the loop all the same."""


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """What `function` returns. Raises what it raises.

    Where the system permits no more threads, it is called here, and everything waits for it.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        try:
            result = function(*arguments)
        except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
            _tell(loop, future, future.set_exception, error)
        else:
            _tell(loop, future, future.set_result, result)

    try:
        threading.Thread(target=work, daemon=True).start()
    except RuntimeError:
        return function(*arguments)
    return await future


def _tell(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[T],
    tell: Callable[[Any], None],
    what: object,
) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(lambda: None if future.done() else tell(what))
