"""A server of 10 000 holding registers with pymodbus; prints its port."""

import asyncio

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


async def main() -> None:
    registers = SimData(0, values=list(range(10_000)), datatype=DataType.REGISTERS)
    server = ModbusTcpServer(SimDevice(1, [registers]), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    assert isinstance(server.transport, asyncio.Server)
    print(server.transport.sockets[0].getsockname()[1], flush=True)
    await server.serving


if __name__ == "__main__":
    asyncio.run(main())
