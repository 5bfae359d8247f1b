"""A serial slave made with libmodbus, as many a device is; it is compiled here."""

import shutil
import subprocess
from pathlib import Path
from typing import Final, Self

import pytest

_SOURCE: Final = r"""
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    modbus_t *line = modbus_new_rtu(argv[1], 9600, 'N', 8, 1);
    modbus_mapping_t *map = modbus_mapping_new(100, 100, 100, 100);
    uint8_t request[MODBUS_RTU_MAX_ADU_LENGTH];
    modbus_set_slave(line, atoi(argv[2]));
    if (modbus_connect(line) == -1)
        return 1;
    puts("ready");
    fflush(stdout);
    for (;;) {
        int size = modbus_receive(line, request);
        if (size > 0)
            modbus_reply(line, request, size, map);
        else if (size == -1 && errno == EIO)
            return 0;
    }
}
"""


def compiled(folder: Path) -> Path:
    """The program; skips the test where there is no compiler, or no libmodbus."""
    if not shutil.which("gcc"):
        pytest.skip("there is no gcc here")
    source, program = folder / "slave.c", folder / "slave"
    source.write_text(_SOURCE)
    argv = ["gcc", source, "-o", program, "-I/usr/include/modbus", "-lmodbus"]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("there is no libmodbus here, as of the package libmodbus-dev")
    return program


class Slave:
    """Station `unit` on a serial line; use as a context manager."""

    def __init__(self, program: Path, device: str, unit: int) -> None:
        self._argv = [program, device, str(unit)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
