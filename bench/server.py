"""What the benchmarks share: a server in a process of its own, and a client that times answers."""

import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

READ_TEN = bytes((3, 0, 0, 0, 10))  # function 3, address 0, quantity 10


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    log: list[str]

    def rss(self) -> int:
        """Resident memory in bytes."""
        return self._memory("VmRSS")

    def peak_rss(self) -> int:
        """The most it has had."""
        return self._memory("VmHWM")

    def _memory(self, name: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        return 1024 * int(found[1]) if found else 0


@contextmanager
def serve(*sources: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "aoba", "serve", "--listen", "tcp://127.0.0.1:0", *sources]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        log: list[str] = []
        for line in process.stderr:
            log.append(line)
            if "listening on" in line:
                break
        port = int(log[-1].rsplit(":", 1)[1])
        reader = threading.Thread(target=log.extend, args=(process.stderr,))
        reader.start()
        try:
            yield Server(process, port, log)
        finally:
            process.terminate()
            reader.join()


def ask(client: socket.socket, pdu: bytes, unit: int = 1) -> bytes:
    """One request, and the PDU of its answer."""
    client.sendall(struct.pack(">HHHB", 1, 0, 1 + len(pdu), unit) + pdu)
    data = b""
    while len(data) < 6 or len(data) < 6 + int.from_bytes(data[4:6], "big"):
        more = client.recv(65536)
        if not more:
            raise ConnectionError("closed by the server")
        data += more
    return data[7:]


@dataclass
class Poller:
    """Reads ten holding registers every `pause` seconds until stopped, and times the answers."""

    port: int
    pause: float = 0.005
    times: list[float] = field(default_factory=list)
    errors: int = 0
    values: set[bytes] = field(default_factory=set)

    @contextmanager
    def running(self) -> Iterator["Poller"]:
        stop = threading.Event()
        thread = threading.Thread(target=self._poll, args=(stop,))
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()

    def _poll(self, stop: threading.Event) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not stop.wait(self.pause):
                before = time.perf_counter()
                answer = ask(client, READ_TEN)
                self.times.append(time.perf_counter() - before)
                self.errors += answer[0] != 3
                self.values.add(answer)
