"""What the process of a script gets that is not Aoba's own: folder, environment, user.

cwd=/srv/plant   env_file=/etc/plant.env   user=plant
"""

import os
import pwd
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from aoba.endpoints.options import Parsers
from aoba.errors import UsageError
from aoba.sources.monitoring import take
from aoba.sources.paths import UNKNOWN, absolute, kind_at
from aoba.worker.at_start import read_now

FOR_SCRIPTS: Final = str(Path(__file__).parents[2] / "for_scripts")
"""The folder from which a script may `import aoba`, on any Python."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTES: Final = "'\""
_BLANKS: Final = " \t\r"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    uid: int
    gid: int
    home: str
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    cwd: str | None = None
    """Absolute; None: Aoba's own."""
    variables: tuple[tuple[str, str], ...] = ()
    """Of the environment, besides Aoba's own or in place of them."""
    user: User | None = None

    def argv(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` in its folder.

        A shell goes there: where the file system hangs, it is the shell that waits, not Aoba,
        which cannot go on before the program is started.
        """
        if self.cwd is None:
            return list(argv)
        return ["/bin/sh", "-c", 'cd -- "$0" && exec "$@"', self.cwd, *argv]

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """`own` is that of a script without these options."""
        of_user = {}
        if self.user:
            of_user = {"HOME": self.user.home, "USER": self.user.name, "LOGNAME": self.user.name}
        given = dict(self.variables)
        if "PYTHONPATH" in given:
            given["PYTHONPATH"] = with_package(given["PYTHONPATH"])
        return {**own, **of_user, **given}

    def with_variables(self, **variables: str) -> "ProcessOptions":
        """The same, with these variables besides, unless they are given already."""
        return replace(self, variables=(*variables.items(), *self.variables))

    def popen(self, limit: Callable[[], object]) -> dict[str, Any]:
        """Further arguments of `subprocess.Popen`.

        Where they have another user, the process calls `limit` itself, before its program: even
        as root Aoba may not be permitted to limit it, as in a container.
        """
        if self.user is None:
            return {}
        user = self.user
        who = {"user": user.uid, "group": user.gid, "extra_groups": list(user.groups)}
        return {**who, "preexec_fn": limit}


DEFAULTS: Final = ProcessOptions()


def with_package(python_path: str | None) -> str:
    """A PYTHONPATH with the package for scripts behind what is named there already."""
    return f"{python_path}{os.pathsep}{FOR_SCRIPTS}" if python_path else FOR_SCRIPTS


def parse_cwd(text: str) -> str:
    """Raises UsageError where there is no such folder."""
    path = absolute(text)
    kind = kind_at(path)
    if kind not in ("folder", UNKNOWN):
        raise UsageError(f"{path}: {'no such folder' if kind is None else 'not a folder'}")
    return path


def parse_env_file(text: str) -> tuple[tuple[str, str], ...]:
    """Variables in the file at a path, read once. Raises UsageError, with the number of the line.

    A line is NAME=VALUE, as docker and systemd have it: VALUE goes to the end of the line, and one
    pair of quotes around it is taken off. Empty lines, and those that begin with # or ;, are
    comments. Only a line feed ends a line, and no value is told, which may be a secret.
    """
    path = absolute(text)
    try:
        lines = read_now(path).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: no text in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: {reason}") from None
    variables: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith(("#", ";")):
            name, value = _variable(f"{path}:{number}", line)
            variables[name] = value
    return tuple(variables.items())


def _variable(place: str, line: str) -> tuple[str, str]:
    name, equals, value = line.strip(_BLANKS).removeprefix("export ").partition("=")
    name, value = name.strip(_BLANKS), value.strip(_BLANKS)
    if not equals:
        raise UsageError(f"{place}: expected NAME=VALUE, got a line without '='")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{place}: expected NAME=VALUE, got {name!r} for NAME")
    if "\0" in value:
        raise UsageError(f"{place}: the value of {name} has a NUL character in it")
    if len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES:
        value = value[1:-1]
    return name, value


def parse_user(text: str) -> User:
    """A name or a number. Raises UsageError where there is none, or Aoba may not change to it."""
    if os.geteuid() != 0:
        raise UsageError("only root can run a script as another user; start Aoba as root")
    try:
        is_number = text.isascii() and text.isdigit()
        found = pwd.getpwuid(int(text)) if is_number else pwd.getpwnam(text)
    except (KeyError, OverflowError, ValueError):  # ValueError: more digits than anybody has
        raise UsageError(f"there is no user {text!r}") from None
    groups = tuple(os.getgrouplist(found.pw_name, found.pw_gid))
    return User(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir, groups)


PROCESS_OPTIONS: Final[Parsers] = {
    "cwd": parse_cwd,
    "env_file": parse_env_file,
    "user": parse_user,
}
"""The options, to be among those that a kind of source accepts."""


def take_process(options: dict[str, Any]) -> ProcessOptions:
    """What `options` say, which are gone from them then."""
    given = take(options, "cwd", "user")
    return ProcessOptions(variables=options.pop("env_file", ()), **given)
