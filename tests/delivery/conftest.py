"""Fixtures for all tests of this folder: nothing blocks, no task is left, no secret is logged."""

from __future__ import annotations

from support.guards import discreet, no_leaks, unblocked

__all__ = ["discreet", "no_leaks", "unblocked"]
