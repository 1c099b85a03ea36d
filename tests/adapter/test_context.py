"""The moment a flow runs in."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from itertools import count

import attrs
import pytest

from omnimsg.adapter import Context

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_the_clocks_are_looked_at_when_a_flow_asks_and_once() -> None:
    """Whoever asks twice hears the same; whoever does not ask has no clock read."""
    days, seconds = count(), count(5)
    context = Context.lazily("a", lambda: NOW + timedelta(days=next(days)), lambda: next(seconds))

    assert (NOW, NOW, 5.0, 5.0) == (context.now, context.now, context.waited, context.waited)
    assert (1, 6) == (next(days), next(seconds))


def test_a_lazy_context_is_as_good_as_any() -> None:
    """It has the same fields, is equal to one that was told them, and copies as one."""
    context = Context.lazily("a", lambda: NOW, lambda: 5.0)
    told = Context(account="a", now=NOW, waited=5.0)

    assert told == context
    assert hash(told) == hash(context)
    assert repr(told) == repr(context)
    for other in (
        attrs.evolve(context),
        copy.copy(context),
        pickle.loads(pickle.dumps(context)),  # noqa: S301
    ):
        assert told == other


@pytest.mark.parametrize("field", ["account", "now", "waited", "callback_token"])
@pytest.mark.parametrize(
    "context",
    [Context(account="a", now=NOW), Context.lazily("a", lambda: NOW, lambda: 5.0)],
)
def test_a_context_cannot_be_changed(context: Context, field: str) -> None:
    """Built either way, it is frozen."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(context, field, None)
