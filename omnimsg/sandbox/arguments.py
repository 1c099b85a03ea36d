"""Check the arguments of a sandbox and its emulators, so that a wrong one is named when given.

No error shows a value, because it may be a secret of the application under test.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from types import NoneType


def require(*kinds: type, **arguments: object) -> None:
    """Require that arguments are instances of one of some classes; a bool is no number.

    Raises:
        TypeError: An argument is not.
    """
    for name, value in arguments.items():
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            shown = ("None" if each is NoneType else each.__name__ for each in kinds)
            raise _wrong(name, value, " | ".join(shown))


def require_texts(**arguments: Collection[str]) -> None:
    """Require that arguments are collections of texts; a text itself would be taken by letters.

    Raises:
        TypeError: An argument is not.
    """
    for name, values in arguments.items():
        if isinstance(values, str) or not isinstance(values, Collection):
            raise _wrong(name, values, "Collection")
        for each in values:
            if not isinstance(each, str):
                raise TypeError(f"{name}: must hold str, not {type(each).__name__}")


def require_range(name: str, value: float, least: int, most: float = math.inf) -> None:
    """Require that a number is in a range, and neither infinite nor NaN.

    Raises:
        ValueError: It is not.
    """
    if not value >= least:
        raise ValueError(f"{name}: must be at least {least}")
    if value == math.inf:
        raise ValueError(f"{name}: must be finite")
    if value > most:
        raise ValueError(f"{name}: must be at most {most}")


def _wrong(name: str, value: object, wanted: str) -> TypeError:
    return TypeError(f"{name}: must be {wanted}, not {type(value).__name__}")
