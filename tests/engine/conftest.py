"""Fixtures of all engine tests: no blocked event loop, no private data logged, no task left."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import support.servers
from support.guards import discreet, no_leaks, unblocked

__all__ = ["certificate", "discreet", "no_leaks", "unblocked"]


@pytest.fixture
def certificate() -> ssl.SSLContext:
    """Load an untrusted certificate made for these tests."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Path(support.servers.__file__).with_name("nobody.pem"))
    return context
