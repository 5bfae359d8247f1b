"""A file system that shows the files of a folder, and hangs when it is told to.

It speaks the kernel's FUSE protocol (version 7), as much of it as reading takes, in a process of
its own. Requests that hang are read and not answered: whoever made them waits where not even
SIGKILL reaches it, which is the worst that a network file system does. When the process ends, all
of them fail.

Needs Linux, /dev/fuse, and the right to mount.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final, Self

DEVICE: Final = "/dev/fuse"

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH = 1, 2, 3, 14, 15, 18, 25
INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT, BATCH_FORGET = 26, 27, 28, 29, 34, 36, 42

SILENT: Final = (FORGET, INTERRUPT, BATCH_FORGET)
"""To which there is no answer."""

MNT_DETACH: Final = 2

MS_RDONLY: Final = 1
"""Else the time of the last access changes, and what was looked up has to be again."""


POLL: Final = 10
"""Milliseconds from one look at the switch to the next."""


class CannotMountError(Exception):
    """There are no such file systems here, or not for us."""


class HangingFolder:
    """Use as a context manager; `path` shows what is in the folder `behind` it.

    With `cached`, what was looked up is not asked for again for an hour, so that only opening and
    reading hang, as with the caches of NFS.
    """

    def __init__(self, folder: Path, *, cached: bool = False) -> None:
        self.behind, self.path = folder / "behind", folder / "mounted"
        self.behind.mkdir()
        self.path.mkdir()
        self._switch = folder / "hangs"
        self._arguments = [str(self.behind), str(self.path), str(self._switch), str(int(cached))]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *self._arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        told = self._process.stdout.readline()
        if told != "mounted\n":
            self._process.wait()
            self._process.stdout.close()
            raise CannotMountError(told)
        return self

    def __exit__(self, *_: object) -> None:
        self.answer()
        self._process.terminate()  # which ends the connection, and with it all that hangs
        self._process.wait()
        self._process.stdout.close()
        _libc().umount2(os.fsencode(self.path), MNT_DETACH)

    def hang(self) -> None:
        """From now on, nothing that reads or looks returns."""
        self._switch.touch()

    def answer(self) -> None:
        """From now on, everything does; what hung goes on, too."""
        self._switch.unlink(missing_ok=True)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


class Server:
    """The file system itself: a file has the number that the folder behind it has for it."""

    def __init__(self, behind: str, switch: str, *, cached: bool) -> None:
        self._device = os.open(DEVICE, os.O_RDWR)
        self._switch = Path(switch)
        self._valid = 3600 if cached else 0
        self._paths = {1: Path(behind)}
        self._hanging: list[bytes] = []
        nothing = lambda _path, _body: b""  # noqa: E731
        self._operations = {
            LOOKUP: self._look_up,
            GETATTR: self._get_attributes,
            OPEN: self._open,
            OPENDIR: self._open,
            READ: self._read,
            READDIR: self._entries,
            **dict.fromkeys((RELEASE, RELEASEDIR, FLUSH, ACCESS), nothing),
        }

    def mount(self, path: str) -> None:
        options = f"fd={self._device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
        options += ",allow_other,default_permissions"
        if _libc().mount(b"hanging", path.encode(), b"fuse", MS_RDONLY, options.encode()):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def serve(self) -> None:
        os.set_blocking(self._device, False)
        poll = select.poll()
        poll.register(self._device, select.POLLIN)
        while True:
            poll.poll(POLL)
            hangs = self._switch.exists()
            if not hangs:
                waiting, self._hanging = self._hanging, []
                for request in waiting:
                    self._answer(request)
            try:
                request = os.read(self._device, 1 << 17)
            except OSError as error:
                if error.errno == errno.ENODEV:  # unmounted
                    return
                continue
            if hangs and struct.unpack_from("=I", request, 4)[0] not in (*SILENT, INIT):
                self._hanging.append(request)
            else:
                self._answer(request)

    def _answer(self, request: bytes) -> None:
        """Header: size, operation, unique number, node; then what the operation has."""
        _, operation, unique, node = struct.unpack_from("=IIQQ", request)
        if operation in SILENT:
            return
        data, error = b"", 0
        try:
            if operation == INIT:  # version, readahead, flags, background, congestion, write, ...
                data = struct.pack("=IIIIHHIIHHI28x", 7, 31, 65536, 0, 12, 9, 65536, 1, 0, 0, 0)
            elif operation in self._operations:
                data = self._operations[operation](self._paths[node], request[40:])
            else:
                error = -errno.ENOSYS
        except OSError as raised:
            error = -raised.errno
        os.write(self._device, struct.pack("=IiQ", 16 + len(data), error, unique) + data)

    def _look_up(self, folder: Path, body: bytes) -> bytes:
        path = folder / os.fsdecode(body.rstrip(b"\0"))
        number = path.lstat().st_ino
        self._paths[number] = path
        return struct.pack("=QQQQII", number, 0, self._valid, self._valid, 0, 0) + self._attributes(
            path
        )

    def _get_attributes(self, path: Path, _: bytes) -> bytes:
        return struct.pack("=QII", self._valid, 0, 0) + self._attributes(path)

    def _open(self, _path: Path, _body: bytes) -> bytes:
        return struct.pack("=QII", 0, 1, 0)  # FOPEN_DIRECT_IO: each read is asked for

    def _read(self, path: Path, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("=QQI", body)
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def _attributes(self, path: Path) -> bytes:
        it = path.lstat()
        times = [divmod(t, 10**9) for t in (it.st_atime_ns, it.st_mtime_ns, it.st_ctime_ns)]
        number = 1 if path == self._paths[1] else it.st_ino
        return struct.pack(
            "=QQQQQQIIIIIIIIII",
            *(number, it.st_size, it.st_blocks),
            *(seconds for seconds, _ in times),
            *(parts for _, parts in times),
            *(it.st_mode, it.st_nlink, it.st_uid, it.st_gid, 0, 4096, 0),
        )

    def _entries(self, path: Path, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("=QQI", body)
        data = b""
        names = [".", "..", *sorted(entry.name for entry in path.iterdir())]
        for index, name in enumerate(names[offset:], offset + 1):
            kind = stat.S_IFMT((path / name).lstat().st_mode) >> 12
            encoded = os.fsencode(name)
            entry = struct.pack("=QQII", 1, index, len(encoded), kind) + encoded
            entry += b"\0" * (-len(entry) % 8)
            if len(data) + len(entry) > size:
                break
            data += entry
        return data


def main(behind: str, path: str, switch: str, cached: str) -> None:
    try:
        server = Server(behind, switch, cached=cached == "1")
        server.mount(path)
    except OSError as error:
        sys.stdout.write(f"{error}\n")
        return
    sys.stdout.write("mounted\n")
    sys.stdout.flush()
    server.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
