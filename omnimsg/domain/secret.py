"""A credential that is never printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Secret:
    """A credential that is never printed.

    `repr`, `str`, `format` and pickling never show the value; only `reveal` returns it. It has no
    hash, so it cannot become a key of a mapping that is printed.

    Raises:
        TypeError: The value is no text.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"a Secret holds text, not {type(value).__name__}")
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, to put it into a request."""
        return self._value

    def __repr__(self) -> str:
        """Return a fixed text without the value."""
        return "Secret('***')"

    def __str__(self) -> str:
        """Return a fixed text without the value."""
        return "***"

    def __format__(self, spec: str) -> str:
        """Format a fixed text without the value."""
        return format("***", spec)

    def __bool__(self) -> bool:
        """Return whether the value is not empty."""
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Compare by value, so that configurations can be compared."""
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    __hash__: ClassVar[Any] = None

    def __reduce__(self) -> str:
        """Refuse to be pickled."""
        raise TypeError("a Secret cannot be pickled: give the other process its own credentials")


def to_secrets(value: Iterable[Secret]) -> tuple[Secret, ...]:
    """Convert a list of secrets to a tuple; leave a single one, or text, to the validator."""
    given: Any = value
    return tuple(given) if isinstance(given, (list, tuple)) else given


def secrets_in(value: Any) -> Iterator[Secret]:  # noqa: ANN401 - the settings of any provider
    """Yield the secrets in a value, and in the attrs objects and collections that it has."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from secrets_in(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from secrets_in(each)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from secrets_in(getattr(value, field.name))
