"""What every test of what comes back holds: nothing blocks the loop, nothing personal is logged."""

from __future__ import annotations

from support.guards import discreet, no_leaks, unblocked

__all__ = ["discreet", "no_leaks", "unblocked"]
