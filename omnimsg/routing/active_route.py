"""One route with its accounts: their order, its rate limit, and what it adds to a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.engine.policy import OnAmbiguous
from omnimsg.routing.conditions import all_of
from omnimsg.routing.rotation import rotation_of
from omnimsg.routing.route_limit import RouteLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.domain.message import Message
    from omnimsg.engine.account import AccountEngine
    from omnimsg.routing.conditions import Test
    from omnimsg.routing.route import Route


class ActiveRoute:
    """One route with its accounts.

    Args:
        definition: The configured route.
        tests: Its conditions other than prefixes, by name.
        accounts: Its accounts, in the order in which it names them.
        now: Reads the monotonic clock, seconds.
        name: Its name in plans and errors; empty for the messages that no route takes.
        error: Why it cannot be used, because it lacks accounts; `None` if it can.

    Attributes:
        definition: The configured route.
        test: Its conditions other than prefixes, combined; `None` if there are none.
        accounts: Its accounts.
        error: Why it cannot be used; `None` if it can.
        name: Its name in plans and errors; empty for the messages that no route takes.
        is_alone: Whether it has only one account, which then uses its own retries.
        resends: Whether a message that may have been sent goes on to the next account.
        limit: Its rate limit, for which messages may have to wait; `None` if it has none.
        is_in_order: Whether every message leaves without waiting, through the accounts in the order
            given.
        is_simple: Whether it also leaves unchanged.
    """

    def __init__(
        self,
        definition: Route,
        tests: Mapping[str, Test],
        accounts: tuple[AccountEngine, ...],
        *,
        now: Callable[[], float],
        name: str = "",
        error: str | None = None,
    ) -> None:
        self.definition: Route = definition
        self.test: Test | None = all_of([*tests.values()])
        self.accounts: tuple[AccountEngine, ...] = accounts
        self.error: str | None = error
        self.name: str = name
        self.is_alone: bool = len(accounts) == 1
        self.resends: bool = definition.on_ambiguous is OnAmbiguous.RESEND
        self._rotation = rotation_of(definition, accounts) if error is None else None
        rate = definition.limits.messages_per_second
        self.limit: RouteLimit | None = None if rate is None else RouteLimit(rate, now=now)
        self.is_in_order: bool = not (self.limit or self._rotation)
        changes = definition.sender is not None or definition.ttl is not None
        self.is_simple: bool = self.is_in_order and not changes

    def takes_prefix(self, start: str) -> bool:
        """Return whether it takes messages to numbers with these first digits."""
        prefixes = self.definition.match.prefixes
        return not prefixes or start.startswith(prefixes)

    def order(self) -> tuple[AccountEngine, ...]:
        """Return the accounts in the order for the next message."""
        return self.accounts if self._rotation is None else next(self._rotation)

    def prepare(self, message: Message) -> Message:
        """Return the message as it leaves: with the route's sender and ttl where it has none."""
        changes: dict[str, Any] = {}
        if message.sender is None and self.definition.sender is not None:
            changes["sender"] = self.definition.sender
        if message.ttl is None and self.definition.ttl is not None:
            changes["ttl"] = self.definition.ttl
        return attrs.evolve(message, **changes) if changes else message

    def wait(self) -> float:
        """Return the seconds until the limit of the route lets the next message pass."""
        return 0.0 if self.limit is None else self.limit.wait()
