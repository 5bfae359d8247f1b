"""What the clients of one link wait for: each pending request is asked in a task of its own.

The tasks belong to the link, not to the clients: a write that has been begun is carried out to its
end, and what a device has accepted is in the registers, whether or not the client is still there.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from aoba.modbus.pending import Pending
from aoba.modbus.spec import ExceptionCode

_DEFECT: Final = ExceptionCode.SERVER_DEVICE_FAILURE

_log = logging.getLogger("aoba.link")


class Outstanding:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def ask(self, pending: Iterable[Pending], then: Callable[[Pending, int | None], None]) -> None:
        """Call `then` with what comes of each of `pending`."""
        for each in pending:
            task = asyncio.create_task(_ask(each, then))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Wait no longer: nothing is called any more."""
        for task in self._tasks:
            task.cancel()


async def _ask(pending: Pending, then: Callable[[Pending, int | None], None]) -> None:
    code: int | None
    try:
        code = await pending.ask()
    except Exception:  # noqa: BLE001  whatever happens, the client gets its answer
        _log.exception("defect in Aoba")
        code = _DEFECT
    then(pending, code)
