"""Fixtures of all tests of the synchronous client: no blocked loop, no private data logged."""

from __future__ import annotations

from support.guards import discreet, unblocked

__all__ = ["discreet", "unblocked"]
