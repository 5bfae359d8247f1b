"""The resident interpreter of embedded mode: a child of Aoba that carries out one script's runs.

    python resident.py COMMANDS REPORTS CPU RUNS PATH [ARGUMENT ...]

Standard library only, and of that as little as can be: what is not loaded costs no start, and is
not in a script's way. The source is read from stdin, once; PATH is only its name, so that what runs
is always the version that Aoba knows of. COMMANDS and REPORTS are descriptors. A command is a line,
`NUMBER SIZE STAMP`, and SIZE bytes of feedback, a JSON object; SIZE is -1 where there is none.
STAMP says how the script's file has to look, `MTIME.CTIME.SIZE.INODE.DEVICE`, with times in
nanoseconds; `-`: that does not matter. CPU is how many seconds of CPU time a run may take, 0 for
any; RUNS is how many runs it is for, 1 or `any`. When COMMANDS ends, the interpreter ends as any
other, exit handlers included.

Reports are lines: `ready`, or `broken LINE COLUMN MESSAGE` where the source does not compile, with
0 for a number that is not known; `done STATUS` when a run is over; and `outdated` when nothing was
run, since the file looks different. Where there can be no other run, `leaves WHY` takes the place
of `done`, and the interpreter ends by itself, with the status of the run.
"""

_FRESH = dict(globals())  # what the namespace of a script starts with

import sys

_AT_START = set(sys.modules)  # loaded by the interpreter itself

import os
from posix import read, stat, write
from typing import TYPE_CHECKING

_PARTS = "aoba_resident"


def main() -> int:
    """Returns the exit status."""
    commands, reports, cpu = map(int, sys.argv[1:4])
    is_alone, path, arguments = sys.argv[4] == "1", sys.argv[5], sys.argv[6:]
    for descriptor in (commands, reports):
        os.set_inheritable(descriptor, False)
    source = _read_all(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
        _unload_hidden(sys.path[0])
    try:
        script = Script(path, arguments, source, _FRESH, leaves=is_alone)
    except SyntaxError as error:
        _report(reports, f"broken {error.lineno or 0} {error.offset or 0} {error.msg}")
    except Exception as error:  # of the compiler: too deep, too large
        _report(reports, f"broken 0 0 {type(error).__name__}: {error}")
    else:
        _report(reports, "ready")
        return _serve(commands, reports, cpu, path, script)
    return 0


def _serve(commands: int, reports: int, cpu: int, path: str, script: "Script") -> int:
    pending = b""
    while data := _read(commands):
        pending += data
        line, end, rest = pending.partition(b"\n")
        if not end:
            continue
        number, size, stamp = line.split()
        if len(rest) >= int(size):
            pending = b""  # Aoba waits for the end of a run before it orders another
            if stamp != b"-" and stamp != _stamp(path):
                write(reports, b"outdated\n")
                continue
            if cpu:
                _limit_cpu(cpu)
            status = script.run(int(number), None if size == b"-1" else rest)
            if script.leaves is not None:
                _report(reports, f"leaves {script.leaves}")
                return status
            write(reports, b"done %d\n" % status)
    return 0


def _unload_hidden(folder: str) -> None:
    """Have the script find modules beside it in place of such as only this program has loaded."""
    try:
        beside = {entry.partition(".")[0] for entry in os.listdir(folder)}
    except OSError:
        return
    for name in list(sys.modules):
        if name.partition(".")[0] in beside and name not in _AT_START:
            del sys.modules[name]


def _stamp(path: str) -> bytes:
    """How the script's file looks; looked at here, where a file system may hang."""
    try:
        status = stat(path)
    except OSError:
        return b""
    times = status.st_mtime_ns, status.st_ctime_ns
    return b"%d.%d.%d.%d.%d" % (*times, status.st_size, status.st_ino, status.st_dev)


def _limit_cpu(seconds: int) -> None:
    """So many more than have been used; whole ones, which is what the system counts in."""
    import resource
    import time

    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time()) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, most))


def _read(descriptor: int) -> bytes:
    try:
        return read(descriptor, 65536)
    except KeyboardInterrupt:  # between two runs it is nobody's fault, and nothing to show
        die_of_interrupt()
        raise


def _read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as stream:
        return stream.read()


def _report(descriptor: int, line: str) -> None:
    data = " ".join(line.split()).encode("utf-8", "replace")[:2000]
    write(descriptor, data + b"\n")  # a pipe takes a short one whole


if TYPE_CHECKING:
    from aoba.sources.scripts.child.embedded.script import Script, die_of_interrupt
elif _FRESH["__name__"] == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # where this file is
    # A package that nobody else can import, and that is gone before the script begins.
    _parts = sys.modules[_PARTS] = type(sys)(_PARTS)
    _parts.__path__ = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "embedded")]
    from aoba_resident.script import Script, die_of_interrupt

    for _name in [_name for _name in sys.modules if _name.partition(".")[0] == _PARTS]:
        del sys.modules[_name]
    sys.path_importer_cache.pop(_parts.__path__[0], None)
    sys.exit(main())
