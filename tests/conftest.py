"""What all tests share: reports that can go from a worker to the process that prints them."""

from pathlib import Path
from typing import Final

import pytest

UNIT: Final = Path(__file__).parent / "unit"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of single files are quick, so all of them are run under each Python."""
    for item in items:
        if item.path.is_relative_to(UNIT):
            item.add_marker(pytest.mark.of_python)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> pytest.TestReport:
    """What a test has logged may be no valid Unicode, on purpose, and is sent as UTF-8."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report
