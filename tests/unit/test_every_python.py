import subprocess

import every_python


def test_without_an_environment_for_one_python_the_others_are_tested(monkeypatch, capfd, tmp_path):
    tested = []

    def environment(version, _):
        if version == "3.12":
            raise subprocess.CalledProcessError(1, "python3.12 -m venv")
        return tmp_path

    def passes(version, *_, **__):
        tested.append(version)
        return True

    monkeypatch.setattr(every_python, "promised", lambda: iter(["3.11", "3.12", "3.13"]))
    monkeypatch.setattr(every_python, "find", lambda version: f"python{version}")
    monkeypatch.setattr(every_python, "environment", environment)
    monkeypatch.setattr(every_python, "passes", passes)

    assert every_python.main([]) == 1
    assert tested == ["3.11", "3.13"]
    assert "Python 3.12: its environment cannot be made: " in capfd.readouterr().out
