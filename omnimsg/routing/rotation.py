"""The order in which each message tries the accounts of a route."""

from __future__ import annotations

from itertools import cycle
from math import gcd
from typing import TYPE_CHECKING, TypeVar

from omnimsg.routing.route import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omnimsg.routing.route import Route

T = TypeVar("T")


def rotation_of(route: Route, accounts: Sequence[T]) -> Iterator[tuple[T, ...]] | None:
    """Return an endless iterator over the orders of the accounts, one for each message.

    Args:
        route: The route.
        accounts: Its accounts, in the order in which it names them.

    Returns:
        The orders; `None` if every message has the order given.
    """
    if route.strategy is Strategy.FAILOVER or len(accounts) == 1:
        return None
    if route.strategy is Strategy.ROUND_ROBIN:
        return cycle([(*accounts[i:], *accounts[:i]) for i in range(len(accounts))])
    orders = [(each, *(o for o in accounts if o is not each)) for each in accounts]
    return cycle([orders[i] for i in spread([route.weights[name] for name in route.accounts])])


def spread(weights: Sequence[int]) -> list[int]:
    """Return the indexes of weights, each as often as its weight says, and evenly spread.

    Drawing at random would give the same shares in the long run, and a burst to one account now
    and then.
    """
    divisor = gcd(*weights)
    steps = [weight // divisor for weight in weights]
    total, credit = sum(steps), [0] * len(steps)
    order = []
    for _ in range(total):
        credit = [have + step for have, step in zip(credit, steps, strict=True)]
        highest = max(range(len(steps)), key=credit.__getitem__)
        credit[highest] -= total
        order.append(highest)
    return order
