"""A stream of messages through the accounts of routes: each account builds its own batches.

The stream hands messages over in runs; a run is split by account, and each account gets its part in
one call. Messages that an account returns, and that may move, go to the next one, in runs too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from omnimsg.domain.errors import OperationError
from omnimsg.domain.message import Message, no_message
from omnimsg.domain.outcome import AllAccepted, NotSent, Outcome
from omnimsg.engine.account import AccountEngine
from omnimsg.engine.sending.local_outcomes import LocalOutcomes
from omnimsg.routing.failover_rules import may_move
from omnimsg.routing.routed_message import RoutedMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.sending.admission import StreamOwner
    from omnimsg.engine.sending.batch import FailsOver, Owner
    from omnimsg.routing.active_route import ActiveRoute
    from omnimsg.routing.route_limit import RouteLimit, Turn
    from omnimsg.routing.table import RouteTable

_First: TypeAlias = "tuple[Message, ActiveRoute, tuple[AccountEngine, ...], float, int]"
"""The arguments of a `RoutedMessage`, which few messages need."""


class RoutedAdmission:
    """Hands over the messages of one stream to the accounts of their routes.

    Args:
        table: The routes.
        now: Reads the monotonic clock, seconds.

    Attributes:
        timeout: Seconds that each message has from when it leaves the queue.
    """

    # Each part of the stream settles the budget of its messages with its own account.
    settle = None

    def __init__(self, table: RouteTable, *, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now
        # By class, account, and whether the account uses its own retries.
        self._parts: dict[tuple[type[_Part], AccountEngine, bool], Any] = {}
        # Messages that wait for the limit of their route, by the turn in which they leave.
        self._limited: dict[Turn, tuple[_FirstPart, _First]] = {}
        self.timeout: float = math.inf

    def read_stream(
        self, source: Iterator[Message], owner: StreamOwner, keys: Sequence[Any], timeout: float
    ) -> bool:
        """Hand over the next messages of a stream; see `Admission.read_stream`."""
        self.timeout = timeout
        match, started = self._table.match, self._now()
        # The fast path: routes that change nothing and whose first account is well, nearly all.
        simple: dict[ActiveRoute, _Run] = {}
        other: dict[_FirstPart, _Run] = {}
        held_back: list[RoutedMessage] = []
        count = 0
        try:
            for message in islice(source, len(keys)):
                if message.__class__ is not Message:
                    raise no_message(message, keys[count])
                route = match(message)
                run = simple.get(route)
                if (
                    run is None
                    and route.is_simple
                    and (route.is_alone or route.accounts[0].is_well)
                ):
                    part = self._part(_FirstPart, route.accounts[0], route.is_alone, owner)
                    run = simple[route] = _Run(part, route.accounts)
                if message.fallback:
                    first = owner.first_leg(message, keys[count])  # may raise: not counted yet
                    if not isinstance(first, Message):
                        owner.finish([keys[count]], [message], [first])
                        count += 1
                        continue
                    message = first  # noqa: PLW2901 - in its place
                position, count = keys[count], count + 1
                if run is not None:
                    run.messages.append(message)
                    run.keys.append((message, route, run.order, started, position))
                    continue
                self._take(message, route, position, started, owner, other, held_back)
        finally:
            for run in (*simple.values(), *other.values()):
                run.part.hand_over(run.messages, run.keys, timeout)
            self.move(held_back, owner, timeout)
            owner.count_read(count)
        return count == len(keys)

    def move(
        self, routed_messages: Sequence[RoutedMessage], owner: StreamOwner, left: float
    ) -> None:
        """Hand messages to their next accounts; conclude those that have none.

        Args:
            routed_messages: The messages.
            owner: The stream.
            left: Seconds until their deadlines.
        """
        chosen: dict[_Part, list[RoutedMessage]] = defaultdict(list)
        ended: list[RoutedMessage] = []
        now = self._now()
        for routed in routed_messages:
            part = self._next(routed, owner, now - routed.started) if left > 0 else None
            if part is None:
                ended.append(routed)
            else:
                chosen[part].append(routed)
        if ended:
            _finish(owner, ended)
        for part, moved in chosen.items():
            part.hand_over([each.left(now - each.started) for each in moved], moved, left)

    def withdraw(self, _: Owner) -> None:
        """End the messages of the stream that wait; those in flight come back by themselves."""
        waiting, self._limited = self._limited, {}
        for turn, (part, key) in waiting.items():
            turn.cancel()
            # Handed over, so that the account ends it with all others that wait there.
            part.hand_over([key[0]], [key], math.inf)
        for each in self._parts.values():
            each.withdraw()

    def _take(  # noqa: PLR0913, PLR0917 - a step of `read_stream`
        self,
        message: Message,
        route: ActiveRoute,
        position: int,
        started: float,
        owner: StreamOwner,
        runs: dict[_FirstPart, _Run],
        held_back: list[RoutedMessage],
    ) -> None:
        """Take a message whose route changes or delays it, or whose first account may be unwell."""
        message, order = route.prepare(message), route.order()
        part = self._part(_FirstPart, order[0], route.is_alone, owner)
        key = (message, route, order, started, position)
        limit = route.limit
        if limit is not None and (limit.is_closed or limit.wait() > 0):
            self._hand_over_later(limit, part, key)
            return
        if limit is not None:
            limit.take()
        if route.is_alone or order[0].held_back(message) is None:
            run = runs.setdefault(part, _Run(part, order))
            run.messages.append(message)
            run.keys.append(key)
        else:
            held_back.append(RoutedMessage(*key))

    def _hand_over_later(self, limit: RouteLimit, part: _FirstPart, key: _First) -> None:
        """Hand over a message when the limit of its route allows it, unless it ends before."""

        def hand_over() -> None:
            del self._limited[turn]
            routed = RoutedMessage(*key)
            waited = self._now() - routed.started
            local = LocalOutcomes(routed.order[0].name)
            if limit.is_closed:
                part.take([routed], [local.client_closed(routed.message)], None)
            elif routed.has_outlived_ttl(waited):
                part.take([routed], [local.ttl_exceeded(routed.message)], None)
            else:
                part.hand_over([routed.left(waited)], [key], self.timeout)

        turn = limit.call_in_turn(hand_over)
        self._limited[turn] = part, key

    def _part(self, kind: type[P], account: AccountEngine, is_last: bool, owner: StreamOwner) -> P:
        part: P | None = self._parts.get((kind, account, is_last))
        if part is None:
            part = self._parts[kind, account, is_last] = kind(self, account, owner, is_last=is_last)
        return part

    def _next(self, routed: RoutedMessage, owner: StreamOwner, waited: float) -> _Part | None:
        """Return the part of the next account; `None` if no account may be tried any more."""
        while (step := routed.next(waited)) is not None:
            account, is_last = step
            try:
                return self._part(_Part, account, is_last, owner)
            except OperationError as error:  # it is at work in another event loop
                reference, failure = routed.message.reference, error.failure
                refused = NotSent(reference=reference, account=account.name, failure=failure)
                if not routed.note(account, refused):
                    return None
        return None


@attrs.define(eq=False)
class _Run:
    """Messages of one run that go to one account."""

    part: _FirstPart
    order: tuple[AccountEngine, ...]
    messages: list[Message] = attrs.field(factory=list)
    keys: list[_First] = attrs.field(factory=list)


class _Part:
    """The part of a stream that goes through one account; it owns the stream's batches there.

    Its messages come from other accounts, and a key is the `RoutedMessage`; see `_FirstPart`.

    Args:
        admission: Moves messages on to other accounts.
        account: The account.
        owner: The stream.
        is_last: Whether no other account is left, so that this one uses its own retries.
    """

    def __init__(
        self,
        admission: RoutedAdmission,
        account: AccountEngine,
        owner: StreamOwner,
        *,
        is_last: bool,
    ) -> None:
        self._admission = admission
        self._owner = owner
        self._account = account
        # Here, before a message is counted as read: it raises if the account is in use elsewhere.
        self._target = account.stream_target()
        self._settle = self._target.admission.settle
        self.fails_over: FailsOver | None = None if is_last else may_move

    @property
    def may_abandon(self) -> bool:
        return self._owner.may_abandon

    def abandoned(self, keys: Sequence[Any]) -> Sequence[int]:
        return range(len(keys)) if self._owner.may_abandon else ()

    def first_leg(self, message: Message, _: object) -> Message:
        """Return the message itself: the stream has already chosen its first leg."""
        return message

    def count_read(self, count: int) -> None:
        """Do nothing: the stream has counted the message when it was read."""

    def hand_over(self, messages: Sequence[Message], keys: Sequence[Any], timeout: float) -> None:
        """Hand messages to the account; the timeout of each begins when it leaves the queue."""
        self._target.admission.read_stream(iter(messages), self, keys, timeout)

    def withdraw(self) -> None:
        """End the messages that wait at the account; those in flight come back by themselves."""
        self._target.withdraw(self)

    def finish(
        self,
        keys: Sequence[Any],
        messages: Sequence[Message],
        outcomes: Sequence[Outcome],
        deadline: Deadline | None = None,
    ) -> None:
        if self._settle is not None:
            self._settle(messages, outcomes)
        self.take(keys, outcomes, deadline)

    def take(
        self,
        routed_messages: Sequence[RoutedMessage],
        outcomes: Sequence[Outcome],
        deadline: Deadline | None,
    ) -> None:
        """Pass outcomes on to the stream, and messages that may move to the next account."""
        # Once the stream was left, messages that come back are not handed to another account.
        is_left = self._owner.may_abandon
        moving: list[RoutedMessage] = []
        ended: list[RoutedMessage] = []
        for routed, outcome in zip(routed_messages, outcomes, strict=True):
            moves = routed.note(self._account, outcome) and not is_left
            (moving if moves else ended).append(routed)
        if ended:
            _finish(self._owner, ended)
        if moving:
            left = math.inf if deadline is None else deadline.remaining()
            self._admission.move(moving, self._owner, min(left, self._admission.timeout))


class _FirstPart(_Part):
    """Messages that were at no other account; a key is the arguments of a `RoutedMessage`."""

    def finish(
        self,
        keys: Sequence[_First],
        messages: Sequence[Message],
        outcomes: Sequence[Outcome],
        deadline: Deadline | None = None,
    ) -> None:
        if outcomes.__class__ is not AllAccepted:
            super().finish([RoutedMessage(*key) for key in keys], messages, outcomes, deadline)
            return
        if self._settle is not None:
            self._settle(messages, outcomes)
        self._owner.finish([key[-1] for key in keys], messages, outcomes)


P = TypeVar("P", bound=_Part)


def _finish(owner: Owner, ended: Sequence[RoutedMessage]) -> None:
    """Pass the last outcomes of messages to the owner."""
    owner.finish(
        [each.position for each in ended],
        [each.message for each in ended],
        [each.conclusion() for each in ended],
    )
