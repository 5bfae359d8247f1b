"""A flood: a source, options of a server, and what somebody outside does to it again and again.

`log_floods.py` measures what each of them makes a server log. Another kind of flood is a file like
`floods_of_clients.py`, and a name in the list there.
"""

from collections.abc import Callable
from dataclasses import dataclass

VALUES = """
import json
holding = {"address_start": 0, "initial_values": [1, 2, 3]}
stations = [{"id": i, "mode": "master", "map": {"holding": [holding]}} for i in (1, 2)]
print(json.dumps({"stations": stations, "reboot_interval": 1000}))
"""


@dataclass(frozen=True)
class Target:
    """A running server; `port` is that of its first link, 0 where it has none."""

    port: int
    place: str
    """What `Flood.prepare` gave."""


@dataclass(frozen=True)
class Flood:
    name: str
    step: Callable[[Target], None] | None = None
    """Done again and again; may raise OSError. None: the source does it by itself."""
    script: str = VALUES
    source: str = "{script}"
    """A SPEC; `{script}` is the file of `script`."""
    options: tuple[str, ...] = ("--listen", "tcp://127.0.0.1:0")
    """`{place}` in it is what `prepare` gives."""
    prepare: Callable[[], str] = str
    """Called before the server starts."""
    finish: Callable[[], None] = lambda: None
