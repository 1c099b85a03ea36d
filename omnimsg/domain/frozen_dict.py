"""An immutable dict, so that the mappings inside a frozen value cannot change either."""

from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dict that cannot be changed after it is built.

    It is a `dict`, not a mapping proxy, because JSON encoders and pickle support dicts. `|` and
    `copy` return ordinary dicts.
    """

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this mapping belongs to a frozen value; build a new value instead")

    __setitem__: Any = _refuse
    __delitem__: Any = _refuse
    __ior__: Any = _refuse
    clear: Any = _refuse
    pop: Any = _refuse
    popitem: Any = _refuse
    setdefault: Any = _refuse
    update: Any = _refuse

    def _hash(self) -> int:
        """Hash by content; raises `TypeError` if a value has no hash."""
        return hash(frozenset(self.items()))

    __hash__: ClassVar[Any] = _hash

    def __reduce__(self) -> tuple[type["FrozenDict[K, V]"], tuple[dict[K, V]]]:
        """Pickle through an ordinary dict."""
        return FrozenDict, (dict(self),)


EMPTY: FrozenDict[Any, Any] = FrozenDict()


def freeze(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Make a JSON-like value immutable: mappings become `FrozenDict`, lists become tuples."""
    if isinstance(value, Mapping):
        return FrozenDict({key: freeze(item) for key, item in value.items()}) if value else EMPTY
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item) for item in value)
    return value


def freeze_mapping(value: Mapping[K, V]) -> FrozenDict[K, V]:
    """Freeze a mapping; anything else is left to the validator."""
    frozen: FrozenDict[K, V] = freeze(value)
    return frozen


# The converters of fields; type checkers take the type of an argument from them.


def to_map(value: Mapping[str, Any]) -> FrozenDict[str, Any]:
    """Freeze a mapping with text keys."""
    return freeze_mapping(value)


def to_string_map(value: Mapping[str, str]) -> FrozenDict[str, str]:
    """Freeze a mapping of text to text."""
    return freeze_mapping(value)


def to_extras(value: Mapping[str, Mapping[str, Any]]) -> FrozenDict[str, Mapping[str, Any]]:
    """Freeze the fields of providers, by provider name."""
    return freeze_mapping(value)
