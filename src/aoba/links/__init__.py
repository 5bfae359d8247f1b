"""Where Modbus is spoken: each link serves the stations of one image."""
