"""The Modbus server's protocol core: bytes and numbers only, no I/O, no clock, no logging."""
