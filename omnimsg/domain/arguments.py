"""Check the arguments of public methods, so that a wrong one is named where it was given.

`validate` does the same for the fields of the model. Every function raises `InvalidValue`, with the
argument as the path, what it must be, and what to give instead. No error shows a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.domain.validate import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def wrong_argument(name: str, value: object, wanted: str, instead: str = "") -> InvalidValue:
    """Build the error for an argument.

    Args:
        name: The argument.
        value: Its value.
        wanted: What it must be.
        instead: What to give, as an example.
    """
    hint = instead and f"; give {instead}"
    return InvalidValue(Problem(name, f"must be {wanted}, not {kind_of(value)}{hint}"))


def require_instance(name: str, value: object, kind: type, instead: str = "") -> None:
    """Require an instance of a class."""
    if not isinstance(value, kind):
        raise wrong_argument(name, value, kind.__name__, instead)


def items_of(name: str, values: Iterable[T], kind: type, instead: str = "") -> tuple[T, ...]:
    """Return the items of an argument, which must be instances of a class."""
    require_several(name, values, kind.__name__, instead)
    items = tuple(values)
    for index, each in enumerate(items):
        require_instance(f"{name}[{index}]", each, kind, instead)
    return items


def require_several(name: str, value: object, what: str, instead: str = "") -> None:
    """Require something to iterate over; a text would be taken letter by letter."""
    if isinstance(value, (str, bytes)) or not is_iterable(value):
        raise wrong_argument(name, value, f"a list of {what}", instead)


def require_messages(value: object) -> None:
    """Require what `send_many` takes: something to iterate over, also asynchronously."""
    if not is_iterable(value):
        raise wrong_argument("messages", value, "several Message", "[message]")


def require_mapping(name: str, value: object, kind: type) -> None:
    """Require a mapping whose values are instances of a class."""
    if not isinstance(value, Mapping):
        raise wrong_argument(name, value, f"a mapping of names to {kind.__name__}")
    for key, each in value.items():
        require_instance(f"{name}[{key!r}]", each, kind)


def require_function(name: str, value: object) -> None:
    """Require something that can be called."""
    if not callable(value):
        raise wrong_argument(name, value, "a function")


def require_methods(name: str, value: object, kind: str, methods: Iterable[str]) -> None:
    """Require an object with the methods of an interface, whatever its class.

    Args:
        name: The argument.
        value: Its value.
        kind: The interface.
        methods: Its methods.
    """
    given: Any = value
    missing = [each for each in methods if not callable(getattr(given, each, None))]
    if isinstance(value, type):
        raise InvalidValue(Problem(name, f"must be an object, not the class {value.__name__}"))
    if missing:
        why = f"must be {kind}, not {kind_of(value)}, which has no method {missing[0]!r}"
        raise InvalidValue(Problem(name, why))


def is_iterable(value: object) -> bool:
    """Return whether a `for` or an `async for` takes a value; nothing is read."""
    return any(hasattr(value, each) for each in ("__iter__", "__aiter__", "__getitem__"))
