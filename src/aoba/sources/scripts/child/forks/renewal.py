"""What libraries note for themselves when they are imported, and what does that anew for a run.

CPython from 3.8 on. A library that notes something else, which is another thing in each process, is
not loaded beforehand.
"""

import os
import sys
import time


def _logging(module):
    now = time.time_ns() if isinstance(module._startTime, int) else time.time()
    module._startTime = now


def _draws(module):
    module.seed()


def _processes(module):
    config = module._current_process._config
    config["authkey"] = module.AuthenticationString(os.urandom(32))
    try:
        module.ORIGINAL_DIR = os.path.abspath(os.getcwd())
    except OSError:
        module.ORIGINAL_DIR = None


def _main_module(_):
    sys.modules["__mp_main__"] = sys.modules["__main__"]


def _dates(module):
    known = vars(module.DEFAULTPARSER.info)
    if "_year" in known:  # by which it completes years of two digits
        known["_year"] = time.localtime().tm_year
        known["_century"] = known["_year"] // 100 * 100


RENEWALS = {
    "dateutil.parser._parser": _dates,
    "logging": _logging,
    "multiprocessing": _main_module,
    "multiprocessing.process": _processes,
    "numpy.random.mtrand": _draws,
    "random": _draws,
}
"""By module, what is to be called with it."""

EXPECTED = frozenset(
    (
        "logging._startTime",
        "multiprocessing.process.ORIGINAL_DIR",
        "multiprocessing.process._current_process",
        "numpy.random.mtrand._rand",
        "random._inst",
        "threading._active",  # which every fork has anew
    )
)
"""Names of what may differ from process to process."""

CLOCKS = frozenset(("dateutil.parser._parser", "logging"))
"""Modules that look at the clock for it."""
