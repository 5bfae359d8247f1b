"""What CONTRIBUTING says about adding something is true, and names all there is to edit."""

import re
from typing import get_args

from aoba.cli import parameters
from aoba.document.values import TYPES, TypeName
from aoba.outlets.registry import OUTLETS
from aoba.sources.kinds import SOURCES
from support.modules import MODULES, ROOT, SOURCE
from test_layers import IMPORTS, kind_of

TEXT = (ROOT / "CONTRIBUTING.md").read_text().partition("## How to add")[2]
RECIPES = dict(re.findall(r"\*\*(.*?)\.\*\*(.*?)(?=\n\*\*|\nEach )", TEXT, re.DOTALL))

KNOWN_TO_OTHERS = {
    # `check` runs a script once and shows it, which no other kind of source knows.
    "aoba.cli.check -> scripts",
    "aoba.cli.report -> scripts",
}
"""Files that still know a kind, whose folder alone should be enough."""


def named(recipe: str) -> set[str]:
    """Files and folders that it names."""
    return set(re.findall(r"`([\w/.-]+/|[\w/.-]+\.(?:py|md|toml))`", recipe))


def is_there(path: str) -> bool:
    return (SOURCE / path).exists() or (ROOT / path).exists()


def sources_of(recipe: str) -> set[str]:
    """Files of the source that are to be edited, without folders, where something is to be made."""
    return {path for path in named(recipe) if (SOURCE / path).is_file()}


def test_recipes_name_what_is_there():
    paths = {path for recipe in RECIPES.values() for path in named(recipe)}

    assert len(paths) > 20
    assert sorted(path for path in paths if not is_there(path)) == []


def test_the_recipes_that_are_followed_here_are_there():
    wanted = {"A function code", "A kind of source", "A kind of outlet", "A data type"}

    assert wanted - set(RECIPES) == set()


def test_a_kind_of_source_is_one_row_and_one_folder():
    recipe = RECIPES["A kind of source"]

    assert recipe.strip().startswith("One row, one folder.")
    assert sources_of(recipe) == {"sources/kinds.py"}
    for name, row in SOURCES.items():
        places = (row.parse.split("."), row.build.split("."))
        folders = {(*place[:3],) for place in places}  # aoba.sources.FOLDER
        assert len(folders) == 1, name


def test_a_kind_of_outlet_is_one_row_one_folder_and_its_configuration():
    recipe = RECIPES["A kind of outlet"]

    assert recipe.strip().startswith("One row, one folder or file, and a class")
    assert sources_of(recipe) == {"outlets/registry.py", "config/model.py"}
    assert [kind for kind in OUTLETS if kind.__module__ != "aoba.config.model"] == []


def test_nobody_knows_a_kind_but_its_folder():
    """But for those that are known: one that is mended is to be taken out of the list."""
    found = set()
    for side in ("aoba.sources", "aoba.outlets"):
        for module in MODULES:
            for name in IMPORTS[module]:
                kind = kind_of(name, side)
                if kind and kind_of(module, side) != kind:
                    found.add(f"{module} -> {kind}")

    assert found == KNOWN_TO_OTHERS


def test_a_data_type_is_in_each_list_of_the_recipe():
    recipe = RECIPES["A data type"]
    text = (ROOT / "docs" / "scripting.md").read_text()
    field, *_ = re.findall(r"^\| `data_type` \| (.*?) \|", text, re.MULTILINE)

    assert sources_of(recipe) == {"document/values.py", "cli/parameters.py"}
    assert get_args(TypeName) == tuple(TYPES)
    assert get_args(parameters.TypeName) == tuple(TYPES)
    assert re.findall(r'`"(\w+)"`', field) == list(TYPES)
    assert all(re.search(rf"^\| `{name}` \| ", text, re.MULTILINE) for name in TYPES)


def test_no_other_file_lists_data_types():
    """Where one is named by itself, something is of that type, as the age of a value."""
    lists = [
        module
        for module, path in MODULES.items()
        if all(f'"{name}"' in path.read_text() for name in ("uint16", "int64", "float64"))
    ]

    assert sorted(lists) == ["aoba.cli.parameters", "aoba.document.values"]
