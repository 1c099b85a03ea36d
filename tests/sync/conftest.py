"""What every test of the synchronous client holds: no event loop is blocked, nothing is logged."""

from __future__ import annotations

from support.guards import discreet, unblocked

__all__ = ["discreet", "unblocked"]
