"""One route at work: its accounts, their order for the next message, what it adds to a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.engine.policy import OnAmbiguous
from omnimsg.routing.conditions import all_of
from omnimsg.routing.rotation import rotation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.domain.message import Message
    from omnimsg.engine.account import AccountEngine
    from omnimsg.routing.conditions import Test
    from omnimsg.routing.route import Route


class RouteLane:
    """One route with its accounts.

    Args:
        route: The route; `None` for the messages that no route takes.
        tests: Its conditions other than prefixes, by name.
        accounts: Its accounts, in the order in which it names them.
        now: Reads the monotonic clock, seconds.
        number: Its index among the routes.
        error: Why it cannot be used, where it cannot.

    Attributes:
        route: The route.
        test: All of them in one; `None` where there are none.
        accounts: Its accounts.
        error: Why it cannot be used.
        name: What plans and errors call it; empty where no route is meant.
        is_alone: Whether there is one account only, which then retries as it is used to.
        resends: Whether a message that may have been sent goes on to the next account.
        changes: Whether it adds a sender or a ttl.
        is_limited: Whether messages may have to wait.
        is_simple: Whether every message leaves as it came, in the order given and at once.
    """

    def __init__(
        self,
        route: Route | None,
        tests: Mapping[str, Test],
        accounts: tuple[AccountEngine, ...],
        *,
        now: Callable[[], float],
        number: int = -1,
        error: str | None = None,
    ) -> None:
        self.route: Route | None = route
        self.test: Test | None = all_of([*tests.values()])
        self.accounts: tuple[AccountEngine, ...] = accounts
        self.error: str | None = error
        self.name: str = "" if route is None else route.name or f"routes[{number}]"
        self.is_alone: bool = len(accounts) == 1
        self.resends: bool = route is not None and route.on_ambiguous is OnAmbiguous.RESEND
        self._sender = None if route is None else route.sender
        self._ttl = None if route is None else route.ttl
        self.changes: bool = self._sender is not None or self._ttl is not None
        self._rotation = None
        if route is not None and len(accounts) == len(route.accounts):
            self._rotation = rotation_of(route, accounts)
        rate = None if route is None else route.limits.messages_per_second
        self.is_limited: bool = rate is not None
        self.is_simple: bool = not (self.changes or self.is_limited or self._rotation)
        self._interval = 0.0 if rate is None else 1 / rate
        self._due = 0.0
        self._now = now

    def takes_prefix(self, start: str) -> bool:
        """Return whether it takes messages to numbers with these first digits."""
        prefixes = () if self.route is None else self.route.match.prefixes
        return not prefixes or start.startswith(prefixes)

    def order(self) -> tuple[AccountEngine, ...]:
        """Return the accounts in the order for the next message."""
        return self.accounts if self._rotation is None else next(self._rotation)

    def prepare(self, message: Message) -> Message:
        """Return the message as it leaves: with the route's sender and ttl where it has none."""
        changes: dict[str, Any] = {}
        if self._sender is not None and message.sender is None:
            changes["sender"] = self._sender
        if self._ttl is not None and message.ttl is None:
            changes["ttl"] = self._ttl
        return attrs.evolve(message, **changes) if changes else message

    def wait(self) -> float:
        """Return the seconds until the limit of the route lets the next message pass."""
        return max(0.0, self._due - self._now()) if self.is_limited else 0.0

    def take_turn(self) -> float:
        """Count a message, and return the seconds that it must wait for its turn."""
        now = self._now()
        wait = max(0.0, self._due - now)
        self._due = max(self._due, now) + self._interval
        return wait
