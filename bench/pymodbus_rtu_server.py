"""A server of 10 000 holding registers on a serial line with pymodbus: `... DEVICE`."""

import asyncio
import sys

from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice


async def main(device: str) -> None:
    registers = SimData(0, values=list(range(10_000)), datatype=DataType.REGISTERS)
    server = ModbusSerialServer(SimDevice(1, [registers]), port=device, baudrate=115200)
    await server.serve_forever(background=True)
    print("listening", flush=True)
    await server.serving


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
