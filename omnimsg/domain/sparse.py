"""Values with many fields of which most keep their default, made cheap.

attrs writes every field of every object through the back door of a frozen class, and that is most
of what building one costs. A sparse value has a hand-written `__init__` or `__new__` that writes
only what was given; for the rest, the class itself holds the defaults.
"""

from typing import TypeVar

import attrs

T = TypeVar("T")


def sparse(cls: type[T]) -> type[T]:
    """Let the class hold its fields' defaults; to stand above `@attrs.frozen(slots=False)`."""
    for field in attrs.fields(cls):  # type: ignore[arg-type]  # attrs decorated it
        known = field.default is not attrs.NOTHING and not hasattr(field.default, "takes_self")
        if known and not hasattr(cls, field.name):  # which only a slot of a base has by now
            setattr(cls, field.name, field.default)
    return cls
