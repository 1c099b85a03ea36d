"""`FrozenDict` is an immutable dict, and `freeze` makes JSON-like data immutable."""

from __future__ import annotations

import copy
import operator
import pickle
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from support.strategies import json_values

from omnimsg.domain.frozen_dict import EMPTY, FrozenDict, freeze

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "change",
    [
        lambda d: operator.setitem(d, "a", 2),
        lambda d: operator.delitem(d, "a"),
        lambda d: d.clear(),
        lambda d: d.pop("a"),
        lambda d: d.popitem(),
        lambda d: d.setdefault("b", 2),
        lambda d: d.update(a=2),
        lambda d: d.__ior__({"a": 2}),
    ],
)
def test_every_mutator_raises(change: Callable[[Any], object]) -> None:
    """Every method that changes a dict raises, and the content stays."""
    frozen = FrozenDict({"a": 1})

    with pytest.raises(TypeError, match="build a new value"):
        change(frozen)

    assert frozen == {"a": 1}


def test_no_attributes_can_be_set() -> None:
    """Setting an attribute raises."""
    with pytest.raises(AttributeError):
        FrozenDict({"a": 1}).note = "a"  # type: ignore[attr-defined]  # what is tested


def test_copies_are_ordinary_dicts() -> None:
    """`|` and `copy` return ordinary dicts."""
    frozen = FrozenDict({"a": 1})

    assert [dict, dict] == [type(frozen | {"b": 2}), type(frozen.copy())]


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy])
def test_clones_stay_frozen(clone: Callable[[Any], Any]) -> None:
    """`copy.copy` and `copy.deepcopy` return frozen dicts."""
    cloned = clone(FrozenDict({"a": FrozenDict({"b": 1})}))

    assert (FrozenDict, FrozenDict) == (type(cloned), type(cloned["a"]))


@given(json_values())
def test_frozen_json(value: Any) -> None:
    """Any JSON value can be frozen, hashed, pickled and written to JSON without a change."""
    frozen = freeze({"value": value})

    assert isinstance(hash(frozen), int)
    assert frozen == pickle.loads(pickle.dumps(frozen))  # noqa: S301
    assert {"value": value} == orjson.loads(orjson.dumps(frozen))
    assert _is_frozen(frozen)


def _is_frozen(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value, FrozenDict) and all(map(_is_frozen, value.values()))
    return not isinstance(value, list) and (
        not isinstance(value, tuple) or all(map(_is_frozen, value))
    )


@given(json_values())
def test_freezing_is_idempotent(value: Any) -> None:
    """Freezing a frozen value again does not change it."""
    assert freeze(value) == freeze(freeze(value))


def test_freezing_is_deep() -> None:
    """`freeze` also freezes the lists inside a `FrozenDict`."""
    assert _is_frozen(freeze(FrozenDict({"a": [{}]})))


def test_equal_dicts_have_the_same_hash() -> None:
    """The hash does not depend on the order of the keys."""
    assert hash(FrozenDict(a=1, b=2)) == hash(FrozenDict(b=2, a=1))


def test_unhashable_values() -> None:
    """A dict with an unhashable value is unhashable, as a tuple is."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(FrozenDict({"a": []}))


def test_empty_mappings_are_one_object() -> None:
    """`freeze` returns `EMPTY` for every empty mapping, so identity can be compared."""
    assert freeze({}) is EMPTY
