"""An interpreter that is asked what it is is run as its scripts are, and runs nothing but that."""

import asyncio
import os
import sys

import pytest

from aoba.sources.scripts.process_options import ProcessOptions, parse_user
from aoba.sources.scripts.runners.asking import version_of
from aoba.sources.scripts.runners.external import ExternalRunner
from aoba.sources.scripts.script_file import Version
from aoba.sources.scripts.spec import parse_script
from support.pythons import VERSIONS, python

OPTIONS = [ProcessOptions(variables=(("WHO", "north"),)), ProcessOptions()]


@pytest.fixture
def fake(tmp_path):
    """Makes an interpreter of a shell script, which everybody may run."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)

    def make(script):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make


def ask(path, options):
    return asyncio.run(version_of(path, options))


def test_it_is_asked_with_the_variables_of_its_scripts(fake):
    path = fake('echo "Fake ${WHO:-nobody}"')

    assert [ask(path, options) for options in OPTIONS] == ["Fake north", "Fake nobody"]


def test_it_is_asked_in_the_folder_of_its_scripts(fake, tmp_path):
    assert ask(fake('echo "Fake $PWD"'), ProcessOptions(cwd=str(tmp_path))) == f"Fake {tmp_path}"


def test_it_is_asked_once_for_all_scripts_that_are_run_alike(fake, tmp_path):
    path = fake(f'echo >> {tmp_path}/times; echo "Fake 1"')

    async def main():
        for options in (*OPTIONS, *OPTIONS):
            await version_of(path, options)

    asyncio.run(main())
    assert len((tmp_path / "times").read_text()) == len(OPTIONS)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_it_is_asked_as_the_user_of_its_scripts(fake):
    nobody = parse_user("nobody")

    assert ask(fake('echo "Fake $(id -u)"'), ProcessOptions(user=nobody)) == f"Fake {nobody.uid}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_it_checks_a_script_as_its_user(fake, tmp_path):
    path = fake('cat > /dev/null; printf "\\n3 4 user $(id -u) $WHO"')
    (tmp_path / "s.py").touch()
    (tmp_path / "env").write_text("WHO=north\n")
    spec = f"{tmp_path}/s.py?python={path}&user=nobody&env_file={tmp_path}/env"
    runner = ExternalRunner(parse_script(spec))

    async def main():
        await runner.prepare(Version(b"1", b""))
        return await runner.prepare(Version(b"2", b""))

    assert f"user {parse_user('nobody').uid} north" in str(asyncio.run(main()).reason)


@pytest.mark.parametrize("version", VERSIONS)
def test_files_of_the_working_directory_are_not_run(version, tmp_path, monkeypatch):
    path = python(version)
    marker = tmp_path / "ran"
    for name in sys.stdlib_module_names:
        (tmp_path / f"{name}.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    monkeypatch.chdir(tmp_path)

    async def main():
        (tmp_path / "s.py").touch()
        runner = ExternalRunner(parse_script(f"{tmp_path}/s.py?python={path}"))
        await runner.prepare(Version(b"1", b""))
        return await version_of(path), await runner.prepare(Version(b"# coding: cp1252\n(\n", b""))

    told, unfit = asyncio.run(main())
    assert told.startswith(f"CPython {version}.")
    assert unfit is not None
    assert not marker.exists()
