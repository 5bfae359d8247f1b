"""Aoba gives Modbus registers live values from a Python script."""

__all__ = ["__version__"]

__version__ = "0.1.0"
