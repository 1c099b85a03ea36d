"""A dict that cannot change."""

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
def test_every_mutator_refuses(change: Callable[[Any], object]) -> None:
    """No method changes it."""
    frozen = FrozenDict({"a": 1})

    with pytest.raises(TypeError, match="build a new value"):
        change(frozen)

    assert frozen == {"a": 1}


def test_no_attributes() -> None:
    """Nothing can be hung on it either."""
    with pytest.raises(AttributeError):
        FrozenDict({"a": 1}).note = "a"  # type: ignore[attr-defined]  # it is the point


def test_copies_are_free() -> None:
    """`|` and `copy` give ordinary dicts."""
    frozen = FrozenDict({"a": 1})

    assert [dict, dict] == [type(frozen | {"b": 2}), type(frozen.copy())]


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy])
def test_clones_stay_frozen(clone: Callable[[Any], Any]) -> None:
    """A clone of a frozen value is frozen."""
    cloned = clone(FrozenDict({"a": FrozenDict({"b": 1})}))

    assert (FrozenDict, FrozenDict) == (type(cloned), type(cloned["a"]))


@given(json_values())
def test_frozen_json(value: Any) -> None:
    """Any JSON value can be frozen, hashed, pickled and written, and says the same."""
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
    """What is frozen stays as it is."""
    assert freeze(value) == freeze(freeze(value))


def test_a_shallow_frozen_dict_is_frozen_deeply() -> None:
    """A frozen dict made by hand may hold lists; freezing reaches them."""
    assert _is_frozen(freeze(FrozenDict({"a": [{}]})))


def test_equal_content_has_one_hash() -> None:
    """The order of the keys does not matter."""
    assert hash(FrozenDict(a=1, b=2)) == hash(FrozenDict(b=2, a=1))


def test_what_has_no_hash_gives_none() -> None:
    """A value without a hash is an error, as in a tuple."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(FrozenDict({"a": []}))


def test_nothing_is_one_object() -> None:
    """Empty mappings share one value, so that a look at its identity is enough."""
    assert freeze({}) is EMPTY
