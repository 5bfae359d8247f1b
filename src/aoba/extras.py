"""Libraries that only some users need, and the command that installs them."""

from importlib import import_module
from types import ModuleType

from aoba.errors import UsageError


def require(module: str, extra: str, what: str) -> ModuleType:
    """The library that `what` needs, imported.

    Raises UsageError with the command that installs it where it is missing.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise  # it is there, and something that it needs is not
        command = f"pip install 'aoba[{extra}]'"
        raise UsageError(f"{what} needs {error.name}, which is not installed: {command}") from None
