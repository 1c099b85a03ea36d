"""Pin processes to CPU cores, so that the client and the sink do not share one."""

from __future__ import annotations

import os
from enum import Enum


class Role(Enum):
    """The role of a process; the value is the index of its core among those it may use."""

    SINK = 0
    CLIENT = -1


def pin_to_core(role: Role) -> bool:
    """Pin this process to its core, if the system allows; return whether it has another core."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[role.value]})
    return len(cores) > 1


def leave_core_of_parent() -> bool:
    """Pin this process to the sink's core if its parent, whose core it inherits, is pinned.

    Returns:
        Whether the parent is pinned to another core.
    """
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) > 1:
        return False
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    return pin_to_core(Role.SINK)
