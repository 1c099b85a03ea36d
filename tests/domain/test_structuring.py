"""Untrusted data is converted, and every error of a hook becomes a problem with its path."""

from __future__ import annotations

import cattrs
import pytest

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.serialization import message_from_json
from omnimsg.domain.structuring import read_float, structure


@pytest.mark.parametrize("raised", [TypeError("Quokka"), AttributeError("Quokka")])
def test_a_type_error_of_a_hook_becomes_a_problem(raised: Exception) -> None:
    """The problem is below the given root, and its text is ours, not that of the hook."""

    def fail(*_: object) -> complex:
        raise raised

    converter = cattrs.Converter()
    converter.register_structure_hook(complex, fail)
    with pytest.raises(InvalidValue) as caught:
        structure(converter, complex, "x", root="accounts.main")

    assert str(caught.value) == "accounts.main: has the wrong type"


def test_a_float_may_be_written_as_an_integer() -> None:
    """A float is read from an integer too, and the result is a float."""
    read = read_float(1, None)

    assert (1.0, float) == (read, type(read))


def test_a_bool_is_not_a_float() -> None:
    """Although `bool` is a subclass of `int`, `True` is not a number."""
    with pytest.raises(ValueError, match="must be a number"):
        read_float(True, None)


def test_few_of_many_unknown_keys_are_named() -> None:
    """Of an object with many unknown keys the first twenty are named, and the others counted."""
    data = {
        "to": "+37255500001",
        "content": {"type": "text", "text": "x"},
        **{f"k{each:06}": 1 for each in range(50_000)},
    }

    with pytest.raises(InvalidValue) as caught:
        message_from_json(data)

    *named, rest = caught.value.problems
    assert [f"k{each:06}" for each in range(20)] == [each.path for each in named]
    assert ("$", "has 49,980 more keys that are not known") == (rest.path, rest.why)
