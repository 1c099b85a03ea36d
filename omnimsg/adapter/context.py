"""The little that a flow may know of the moment it runs in."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import attrs

from omnimsg.domain.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.message import Message


class _Draft(Draft):
    """What becomes a `Context`; the rest of it is in `__dict__` from when it is known."""

    __slots__ = ("__dict__", "account", "callback_token", "clock", "waiting")


@attrs.frozen(kw_only=True, slots=False)
class Context(_Draft):
    """The account's name, the time, and what the engine knows of the call. Nothing else is outside.

    Attributes:
        account: The account's name, which outcomes and stored media carry.
        now: The time, with its offset. The same however often a flow asks.
        waited: Seconds since the caller handed the messages over: queueing, limits and earlier
            attempts eat into a message's ttl. The same however often a flow asks.
        callback_token: What a provider without references gives back in its reports, where
            callbacks are set up.
    """

    __slots__ = ()
    if not TYPE_CHECKING:
        __init__ = object.__init__  # `__new__` has done it

    account: str
    now: datetime
    waited: float = 0.0
    callback_token: str | None = None

    def __new__(
        cls,
        *,
        account: str,
        now: datetime,
        waited: float = 0.0,
        callback_token: str | None = None,
    ) -> Self:
        """Fill in a draft."""
        draft: Any = _Draft()
        draft.account = account
        draft.callback_token = callback_token
        draft.__dict__ = {"now": now, "waited": waited}
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it has become one

    @staticmethod
    def lazily(
        account: str, clock: Callable[[], datetime], waiting: Callable[[], float]
    ) -> Context:
        """Build one that looks at the clocks when a flow first asks: few flows ever do.

        Args:
            account: The account's name.
            clock: Tells `now`.
            waiting: Tells `waited`.
        """
        draft: Any = _Draft()
        draft.account = account
        draft.callback_token = None
        draft.clock = clock
        draft.waiting = waiting
        draft.__class__ = Context
        return draft  # type: ignore[no-any-return]  # it has become one

    def ttl(self, message: Message) -> int | None:
        """Return the whole seconds that a message is still of use; `None` where it has no ttl.

        Counted from the call, or from `send_at` where there is one. At least 1: a message that is
        too late never gets as far as a flow.
        """
        if message.ttl is None or message.send_at is not None:
            return message.ttl
        return max(1, math.ceil(message.ttl - self.waited))

    def ttl_minutes(self, message: Message) -> int | None:
        """Return `ttl` in whole minutes, rounded up, for providers that count so."""
        ttl = self.ttl(message)
        return None if ttl is None else math.ceil(ttl / 60)


class _Lazy:
    """A field that is asked for once, and from then on is what it was."""

    def __init__(self, name: str, clock: str) -> None:
        self._name = name
        self._clock = clock

    def __get__(self, context: Context | None, _: type[Context]) -> object:
        if context is None:
            return self
        value = context.__dict__[self._name] = getattr(context, self._clock)()
        return value


Context.now = _Lazy("now", "clock")  # type: ignore[assignment]  # reads as what it gives
Context.waited = _Lazy("waited", "waiting")  # type: ignore[assignment]
