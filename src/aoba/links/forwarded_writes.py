"""What the clients of one link wait for: each pending request is asked in a task of its own.

The tasks belong to the link, not to the clients: a write that has been begun is carried out to its
end, and what a device has accepted is in the registers, whether or not the client is still there.
"""

import asyncio
import traceback
from collections.abc import Callable, Iterable
from typing import Final

from aoba.links.link_log import LinkLog
from aoba.modbus.pending import Pending
from aoba.modbus.spec import ExceptionCode

_DEFECT: Final = ExceptionCode.SERVER_DEVICE_FAILURE


class ForwardedWrites:
    def __init__(self, log: LinkLog | None = None) -> None:
        self._log = log or LinkLog()
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def ask(self, pending: Iterable[Pending], then: Callable[[Pending, int | None], None]) -> None:
        """Call `then` with what comes of each of `pending`."""
        for each in pending:
            task = asyncio.create_task(self._ask(each, then))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Wait no longer: nothing is called any more."""
        for task in self._tasks:
            task.cancel()

    async def _ask(self, pending: Pending, then: Callable[[Pending, int | None], None]) -> None:
        code: int | None
        try:
            code = await pending.ask()
        except Exception as error:  # noqa: BLE001  whatever happens, the client gets its answer
            trace = "".join(traceback.format_exception(error)).rstrip()
            self._log.tell(f"defect in Aoba: {error!r}\n{trace}")
            code = _DEFECT
        then(pending, code)
