"""What passes between an adapter and the engine."""

from __future__ import annotations

import attrs
import pytest

from omnimsg.adapter import Effect, Request


def test_a_request_with_another_body() -> None:
    """All but the body is the same, and neither request can be changed."""
    one = Request("POST", "/send", b"one", effect=Effect.SENDS, authenticated=True)

    other = one.carrying(b"other")

    assert attrs.evolve(one, body=b"other") == other
    assert b"one" == one.body
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        other.body = b"third"  # type: ignore[misc]
