"""The modules of Aoba by their names, for rules that look at the source."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "aoba"


def module_name(path: Path) -> str:
    parts = ("aoba", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}
"""Full names, without `__init__`, and their files."""


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")
