"""Aoba gives Modbus registers live values from a Python script.

What scripts import from here is loaded when they ask for it. The command line comes through this
file, too, and until it has begun, Ctrl-C shows a traceback.
"""

TYPE_CHECKING = False  # that of `typing` would have to be imported
if TYPE_CHECKING:
    from aoba.for_scripts.aoba import __version__, push_stations, set_reboot_interval

__all__ = ["__version__", "push_stations", "set_reboot_interval"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from aoba.for_scripts import aoba  # noqa: PLC0415  as said above

    return getattr(aoba, name)
