"""`-h` and `-V`, as everywhere, and errors that name the help of the command."""

import re
import subprocess
import sys

import pytest

from aoba import __version__
from support.commands import done, refused

COMMANDS = re.findall(r"^  (\w+)  ", done("--help").partition("Commands:")[2], re.MULTILINE)


def test_the_help_names_the_commands() -> None:
    assert {"serve", "check", "read", "write", "scan", "ports"} < {*COMMANDS}


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_and_version(command: list[str]) -> None:
    text = done(*command, "-h")

    assert text == done(*command, "--help")
    assert text.startswith(f"Usage: {' '.join(['aoba', *command])} ")
    assert re.search(r"-h, --help +Show", text)
    assert re.search(r"-V, --version +Show", text)
    assert done(*command, "-V") == done(*command, "--version") == f"aoba {__version__}\n"


def test_the_help_has_no_signs_for_whoever_formats_it() -> None:
    text = done("serve", "-h")

    assert "\\" not in text
    assert "\b" not in text
    assert "\n  file:PATH                a file of documents" in text  # each kind has its line


WRONG = {
    "an unknown option": (["serve", "--lisen", "x"], "No such option: --lisen .*", "serve"),
    "an argument too few": (["read"], "Missing argument 'URL'", "read"),
    "an argument too many": (
        ["schema", "x"],
        r"Got unexpected extra argument\(s\) \(x\)",
        "schema",
    ),
    "an unknown command": (["server"], "No such command 'server'.*", ""),
    "no such level": (
        ["serve", "x.py", "--log-level", "loud"],
        "Invalid value for '--log-level': 'loud' is not one of 'debug', 'info', 'warning', 'error'",
        "serve",
    ),
    "no such table": (
        ["write", "tcp://127.0.0.1:1", "input", "0", "1"],
        "Invalid value for 'TABLE': 'input' is not one of 'coils', 'holding'",
        "write",
    ),
}


@pytest.mark.parametrize(("arguments", "says", "command"), WRONG.values(), ids=WRONG)
def test_the_help_that_is_named_is_that_of_the_command(
    arguments: list[str], says: str, command: str
) -> None:
    name = f"aoba {command}".strip()

    assert re.fullmatch(rf"{says} \({name} --help shows what is accepted\)", refused(2, *arguments))


NUMBERS = [
    (["--unit", "300"], "--unit: expected 0..255, got 300"),
    (["--unit", "x"], "--unit: expected 0..255, got x"),
    (["--retries", "-1"], "--retries: expected a whole number from 0 on, got -1"),
    (["--scale", "x"], "--scale: expected a number, got x"),
    (["--offset", "inf"], "--offset: expected a number, got inf"),
    (["0"], "COUNT: expected 1..65536, got 0"),
]


@pytest.mark.parametrize(("arguments", "says"), NUMBERS)
def test_numbers_are_said_to_be_wrong_in_our_own_words(arguments: list[str], says: str) -> None:
    assert refused(2, "read", "tcp://127.0.0.1:1", "holding", "0", *arguments) == says


def test_a_unit_id_may_be_hexadecimal() -> None:
    assert "nobody listens" in refused(1, "read", "tcp://127.0.0.1:1", "coils", 0, "--unit", "0x1F")


def test_wrong_usage_needs_few_modules() -> None:
    """Who has mistyped the name of a script does not wait for what would serve it."""
    command = [sys.executable, "-X", "importtime", "-m", "aoba", "serve", "nosuch.py"]
    told = subprocess.run(command, stderr=subprocess.PIPE, check=False, text=True).stderr
    assert "no such script" in told
    assert len(re.findall(r"\| +aoba\b", told)) < 60
