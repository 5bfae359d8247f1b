"""A script that never exits: one document a second, one line each (JSON Lines).

    aoba serve examples/stream.py

Right where starting is dear: a connection to keep, a model to load, a history to remember. Each
line takes effect when it is complete. Should the script end, Aoba starts it again.

    input  0      seconds since this process started
           1..60  a random walk, the newest value first
"""

import json
import os
import random
import signal
import sys
import time
from types import FrameType
from typing import NoReturn


def stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def document(seconds: int, history: list[int]) -> str:
    inputs = [{"address_start": 0, "initial_values": [seconds % 65536, *history]}]
    return json.dumps({"stations": [{"id": 1, "mode": "master", "map": {"input": inputs}}]})


def main() -> None:
    # Aoba says SIGTERM when it stops; a terminal says SIGINT.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    started = time.monotonic()
    history = [1000] * 60
    seconds = 0
    while True:
        # flush: without it, a line would wait until a block of them is full. Aoba switches that
        # off for its scripts, a pipe in a shell does not.
        print(document(seconds, history), flush=True)
        seconds += 1
        newest = min(max(history[0] + random.randint(-10, 10), 0), 65535)
        history = [newest, *history[:-1]]
        # Counted from the start, so that the lines do not come later and later.
        time.sleep(max(0, started + seconds - time.monotonic()))


try:
    main()
except BrokenPipeError:
    # Nobody reads any more. Python flushes stdout once again at its end; let that go nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
