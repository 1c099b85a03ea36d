"""Fixtures of all tests of idempotency: no blocked event loop, no private data logged."""

from __future__ import annotations

from support.guards import discreet, no_leaks, unblocked

__all__ = ["discreet", "no_leaks", "unblocked"]
