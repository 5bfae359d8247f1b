"""Rows of outlets: whatever a row names is there, and each configuration has one."""

from importlib import import_module
from typing import get_args

import pytest

from aoba.config.model import OutletConfig, PublishConfig
from aoba.errors import UsageError
from aoba.outlets import registry
from aoba.outlets.registry import OUTLETS, OutletKind, open_outlet


def test_each_configuration_has_a_row_and_a_name_of_its_own():
    assert set(OUTLETS) == set(get_args(OutletConfig))
    assert len({row.name for row in OUTLETS.values()}) == len(OUTLETS)


@pytest.mark.parametrize("row", OUTLETS.values(), ids=lambda row: row.name)
def test_what_a_row_names_is_there(row):
    module, _, name = row.build.partition(":")

    assert callable(getattr(import_module(module), name))


def test_a_library_that_is_not_there_is_told_with_its_extra(monkeypatch):
    row = OutletKind("publish", "nowhere:nothing", ("aoba_no_such_library", "mqtt"))
    monkeypatch.setitem(registry.OUTLETS, PublishConfig, row)

    with pytest.raises(UsageError, match=r"^mqtt://broker/topic.*\[mqtt\]"):
        open_outlet(PublishConfig("mqtt://broker/topic", "a"), None)
