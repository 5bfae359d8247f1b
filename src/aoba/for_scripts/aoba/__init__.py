"""What a script may `import aoba` for: two functions that print documents.

Standard library only, Python 2.7 and every 3. This is in the search path of every script; the
package of Aoba itself, of which it is a part, has the same two functions from here.
"""

import json
import sys

__all__ = ["__version__", "push_stations", "set_reboot_interval"]

__version__ = "0.1.0"

# Found before an installed Aoba, it must not hide the modules of that.
__path__.append(__file__.rpartition("for_scripts")[0].rstrip("/\\"))
_MIN_INTERVAL, _MAX_INTERVAL = 10, 86400000
_TEXT = (str, type(b"".decode()))  # unicode on Python 2
_INTEGER = (int, type(2**64))


def push_stations(stations):
    """Print a document of `stations`: a list, or a string, the JSON of one.

    Raises TypeError where it is neither, or has in it what JSON cannot express, and ValueError
    where the string is no JSON.
    """
    if isinstance(stations, _TEXT):
        stations = _parse(stations)
    if not isinstance(stations, (list, tuple)):
        raise TypeError("stations: expected a list, got %s" % type(stations).__name__)
    _print({"stations": stations})


def set_reboot_interval(ms):
    """Print a document that asks for `ms` milliseconds from one start of the script to the next.

    Raises TypeError where `ms` is no integer, and ValueError where it is not 10 to 86 400 000.
    """
    if isinstance(ms, bool) or not isinstance(ms, _INTEGER):
        raise TypeError("reboot interval: expected an integer, got %s" % type(ms).__name__)
    if not _MIN_INTERVAL <= ms <= _MAX_INTERVAL:
        limits = (_MIN_INTERVAL, _MAX_INTERVAL, ms)
        raise ValueError("reboot interval: expected %d..%d ms, got %d" % limits)
    _print({"stations": [], "reboot_interval": ms})


def _parse(text):
    try:
        return json.loads(text)
    except ValueError as error:
        problem = "stations: not JSON: %s" % error
    raise ValueError(problem)  # without the other one as its context


def _print(document):
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
