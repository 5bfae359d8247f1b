"""Rules of the files around the source: locks, hooks, and what is installed from where."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DEVELOPMENT = ROOT / "requirements-dev.txt"
CONTAINER = ROOT / "requirements.txt"
LOCKS = (DEVELOPMENT, CONTAINER)


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(path):
    """Of each package: version and marker, and the hashes of its files."""
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        what, *hashes = line.split(" --hash=")
        name, version = what.split("==", 1)
        found[plain(name.strip())] = (version.strip(), {each.strip() for each in hashes})
    return found


def needed(*extras):
    lines = list(PROJECT["project"]["dependencies"])
    for extra in extras:
        lines += PROJECT["project"]["optional-dependencies"][extra]
    names = {plain(re.split(r"[\[>=<;]", line)[0].strip()) for line in lines}
    return names - {"aoba"}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_a_lock_has_a_hash_for_each_package_and_names_no_place(path):
    text = path.read_text()
    packages = locked(path)

    assert [name for name, (_, hashes) in packages.items() if not hashes] == []
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for _, hs in packages.values() for h in hs)
    assert re.findall(r"(?m)^-.*|\S*://\S*| @ .*", text) == []


def test_the_locks_have_what_the_project_needs():
    building = {plain(re.split(r"[>=]", line)[0]) for line in PROJECT["build-system"]["requires"]}

    assert (needed("http", "mqtt", "dev") | building) - set(locked(DEVELOPMENT)) == set()
    assert (needed("http", "mqtt") | building) - set(locked(CONTAINER)) == set()


def test_the_container_has_what_the_tests_have_run_with():
    tested = locked(DEVELOPMENT)

    assert {n: p for n, p in locked(CONTAINER).items() if tested.get(n) != p} == {}


def test_whatever_installs_a_lock_demands_its_hashes():
    places = (ROOT / "Makefile", ROOT / "Dockerfile", ROOT / "tests" / "every_python.py")
    for path in places:
        installing = [
            line
            for line in path.read_text().splitlines()
            if re.search(r"install.* -r requirements|\"-r\", INPUTS", line)
        ]
        assert installing, path.name
        assert [line for line in installing if "--require-hashes" not in line] == [], path.name


def test_hooks_run_what_make_runs():
    """No hook is a command of its own, which could come to differ from it."""
    entries = re.findall(r"entry: (.*)", (ROOT / ".pre-commit-config.yaml").read_text())
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))

    assert entries == ["make lint", "make test"]
    assert {entry.split()[1] for entry in entries} <= targets
    assert re.search(r"(?m)^test: lint$", (ROOT / "Makefile").read_text())


def test_the_container_runs_as_nobody_special():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line for line in lines if line.startswith("USER ")]

    assert users
    assert "root" not in users[-1]
    assert lines.index(users[-1]) < next(
        i for i, v in enumerate(lines) if v.startswith("ENTRYPOINT")
    )
