"""What all tests share: reports that can go from a worker to the process that prints them."""

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> pytest.TestReport:
    """What a test has logged may be no valid Unicode, on purpose, and is sent as UTF-8."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report
