"""`aoba push` as a real process, and a source whose values a test sets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from support.misbehaving import Misbehaving, frame
from support.server import Server

INTERVAL = 100


class Push(Server):
    """`aoba push`; use as a context manager."""

    def __init__(self, url: str, *sources: object, options: tuple[str, ...] = ()) -> None:
        super().__init__(*sources, listen=url, options=("--timeout", "500ms", *options))

    @staticmethod
    def _arguments(*sources: str, listen: str) -> list[str]:
        return ["push", listen, *sources]

    def lines(self, url: str) -> list[str]:
        """What the log says of the devices at `url`, without its time."""
        return [line.partition(f"{url}: ")[2] for line in self.logged(f" {url}: ")]


class Values:
    """A script that prints what a test has put into a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "values.json"
        self.script = folder / "source.py"
        self.script.write_text(f"print(open({str(self._file)!r}).read())\n")

    def put(self, *stations: dict[str, Any]) -> None:
        document = {"stations": stations, "reboot_interval": INTERVAL}
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(document))
        draft.replace(self._file)


class Recorder(Misbehaving):
    """A device that takes every write, and keeps the requests.

    `special` may give another answer to a request, None for the usual one.
    """

    def __init__(self, special: Callable[[bytes], bytes | None] = lambda _: None) -> None:
        super().__init__(self._take)
        self._special = special
        self.requests: list[bytes] = []

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def _take(self, request: bytes) -> bytes:
        self.requests.append(request[6:])
        special = self._special(request)
        return frame(request, request[7:12]) if special is None else special

    def written(self, unit: int) -> list[tuple[int, int, str]]:
        """Function, address and data of each write to `unit` so far, in order."""
        return [
            (it[1], int.from_bytes(it[2:4], "big"), (it[7:] if it[1] > 6 else it[4:6]).hex())
            for it in self.requests
            if it[0] == unit
        ]
