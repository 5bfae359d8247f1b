"""A server of 10 000 holding registers with pyModbusTCP; prints its port."""

import threading

from pyModbusTCP.server import DataBank, ModbusServer  # type: ignore[import-untyped]


def main() -> None:
    bank = DataBank(h_regs_size=10_000)
    bank.set_holding_registers(0, list(range(10_000)))
    server = ModbusServer("127.0.0.1", 0, no_block=True, data_bank=bank)
    server.start()
    print(server._service.socket.getsockname()[1], flush=True)  # noqa: SLF001 -- not told otherwise
    threading.Event().wait()


if __name__ == "__main__":
    main()
