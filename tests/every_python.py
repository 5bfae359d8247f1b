"""Runs the tests under each Python that pyproject.toml promises and this machine has.

    python tests/every_python.py [--others] [--again] [PYTEST ARGUMENT]...

Pythons are looked for in the PATH and in the folder of pyenv. Each gets a virtual environment of
its own, .venv-3.12 and so on, with the exact versions of requirements-dev.txt, made anew where
that or pyproject.toml has changed. `--others` leaves out the Python that runs this, `--again` gives
tests that failed a second chance, alone. The exit status is 1 where tests failed, or where the
environment of one Python cannot be made; the others are tested all the same. A Python that is not
there is named, and no failure.
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from support.pythons import find

ROOT: Final = Path(__file__).resolve().parents[1]
INPUTS: Final = (ROOT / "pyproject.toml", ROOT / "requirements-dev.txt")
PIP: Final = ("-m", "pip", "--disable-pip-version-check", "--quiet", "install")
PROMISE: Final = "Programming Language :: Python :: 3."


def promised() -> Iterator[str]:
    project = tomllib.loads(INPUTS[0].read_text())["project"]
    for classifier in project["classifiers"]:
        if classifier.startswith(PROMISE):
            yield classifier.removeprefix("Programming Language :: Python :: ")


def environment(version: str, python: str) -> Path:
    """The folder of its programs. Raises CalledProcessError where it cannot be made."""
    folder = ROOT / f".venv-{version}"
    ready = folder / "ready"
    if not ready.exists() or any(f.stat().st_mtime > ready.stat().st_mtime for f in INPUTS):
        subprocess.run((python, "-m", "venv", "--clear", folder), check=True)
        own = folder / "bin" / "python"
        subprocess.run((own, *PIP, "--require-hashes", "-r", INPUTS[1]), check=True, cwd=ROOT)
        subprocess.run(
            (own, *PIP, "--no-deps", "--no-build-isolation", "-e", "."), check=True, cwd=ROOT
        )
        ready.touch()
    return folder / "bin"


def passes(version: str, programs: Path, arguments: list[str], *, again: bool) -> bool:
    # Scripts under test run with the python3 of this environment, whatever else the machine has.
    path = os.pathsep.join((str(programs), os.environ["PATH"]))
    cache = f"cache_dir={programs.parent / 'pytest-cache'}"  # what failed under one, failed there

    def run(*more: str) -> bool:
        command = (programs / "python", "-m", "pytest", "-q", "-o", cache, *arguments, *more)
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False)
        return done.returncode == 0

    print(f"== Python {version}", flush=True)
    if run():
        return True
    last_failed = ("-n", "0", "--last-failed", "--last-failed-no-failures", "none")
    return again and run(*last_failed)


def is_good(version: str, python: str, arguments: list[str], *, again: bool) -> bool:
    """Whether the tests pass; they do not where there is no environment to run them in."""
    try:
        programs = environment(version, python)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"== Python {version}: its environment cannot be made: {error}", flush=True)
        return False
    return passes(version, programs, arguments, again=again)


def main(arguments: list[str]) -> int:
    own = "{}.{}".format(*sys.version_info)
    others, again = "--others" in arguments, "--again" in arguments
    arguments = [each for each in arguments if each not in {"--others", "--again"}]
    failed = []
    for version in promised():
        if others and version == own:
            continue
        python = find(version)
        if python is None:
            print(f"== Python {version} is not here: nothing was tested with it", flush=True)
        elif not is_good(version, python, arguments, again=again):
            failed.append(version)
    if failed:
        print(f"Tests failed, or could not be run, under Python {', '.join(failed)}.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
