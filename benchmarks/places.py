"""Who runs on which core: the client and the sink never on the same, where there are two."""

from __future__ import annotations

import os
from enum import Enum


class Place(Enum):
    """The part a process plays; the value picks one of the cores it may use."""

    SINK = 0
    CLIENT = -1


def take(place: Place) -> bool:
    """Pin this process to its core, where that can be done, and tell whether there is another."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[place.value]})
    return len(cores) > 1
