"""A device that has nothing to do with Aoba: the server of pymodbus, in a process of its own.

Run as a program it takes the URL to serve at and says `ready PORT` when it does. Each of its
stations has COUNT addresses in each table; a register is what its address is, and each third bit
is set. Addresses from FAILING on answer with the exception whose code is added to it, those from
REFUSING on only when they are written; register STUCK takes no value.
"""

import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import Sequence
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import (
    ModbusBaseServer,
    ModbusSerialServer,
    ModbusTcpServer,
    ModbusTlsServer,
    ModbusUdpServer,
)
from pymodbus.simulator import DataType, SimData, SimDevice

COUNT: Final = 5000
FAILING: Final = 4000
REFUSING: Final = 3500
STUCK: Final = 3000
STATIONS: Final = (1, 7)
VENDOR: Final = "Kesselbau Nord"


class Device:
    """Use as a context manager; may be stopped and started again at the same place."""

    def __init__(self, url: str = "tcp://127.0.0.1:0") -> None:
        self.url = url
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        argv = [sys.executable, __file__, self.url]
        self._process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = self._process.stdout.readline()
        assert line.startswith("ready "), f"{self.url} does not start"
        port = line.split()[1]
        self.url = self.url.replace(":0", f":{port}", 1)

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None


def _stations() -> Sequence[SimDevice]:
    async def action(_function, _start, address, count, _registers, values):
        if values and address <= STUCK < address + count:
            values[STUCK - address] = STUCK
        with contextlib.suppress(ValueError):
            return ExcCodes(address - (REFUSING if values and address < FAILING else FAILING))
        return None

    bits = [SimData(0, values=[i % 3 == 0 for i in range(COUNT)], datatype=DataType.BITS)]
    registers = [SimData(0, values=list(range(COUNT)), datatype=DataType.REGISTERS)]
    tables = (bits, bits, registers, registers)
    return [SimDevice(unit, tables, action=action) for unit in STATIONS]


class _Devices(dict):
    """Without it, a station that is not there answers with exception 04."""

    def __missing__(self, unit):
        raise NoSuchIdException(str(unit))


def _identity() -> ModbusDeviceIdentification:
    names = {"VendorName": VENDOR, "ProductCode": "KN-7", "MajorMinorRevision": "2.1"}
    return ModbusDeviceIdentification(info_name=names)


def _server(url: str) -> ModbusBaseServer:
    parts = urlsplit(url)
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    place = (parts.hostname, parts.port)
    match parts.scheme:
        case "tcp":
            return ModbusTcpServer(_stations(), identity=_identity(), address=place)
        case "rtu+tcp":
            return ModbusTcpServer(
                _stations(), identity=_identity(), address=place, framer=FramerType.RTU
            )
        case "udp":
            return ModbusUdpServer(_stations(), identity=_identity(), address=place)
        case "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options["cert"], options["key"])
            if ca := options.get("ca"):
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(ca)
            return ModbusTlsServer(_stations(), identity=_identity(), address=place, sslctx=context)
        case framing:
            return ModbusSerialServer(
                _stations(),
                identity=_identity(),
                framer=FramerType(framing),
                port=parts.path,
                baudrate=9600,
                ignore_missing_devices=True,
                broadcast_enable=True,
            )


async def _main(url: str) -> None:
    server = _server(url)
    server.context.devices = _Devices(server.context.devices)
    serving = asyncio.create_task(server.serve_forever())
    while not server.transport:  # noqa: ASYNC110  it says nothing when it is ready
        await asyncio.sleep(0.01)
    sys.stdout.write(f"ready {_port(server.transport)}\n")
    sys.stdout.flush()
    await serving


def _port(transport: object) -> int:
    """0 of a serial line."""
    if sockets := getattr(transport, "sockets", None):
        return sockets[0].getsockname()[1]
    name = transport.get_extra_info("sockname")
    return name[1] if name else 0


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
