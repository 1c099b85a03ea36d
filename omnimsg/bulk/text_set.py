"""A compact set of texts: at most 24 bytes for each, where a Python set takes about 150."""

from __future__ import annotations

from array import array

_INITIAL_SLOTS = 1024
_HASH_MASK = (1 << 64) - 1


class TextSet:
    """A set of texts that can only grow; `add` tells whether a text is new.

    It stores a 64-bit hash of each text in an open-addressing hash table. The probability that any
    two of a million texts share a hash is one in thirty million. A message is then reported as a
    duplicate; none is sent twice.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _INITIAL_SLOTS))
        self._used = 0

    def __sizeof__(self) -> int:
        """Return the size of the table in bytes."""
        return object.__sizeof__(self) + self._slots.itemsize * len(self._slots)

    def __contains__(self, text: str) -> bool:
        """Return whether a text was added."""
        return bool(self._slots[self._find_slot(_key_of(text))])

    def add(self, text: str) -> bool:
        """Add a text; return whether it was new."""
        key = _key_of(text)
        slot = self._find_slot(key)
        if self._slots[slot]:
            return False
        self._slots[slot] = key
        self._used += 1
        if self._used * 3 > len(self._slots) * 2:
            self._grow()
        return True

    def _find_slot(self, key: int) -> int:
        """Return the index of the slot that holds a key, or of the empty slot to put it in."""
        slots, mask = self._slots, len(self._slots) - 1
        slot = key & mask
        while slots[slot] and slots[slot] != key:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        for key in old:
            if key:
                self._slots[self._find_slot(key)] = key


def _key_of(text: str) -> int:
    # Not 0, which marks an empty slot.
    return hash(text) & _HASH_MASK or 1
