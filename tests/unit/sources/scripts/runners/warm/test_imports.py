"""What runs of a script have told of its imports, and what is to be loaded because of it."""

from itertools import pairwise

import pytest

from aoba.sources.scripts.runners.warm.imports import SELDOM, WORTH, Libraries, ScriptImports

ENOUGH = round(1_000_000 * WORTH)


def told(*reports):
    imports = ScriptImports()
    for report in reports:
        imports.take("".join(line + "\n" for line in report).encode())
    return imports


def test_runs_are_asked_ever_more_seldom():
    imports = ScriptImports()
    asked = [run for run in range(1, 2000) if imports.is_due()]

    assert asked[:9] == [1, 3, 7, 15, 31, 63, 127, 255, 511]
    assert {later - run for run, later in pairwise(asked[8:])} == {SELDOM}


def test_after_a_run_that_told_nothing_the_next_one_is_asked():
    imports = ScriptImports()
    [imports.is_due() for _ in range(10)]
    imports.ask_again()

    assert [imports.is_due() for _ in range(3)] == [True, False, True]


def test_what_takes_time_is_loaded_in_its_order():
    imports = told([f"lib numpy {ENOUGH}", "std csv 5", "lib scipy.stats 7", "beside a b"])

    names = ("numpy", "csv", "scipy.stats")
    assert imports.libraries() == Libraries(names, frozenset({"numpy", "scipy"}))
    assert imports.beside == {"a", "b"}


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        ([], ()),
        ([f"std csv {ENOUGH - 1}"], ()),
        ([f"std csv {ENOUGH // 2 + 1}", f"lib yaml {ENOUGH // 2 + 1}"], ("csv", "yaml")),
        ([f"lib yaml {ENOUGH}", "late csv 5"], ("yaml",)),
        ([f"lib yaml {ENOUGH}", "late yaml 5"], ()),
        ([f"lib yaml {ENOUGH}", "refused yaml opens sockets"], ()),
        (["", " ", "lib", "lib a 9999999 c", "lib a many", "late", "refused", "what is"], ()),
        (["lib --learned 9999999", "lib a..b 9999999", "lib . 9999999", "lib / 9999999"], ()),
    ],
)
def test_what_does_not_pay_or_cannot_be_is_not_loaded(lines, names):
    assert told(lines).libraries().names == names


def test_what_was_refused_elsewhere_is_left_out():
    imports = told([f"lib numpy {ENOUGH}", f"lib yaml {ENOUGH}"])

    assert imports.libraries(without={"numpy": "why"}).names == ("yaml",)


def test_what_is_imported_now_and_then_comes_to_what_is_known():
    imports = told([f"lib numpy {ENOUGH}", "beside a"], [f"lib yaml {ENOUGH}", "beside b"])

    assert imports.libraries().names == ("numpy", "yaml")
    assert imports.beside == {"b"}


def test_what_is_loaded_already_takes_no_time_and_pays_all_the_same():
    assert told([f"lib numpy {ENOUGH}"], ["lib numpy 5"]).libraries().names == ("numpy",)


def test_what_came_late_once_is_not_trusted_again():
    imports = told([f"lib numpy {ENOUGH}"], ["late numpy 5"], [f"lib numpy {ENOUGH}"])

    assert imports.libraries() == Libraries()


def test_what_came_late_is_known_if_it_takes_long():
    imports = told([f"late numpy {ENOUGH}", "late csv 5"], [f"late numpy {ENOUGH}"])

    assert list(imports.late) == ["numpy"]
    assert imports.libraries() == Libraries()


def test_reasons_are_kept():
    assert told(["refused a opens sockets"]).refused == {"a": "opens sockets"}
