import os
import pwd

import pytest

from aoba.errors import UsageError
from aoba.sources.scripts import process_options
from aoba.sources.scripts.process_options import (
    DEFAULTS,
    ProcessOptions,
    User,
    parse_cwd,
    parse_env_file,
    parse_user,
)

PLANT = User("plant", 1001, 1002, "/home/plant", (1002, 20))


def test_without_options_nothing_changes():
    assert DEFAULTS.argv(["python3", "a.py"]) == ["python3", "a.py"]
    assert DEFAULTS.environment({"A": "1"}) == {"A": "1"}
    assert DEFAULTS.popen(print) == {}


def test_a_shell_goes_to_the_folder():
    *shell, folder, python, path = ProcessOptions(cwd="/a b").argv(["python3", "a.py"])

    assert shell == ["/bin/sh", "-c", 'cd -- "$0" && exec "$@"']
    assert (folder, python, path) == ("/a b", "python3", "a.py")


def test_variables_come_before_those_of_the_user_and_of_aoba():
    options = ProcessOptions(variables=(("HOME", "/h"), ("B", "2")), user=PLANT)

    environment = options.environment({"A": "1", "B": "1", "USER": "root"})
    assert environment == {"A": "1", "B": "2", "HOME": "/h", "USER": "plant", "LOGNAME": "plant"}


def test_what_is_added_does_not_replace_what_was_given():
    options = ProcessOptions(variables=(("A", "mine"),)).with_variables(A="yours", B="2")

    assert options.environment({}) == {"A": "mine", "B": "2"}


def test_another_user_has_his_groups():
    assert ProcessOptions(user=PLANT).popen(print) == {
        "preexec_fn": print,
        "user": 1001,
        "group": 1002,
        "extra_groups": [1002, 20],
    }


def test_a_file_of_variables(tmp_path):
    file = tmp_path / "plant.env"
    file.write_text(
        "# the plant\n; too\n\nSITE=north\n  GAIN = 0.5 \nQUOTED=\"a b\"\nSINGLE='c # d'\n"
        'export SHELL_LIKE=1\nEMPTY=\nEQUALS=a=b\nHALF="a\nSITE=south\n'
    )

    assert dict(parse_env_file(str(file))) == {
        "SITE": "south",
        "GAIN": "0.5",
        "QUOTED": "a b",
        "SINGLE": "c # d",
        "SHELL_LIKE": "1",
        "EMPTY": "",
        "EQUALS": "a=b",
        "HALF": '"a',
    }


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("hunter2", "expected NAME=VALUE, got a line without '='"),
        ("1A=hunter2", "expected NAME=VALUE, got '1A' for NAME"),
        ("A B =hunter2", "expected NAME=VALUE, got 'A B' for NAME"),
        ("=hunter2", "expected NAME=VALUE, got '' for NAME"),
        ("Ä=hunter2", "expected NAME=VALUE, got 'Ä' for NAME"),
        ("DB-PASSWORD=hunter2", "expected NAME=VALUE, got 'DB-PASSWORD' for NAME"),
        ("A=hunter2\0", "the value of A has a NUL character in it"),
    ],
)
def test_what_is_wrong_with_a_line_is_told_without_its_value(tmp_path, line, complaint):
    file = tmp_path / "plant.env"
    file.write_text(f"A=1\n{line}\n")

    with pytest.raises(UsageError) as refused:
        parse_env_file(str(file))
    assert str(refused.value) == f"{file}:2: {complaint}"


def test_a_file_from_windows(tmp_path):
    file = tmp_path / "plant.env"
    file.write_bytes("\ufeffA=1\r\n\r\nB='2'\r\n".encode())

    assert parse_env_file(str(file)) == (("A", "1"), ("B", "2"))


@pytest.mark.parametrize("odd", "\x0b\x0c\x1c\x85\u2028\u2029")
def test_only_a_line_feed_ends_a_line(tmp_path, odd):
    file = tmp_path / "plant.env"
    file.write_bytes(f"A=a{odd}b\nB={odd}\n".encode())

    assert parse_env_file(str(file)) == (("A", f"a{odd}b"), ("B", odd))


def test_files_and_folders_that_are_not_there(tmp_path):
    (tmp_path / "file").write_bytes(b"\xff=1")
    with pytest.raises(UsageError, match=r"gone: No such file"):
        parse_env_file(str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="no text in UTF-8"):
        parse_env_file(str(tmp_path / "file"))
    with pytest.raises(UsageError, match="no such folder"):
        parse_cwd(str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="not a folder"):
        parse_cwd(str(tmp_path / "file"))
    assert parse_cwd(str(tmp_path)) == str(tmp_path)


def test_users(monkeypatch):
    monkeypatch.setattr(process_options.os, "geteuid", lambda: 0)
    mine = pwd.getpwuid(os.getuid())

    for text in (mine.pw_name, str(mine.pw_uid)):
        user = parse_user(text)
        assert (user.name, user.uid, user.gid, user.home) == (*mine[:1], *mine[2:4], mine.pw_dir)
        assert mine.pw_gid in user.groups
    for nobody in ("nobody-here", "\u00b2", "\u0660", "9" * 30, "9" * 5000, "-1", "a\0"):
        with pytest.raises(UsageError, match="there is no user '"):
            parse_user(nobody)


def test_only_root_may_change_to_another_one(monkeypatch):
    monkeypatch.setattr(process_options.os, "geteuid", lambda: 1000)
    with pytest.raises(UsageError, match="only root can run a script as another user"):
        parse_user("root")
