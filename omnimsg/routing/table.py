"""The table of a client's routes, which finds the route that takes a message.

Testing every route would be slow for messages that none takes. So the routes that match the first
digits of a number are cached, and only the other conditions of these are tested.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Adapter
from omnimsg.domain.errors import ConfigError
from omnimsg.routing.conditions import tests_of
from omnimsg.routing.lane import RouteLane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.domain.channel import Channel
    from omnimsg.domain.message import Message
    from omnimsg.engine.account import AccountEngine
    from omnimsg.routing.route import Route

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
        lanes: The routes with their accounts; the last one takes all other messages.
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
        self.lanes: tuple[RouteLane, ...] = (
            *(_lane(number, route, accounts, unusable, now) for number, route in enumerate(routes)),
            RouteLane(None, {}, (default,), now=now),
        )
        self._width = max((len(p) for r in routes for p in r.match.prefixes), default=0)
        self._by_prefix: dict[str, tuple[RouteLane, ...]] = {}
        # A cache for plain texts without metadata, whose route depends on channel and number only.
        self._plain: dict[Channel | None, dict[str, RouteLane]] = defaultdict(dict)

    def match(self, message: Message) -> RouteLane:
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
        return self._find(message, to[: self._width] if to.__class__ is str else "")

    def _find(self, message: Message, start: str) -> RouteLane:
        """Find the route that takes a message to a number with these first digits."""
        try:
            lanes = self._by_prefix[start]
        except KeyError:
            if len(self._by_prefix) >= _MAX_REMEMBERED:
                self._by_prefix.clear()
            self._by_prefix[start] = lanes = tuple(
                each for each in self.lanes if each.takes_prefix(start)
            )
        for lane in lanes:
            test = lane.test
            if test is None or test(message):
                if lane.error is not None:
                    raise ConfigError(lane.error)
                return lane
        raise AssertionError("the last lane takes every message")

    def _remember(self, message: Message, start: str) -> RouteLane:
        """Find the route of a plain text, and cache it for all others with its first digits."""
        known = self._plain[message.channel]
        if len(known) >= _MAX_REMEMBERED:
            known.clear()
        known[start] = lane = self._find(message, start)
        return lane


def _lane(
    number: int,
    route: Route,
    accounts: Mapping[str, AccountEngine],
    unusable: Mapping[str, str],
    now: Callable[[], float],
) -> RouteLane:
    engines = tuple(accounts[name] for name in route.accounts if name in accounts)
    errors = [unusable[name] for name in route.accounts if name not in accounts]
    tests = tests_of(route.match, _channel_of(engines[0]) if engines else _own_channel)
    error = "\n".join(errors) or None
    return RouteLane(route, tests, engines, now=now, number=number, error=error)


def _channel_of(account: AccountEngine) -> Callable[[Message], Channel | None]:
    """Return the function that gives the channel of a message that names none."""
    adapter = account.adapter
    if type(adapter).channel_of is not Adapter.channel_of:
        return account.channel
    usual = adapter.account.channel or adapter.capabilities.default_channel
    return partial(_channel, usual, account)


def _channel(usual: Channel | None, account: AccountEngine, message: Message) -> Channel | None:
    to = message.to
    return usual if to.__class__ is str and to[0] == "+" else account.channel(message)


def _own_channel(message: Message) -> Channel | None:
    return message.channel
