"""Which references a file has used, in at most 24 bytes each; a set takes some 150."""

from __future__ import annotations

from array import array

_SMALLEST = 1024
_BITS = (1 << 64) - 1


class ReferenceSet:
    """A set of texts that only tells whether one is new.

    It keeps 64 bits of each. That two different ones of a million are taken for the same has the
    odds of one in thirty million, and then a message is reported, not sent twice.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _SMALLEST))
        self._used = 0

    def add(self, text: str) -> bool:
        """Add a text, and say whether it was new."""
        # Never 0, which is an empty slot.
        mark = hash(text) & _BITS or 1
        place = self._find(mark)
        if self._slots[place]:
            return False
        self._slots[place] = mark
        self._used += 1
        if self._used * 3 > len(self._slots) * 2:
            self._grow()
        return True

    def _find(self, mark: int) -> int:
        """Find the slot that holds a mark, or the empty one where it belongs."""
        slots, last = self._slots, len(self._slots) - 1
        place = mark & last
        while slots[place] and slots[place] != mark:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        for mark in old:
            if mark:
                self._slots[self._find(mark)] = mark
