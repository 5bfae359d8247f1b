"""Aoba gives Modbus registers live values from a Python script."""

from aoba.for_scripts.aoba import __version__, push_stations, set_reboot_interval

__all__ = ["__version__", "push_stations", "set_reboot_interval"]
