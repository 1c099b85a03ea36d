"""`Context`: its fields are frozen, and waiting shortens a message's ttl."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from omnimsg.adapter import Context
from omnimsg.domain.message import Message

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("field", ["account", "now", "waited", "report_url"])
def test_a_context_cannot_be_changed(field: str) -> None:
    """The fields of a context cannot be assigned."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(Context(account="a", now=NOW), field, None)


@pytest.mark.parametrize(
    ("fields", "waited", "expected"),
    [
        ({}, 5.0, (None, None)),
        ({"ttl": 90}, 0.0, (90, 2)),
        ({"ttl": 90}, 30.5, (60, 1)),
        ({"ttl": 90}, 95.0, (1, 1)),
        ({"ttl": 90, "send_at": NOW}, 95.0, (90, 2)),
        ({"ttl": 90, "send_at": NOW + timedelta(seconds=50)}, 95.0, (90, 2)),
        ({"ttl": 90, "send_at": NOW - timedelta(seconds=50)}, 95.0, (40, 1)),
        ({"ttl": 90, "send_at": NOW - timedelta(seconds=50)}, 30.5, (60, 1)),
    ],
)
def test_what_is_left_of_a_ttl(
    fields: dict[str, Any], waited: float, expected: tuple[int | None, int | None]
) -> None:
    """Waiting shortens the ttl to 1 at least; with `send_at`, only waiting after then."""
    context = Context(account="a", now=NOW, waited=waited)
    message = Message("+37255500001", "Hello", **fields)

    assert expected == (context.ttl(message), context.ttl_minutes(message))
