"""A serial line without a wire: two pseudo terminals, and a thread that moves bytes across."""

import os
import select
import threading
import tty
from typing import Self


class Line:
    """Use as a context manager; `ends` are the devices to open."""

    def __init__(self) -> None:
        masters, slaves = zip(*(os.openpty() for _ in range(2)), strict=True)
        for slave in slaves:
            tty.setraw(slave)
        self.ends = tuple(map(os.ttyname, slaves))
        self._masters: tuple[int, ...] = masters
        self._slaves: tuple[int, ...] = slaves  # open, or the masters are at their end
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._move, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._stopped)
        self._thread.join()
        for descriptor in (*self._masters, *self._slaves, self._stop):
            os.close(descriptor)

    def _move(self) -> None:
        one, other = self._masters
        while True:
            ready, _, _ = select.select([one, other, self._stop], [], [])
            if self._stop in ready:
                return
            for source in ready:
                os.write(other if source == one else one, os.read(source, 4096))
