"""Names that were documented and have changed can still be imported, with a warning."""

from __future__ import annotations

import importlib
import sys

import pytest

import omnimsg.adapter
from omnimsg.domain.secret import Secret


@pytest.mark.parametrize(
    ("former", "present"),
    [("merged", "deep_merge"), ("thawed", "to_plain"), ("segment", "quote_segment")],
)
def test_a_former_function_of_the_adapter_interface(former: str, present: str) -> None:
    """The former name of a function returns the same function, with a warning."""
    with pytest.warns(DeprecationWarning, match=present):
        found = getattr(omnimsg.adapter, former)

    assert getattr(omnimsg.adapter, present) is found


def test_the_former_module_of_secrets() -> None:
    """The former module `omnimsg.domain.privacy` exports the same `Secret`, with a warning."""
    sys.modules.pop("omnimsg.domain.privacy", None)

    with pytest.warns(DeprecationWarning, match=r"omnimsg\.domain\.secret"):
        former = importlib.import_module("omnimsg.domain.privacy")

    assert Secret is former.Secret


def test_an_unknown_name_of_the_adapter_interface() -> None:
    """An unknown name of `omnimsg.adapter` raises an `AttributeError`."""
    with pytest.raises(AttributeError, match="no attribute 'merge'"):
        omnimsg.adapter.merge  # noqa: B018 - the lookup must raise
