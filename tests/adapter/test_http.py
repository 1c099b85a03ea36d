"""Requests, which an adapter builds and the engine sends."""

from __future__ import annotations

import attrs
import pytest

from omnimsg.adapter import Effect, Request


def test_a_request_with_another_body() -> None:
    """`carrying` returns a copy with another body, and a request is frozen."""
    request = Request("POST", "/send", b"one", effect=Effect.SENDS, authenticated=True)

    other = request.carrying(b"other")

    assert attrs.evolve(request, body=b"other") == other
    assert b"one" == request.body
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        other.body = b"third"  # type: ignore[misc]
