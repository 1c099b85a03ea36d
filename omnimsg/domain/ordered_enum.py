"""Enumerations whose members have an order of their own."""

from __future__ import annotations

from enum import StrEnum
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Ordered(StrEnum):
    """An enumeration that compares by the order of its members, the first being the least.

    As text, `sent` would come after `delivered`. The exact text of a member compares like the
    member; any other text compares as text.
    """

    def __lt__(self, other: str) -> bool:
        """Return whether this comes before another member."""
        found: bool = self._compare(lt, other)
        return found

    def __le__(self, other: str) -> bool:
        """Return whether this is, or comes before, another member."""
        found: bool = self._compare(le, other)
        return found

    def __gt__(self, other: str) -> bool:
        """Return whether this comes after another member."""
        found: bool = self._compare(gt, other)
        return found

    def __ge__(self, other: str) -> bool:
        """Return whether this is, or comes after, another member."""
        found: bool = self._compare(ge, other)
        return found

    def _compare(self, compare: Callable[[int, int], bool], other: str) -> Any:  # noqa: ANN401
        """Compare the places of two members; `NotImplemented` for anything that is no member."""
        order = [each.value for each in type(self)]
        if other not in order:
            return NotImplemented
        return compare(order.index(self.value), order.index(other))
