"""`aoba`: makes of every end an exit code, and of every failure one line.

Exit 0: done, or stopped by a signal. 1: failed while running. 2: wrong usage. 130: interrupted
before there was anything to stop. This file imports next to nothing: until `main` is called,
whatever goes wrong, or is interrupted, shows a traceback.
"""

import os
import signal
import sys

from aoba.cli import INTERRUPTED


def main() -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Not by KeyboardInterrupt: raised within an import it may be printed, and forgotten.
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    sys.exit(_guarded())


def _guarded() -> int:
    from aoba.cli.streams import complain, repair

    try:
        repair()
        from aoba.cli.app import run

        code = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        code = 1  # whoever read our stdout has seen enough
    except OSError as error:
        code = complain(error.strerror or error, 1)
    except ImportError as error:
        return complain(error, 1)
    else:
        return code
    sys.stdout = None  # or the interpreter would try once more to write what is left
    return code
