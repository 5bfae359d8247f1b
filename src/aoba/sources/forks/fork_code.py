"""What the fork server has compiled, for runs to execute.

Standard library only, Python 2.7 and every 3, like `fork_server`.
"""

import os
import sys
import time
import warnings
from stat import S_ISREG

SETTLED = 1.0  # seconds after which a second change of a file cannot have the time of the first
LARGEST = 1024 * 1024  # bytes of a script that is compiled here, where others wait for it
SUFFIXES = (".py", ".pyc", ".so", ".pyd")
BOM = b"\xef\xbb\xbf"
PYTHON_2 = str is bytes


class Scripts:
    """What the server knows of scripts from one run to the next."""

    def __init__(self, loaded):
        """`loaded` are the modules that a script finds loaded, other than in a fresh start."""
        self._loaded = {name.partition(".")[0] for name in loaded}
        self._loaded.difference_update(sys.builtin_module_names)  # these come before any file
        self._scripts = {}
        self._folders = {}

    def find(self, path):
        """Path, code and folder of the script at `path`, in bytes; None: start an interpreter.

        For want of a file, of sense in it, or of warnings: the interpreter tells it best. And
        where modules of the script's own have names of those that are loaded already.
        """
        try:
            script = _kept(self._scripts, path, _compile)
            return None if _kept(self._folders, script[2], self._shadows) else script
        except Exception:
            return None

    def _shadows(self, folder, _):
        if getattr(sys.flags, "safe_path", False):
            return False
        for name in os.listdir(folder):
            module, dot, _ = name.partition(".")
            if module in self._loaded:
                inside = os.path.join(folder, name, "__init__.py")
                if name.endswith(SUFFIXES) if dot else os.path.exists(inside):
                    return True
        return False


def _kept(memory, path, make):
    """`make(path, status)`, once for each version of what stands there."""
    status = os.stat(path)
    version = (status.st_mtime, status.st_ctime, status.st_size, status.st_ino, status.st_dev)
    known = memory.get(path)
    if known and known[0] == version:
        return known[1]
    memory.pop(path, None)
    made = make(path, status)
    if abs(time.time() - status.st_ctime) > SETTLED:
        memory[path] = (version, made)
    return made


def _compile(path, status):
    path = path if PYTHON_2 else os.fsdecode(path)
    if not S_ISREG(status.st_mode) or status.st_size > LARGEST:
        raise ValueError("not to be read by everyone's server")
    with open(path, "rb") as script:
        source = script.read()
    if b"coding" not in b"".join(source.split(b"\n", 2)[:2]):  # `compile` does not look so closely
        source.decode("ascii" if PYTHON_2 and not source.startswith(BOM) else "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code = compile(source, path, "exec", 0, True)
    return path, code, os.path.dirname(os.path.realpath(path))
