"""The table of a client's routes, which finds the route that takes a message.

Testing every route would be slow for messages that none takes. So the routes that match the first
digits of a number are cached, and only the other conditions of these are tested.
"""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from omnimsg.domain.errors import ConfigError
from omnimsg.routing.active_route import ActiveRoute
from omnimsg.routing.conditions import tests_of
from omnimsg.routing.route import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.domain.channel import Channel
    from omnimsg.domain.message import Message
    from omnimsg.engine.account import AccountEngine

# First digits whose routes are cached, at most: about as many as there are countries and networks.
_MAX_REMEMBERED = 20_000


class RouteTable:
    """The routes of a client, in order.

    Args:
        routes: The routes.
        accounts: The accounts that can be used, by name.
        unusable: The errors for using the other accounts, by account name.
        default: The account of messages that no route takes.
        now: Reads the monotonic clock, seconds.

    Attributes:
        routes: The routes with their accounts; the last one takes all other messages.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        accounts: Mapping[str, AccountEngine],
        *,
        unusable: Mapping[str, str],
        default: AccountEngine,
        now: Callable[[], float],
    ) -> None:
        self.routes: tuple[ActiveRoute, ...] = (
            *(
                _active_route(number, route, accounts, unusable, now)
                for number, route in enumerate(routes)
            ),
            ActiveRoute(Route(accounts=(default.name,)), {}, (default,), now=now),
        )
        self._width = max((len(p) for r in routes for p in r.match.prefixes), default=0)
        self._by_prefix: dict[str, tuple[ActiveRoute, ...]] = {}
        # A cache for plain texts without metadata, whose route depends on channel and number only.
        self._plain: dict[Channel | None, dict[str, ActiveRoute]] = defaultdict(dict)

    def match(self, message: Message) -> ActiveRoute:
        """Return the route that takes a message.

        Raises:
            ConfigError: An account of that route cannot be used.
        """
        to: Any = message.to
        if message.is_plain_text and not message.metadata:
            start = to[: self._width]
            try:
                return self._plain[message.channel][start]
            except KeyError:
                return self._remember(message, start)
        # An e-mail address may begin with a plus and digits, and still has no prefix.
        is_number = to.__class__ is str and "@" not in to
        return self._find(message, to[: self._width] if is_number else "")

    def close_limits(self) -> None:
        """Let no message that waits for the limit of its route leave any more."""
        for route in self.routes:
            if route.limit is not None:
                route.limit.close()

    def _find(self, message: Message, start: str) -> ActiveRoute:
        """Find the route that takes a message to a number with these first digits."""
        try:
            routes = self._by_prefix[start]
        except KeyError:
            if len(self._by_prefix) >= _MAX_REMEMBERED:
                self._by_prefix.clear()
            self._by_prefix[start] = routes = tuple(
                each for each in self.routes if each.takes_prefix(start)
            )
        for route in routes:
            test = route.test
            if test is None or test(message):
                if route.error is not None:
                    raise ConfigError(route.error)
                return route
        raise AssertionError("the last route takes every message")

    def _remember(self, message: Message, start: str) -> ActiveRoute:
        """Find the route of a plain text, and cache it for all others with its first digits."""
        known = self._plain[message.channel]
        if len(known) >= _MAX_REMEMBERED:
            known.clear()
        known[start] = route = self._find(message, start)
        return route


def _active_route(
    number: int,
    route: Route,
    accounts: Mapping[str, AccountEngine],
    unusable: Mapping[str, str],
    now: Callable[[], float],
) -> ActiveRoute:
    engines = tuple(accounts[name] for name in route.accounts if name in accounts)
    errors = [unusable[name] for name in route.accounts if name not in accounts]
    tests = tests_of(route.match, engines[0].channel if engines else attrgetter("channel"))
    name, error = route.name or f"routes[{number}]", "\n".join(errors) or None
    return ActiveRoute(route, tests, engines, now=now, name=name, error=error)
