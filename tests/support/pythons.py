"""The Python interpreters of this machine, by version."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

VERSIONS: Final = ("2.7", *(f"3.{minor}" for minor in range(6, 15)))


def python(version: str) -> str:
    """Path of an interpreter of `version`, as in "3.6"; skips the test where there is none."""
    found = find(version)
    if found is None:
        pytest.skip(f"there is no python{version} here")
    return found


@cache
def find(version: str) -> str | None:
    """Path of such an interpreter, in the folder of pyenv or the PATH; None where there is none."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [str(path) for path in sorted(root.glob(f"versions/{version}.*/bin/python"))]
    in_path = shutil.which(f"python{version}")
    if in_path:
        candidates.append(in_path)
    return next((path for path in candidates if _is(path, version)), None)


def _is(path: str, version: str) -> bool:
    """Whether it runs: a pyenv shim exists also for versions that are not switched on."""
    code = "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout == version
