"""Send messages through the accounts of their routes, one after another where that is allowed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

import attrs

from omnimsg.adapter import Verdict
from omnimsg.domain.message import Message, message_of_leg, no_message
from omnimsg.domain.outcome import Accepted, NotSent
from omnimsg.domain.reason import Reason
from omnimsg.engine.account import notify_account_listener
from omnimsg.engine.attempt import local_failures
from omnimsg.engine.attempt.finding import Finding
from omnimsg.engine.deadline import to_seconds
from omnimsg.engine.observers import OutcomeKnown, OutcomeUnclaimed
from omnimsg.engine.sending.local_outcomes import LocalOutcomes
from omnimsg.engine.sending.stream import StreamTarget, send_stream
from omnimsg.routing.failover_rules import may_move
from omnimsg.routing.plan import PassedOver, Plan, plan_of
from omnimsg.routing.route import Strategy
from omnimsg.routing.routed_message import RoutedMessage
from omnimsg.routing.stream import RoutedAdmission

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable

    from omnimsg.domain.channel import Channel
    from omnimsg.domain.message import Leg
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.account import AccountEngine
    from omnimsg.engine.health_and_preview import Preview
    from omnimsg.engine.observers import Observers
    from omnimsg.engine.sending.stream_interfaces import StreamLegs
    from omnimsg.routing.active_route import ActiveRoute
    from omnimsg.routing.route_limit import RouteLimit
    from omnimsg.routing.table import RouteTable

# Requests of all accounts that one stream keeps supplied, at most: this bounds its memory.
_MAX_SLOTS = 256


class Router:
    """Sends the messages that name no account; has the sending methods of an account.

    Args:
        table: The routes.
        now: Reads the monotonic clock, seconds.
        observers: Notified of last outcomes that no account has reported.
    """

    name: ClassVar[None] = None
    """Not one account, which would have a name."""

    def __init__(
        self, table: RouteTable, *, now: Callable[[], float], observers: Observers
    ) -> None:
        self._table = table
        self._match = table.match
        self._now = now
        self._observers = observers

    async def submit(self, message: Message, deadline: float) -> Outcome:
        """Send one message, and return its last outcome.

        Args:
            message: The message.
            deadline: Seconds until the caller gives up, for all accounts together.

        Raises:
            TypeError: It is no message.
            InvalidValue: The deadline is not a number.
            ConfigError: An account of its route cannot be used.
        """
        if message.__class__ is not Message:
            raise no_message(message)
        started = self._now()
        future = self.hand_over(message, deadline)
        if future is not None:
            notify_account_listener(future, self._match(message).accounts[0].name)
            return await self.fail_over(message, await future, started, deadline)
        return await self._send(self._match(message), message, deadline)

    def hand_over(self, message: Message, deadline: float) -> asyncio.Future[Outcome] | None:
        """Hand over one message to the first account of its route, if nothing else has to be done.

        Args:
            message: The message.
            deadline: Seconds until the caller gives up.

        Returns:
            The future of its outcome there; the caller passes a failure to `fail_over`. `None` if
            nothing was done: the message has to wait or be changed, or that account is not well.
        """
        route = self._match(message)
        if not route.is_simple:
            return None
        first = route.accounts[0]
        if route.is_alone:
            return first.hand_over(message, deadline)
        return first.hand_over(message, deadline, may_move) if first.is_well else None

    async def fail_over(
        self, message: Message, outcome: Outcome, since: float, deadline: float
    ) -> Outcome:
        """Return the last outcome of a message from `hand_over`; try other accounts if needed.

        Args:
            message: The message.
            outcome: Its outcome at the first account.
            since: When it was handed over, monotonic seconds.
            deadline: Seconds from then on until the caller gives up.
        """
        route = self._match(message)
        if route.is_alone or outcome.__class__ is Accepted:
            return outcome
        routed = RoutedMessage(message, route, route.accounts, since)
        if not routed.note(route.accounts[0], outcome):
            return outcome
        return await self._fail_over(routed, to_seconds(deadline))

    async def _send(self, route: ActiveRoute, message: Message, deadline: float) -> Outcome:
        """Send a message that its route may change or delay, or whose first account is unwell."""
        routed = RoutedMessage(route.prepare(message), route, route.order(), self._now())
        message, left = routed.message, deadline
        if route.limit is not None:
            deadline = to_seconds(deadline)
            refusal = await self._wait_for(route.limit, routed, deadline)
            if refusal is not None:
                return self._notify_last(message, refusal)
            waited = self._now() - routed.started
            message, left = routed.left(waited), deadline - waited
        first = routed.order[0]
        if route.is_alone or first.held_back(routed.message) is None:
            outcome = await first.submit(message, left, None if route.is_alone else may_move)
            if not routed.note(first, outcome):
                return outcome
        return await self._fail_over(routed, to_seconds(deadline))

    async def _wait_for(
        self, limit: RouteLimit, routed: RoutedMessage, deadline: float
    ) -> Outcome | None:
        """Wait until the limit of a route lets a message pass; return its outcome if it ends."""
        message, route = routed.message, routed.route
        if (wait := limit.wait()) >= deadline:
            return _limited(route, message, wait)
        try:
            await limit.turn()
        except asyncio.CancelledError:
            self._end_unclaimed(route, message)
            raise
        local = LocalOutcomes(route.accounts[0].name)
        if limit.is_closed:
            return local.client_closed(message)
        waited = self._now() - routed.started
        return local.ttl_exceeded(message) if routed.has_outlived_ttl(waited) else None

    def stream(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        deadline: float,
        *,
        legs: StreamLegs | None = None,
    ) -> AsyncGenerator[Outcome, None]:
        """Send a stream of messages; see `send_stream`."""
        accounts = {each for route in self._table.routes for each in route.accounts}
        capacities = [each.capacity for each in accounts]
        admission = RoutedAdmission(self._table, now=self._now)
        target = StreamTarget(
            account="the routes",
            admission=admission,
            withdraw=admission.withdraw,
            observers=self._observers,
            batch_limit=max(most for most, _ in capacities),
            slots=min(_MAX_SLOTS, sum(slots for _, slots in capacities)),
        )
        return send_stream(lambda: target, messages, deadline=deadline, legs=legs)

    def refusal(self, message: Message) -> NotSent | None:
        """Return the outcome of a message that no account of its route can send; `None` if one can.

        Raises:
            ConfigError: An account of its route cannot be used.
        """
        route = self._match(message)
        message = route.prepare(message)
        refusals = [each.refusal(message) for each in route.accounts]
        return None if None in refusals else refusals[0]

    def carried(self, message: Message) -> Message | None:
        """Return a message for providers that run its fallback legs; `None` if omnimsg runs them.

        Each leg has the sender and the ttl of its own route. Only omnimsg can send a leg to other
        accounts, let it wait for a limit, or choose an account for it.

        Raises:
            ConfigError: An account of a route cannot be used.
        """
        route = self._match(message)
        if not all(each.carries_legs(message) for each in route.accounts):
            return None
        legs: list[Leg] = []
        for leg in message.fallback:
            if leg.account is not None:
                legs.append(leg)  # it takes no route
                continue
            sent = message_of_leg(message, leg)
            own = self._match(sent)
            if own is not route and not (own.is_in_order and own.accounts == route.accounts):
                return None
            sent = own.prepare(sent)
            legs.append(attrs.evolve(leg, sender=sent.sender, ttl=sent.ttl))
        return attrs.evolve(message, fallback=legs)

    def prepare(self, message: Message) -> Message:
        """Return a message as it leaves: with the sender and the ttl of its route.

        Raises:
            ConfigError: An account of its route cannot be used.
        """
        return self._match(message).prepare(message)

    def channel(self, message: Message) -> Channel | None:
        """Return the channel that a message travels on at the first account of its route."""
        return self._match(message).accounts[0].channel(message)

    def resends(self, message: Message) -> bool:
        """Return whether a message that may have been sent may be sent once more.

        Raises:
            ConfigError: An account of its route cannot be used.
        """
        return self._match(message).resends

    def preview(self, message: Message) -> Preview:
        """Return what would become of a message now, at the account that would get it."""
        route, _, account, message = self._choose(message)
        found = account.preview(message)
        return attrs.evolve(found, wait=max(found.wait, route.wait()))

    def plan(self, message: Message) -> Plan:
        """Return what would become of a message now, and why; nothing is sent or counted.

        Raises:
            TypeError: It is no message.
            ConfigError: An account of its route cannot be used.
        """
        route, passed_over, account, message = self._choose(message)
        definition, names = route.definition, [each.name for each in route.accounts]
        if not route.name:
            why = "no route takes the message, so it goes through the default account"
        else:
            met = ", ".join(definition.match.given) or "everything"
            why = f"{route.name!r} is the first route that takes it (by {met})"
            if definition.strategy is not Strategy.FAILOVER:
                why += f"; {definition.strategy.value.replace('_', ' ')} among {', '.join(names)}"
        reasons = {
            "route": route.name or None,
            "why": why,
            "passed_over": passed_over,
            "next": tuple(names[names.index(account.name) + 1 :]),
        }
        found = plan_of(account, message, **reasons)
        return attrs.evolve(found, wait=max(found.wait, route.wait()))

    def _choose(
        self, message: Message
    ) -> tuple[ActiveRoute, tuple[PassedOver, ...], AccountEngine, Message]:
        """Find the account that would get a message, without advancing rotation or rate limit."""
        if message.__class__ is not Message:
            raise no_message(message)
        route = self._match(message)
        message = route.prepare(message)
        passed_over: list[PassedOver] = []
        for account in route.accounts:
            outcome = account.refusal(message) or account.held_back(message)
            if outcome is None:
                return route, tuple(passed_over), account, message
            passed_over.append(PassedOver(account=account.name, outcome=outcome))
        return route, (), route.accounts[0], message

    async def _fail_over(self, routed: RoutedMessage, seconds: float) -> Outcome:
        """Try the other accounts, until one accepts the message or none may be tried any more."""
        while True:
            waited = self._now() - routed.started
            step = routed.next(waited) if waited < seconds else None
            if step is None:
                return self._notify_last(routed.message, routed.conclusion())
            account, is_last = step
            message, left = routed.left(waited), seconds - waited
            outcome = await account.submit(message, left, None if is_last else may_move)
            if not routed.note(account, outcome):
                return routed.conclusion()

    def _end_unclaimed(self, route: ActiveRoute, message: Message) -> None:
        """Notify the observers of a message whose caller is cancelled before an account gets it."""
        account = route.accounts[0].name
        cancelled = local_failures.cancelled().outcome(message.reference, account)
        outcome = self._notify_last(message, cancelled)
        notify = self._observers.outcome_unclaimed
        if notify is not None:
            notify(OutcomeUnclaimed(account=account, message=message, outcome=outcome))

    def _notify_last(self, message: Message, outcome: Outcome) -> Outcome:
        """Notify the observers of a last outcome that no account has reported as the last."""
        notify = self._observers.outcome_known
        if notify is not None:
            notify(OutcomeKnown(outcome.account, (message,), (outcome,)))
        return outcome


def _limited(route: ActiveRoute, message: Message, wait: float) -> Outcome:
    """Build the outcome of a message that would wait for its route's limit past its deadline."""
    detail = f"the limit of the route {route.name!r} lets it leave in {wait:.1f} s"
    limited = Finding.of(Verdict.NOT_SENT, Reason.RATE_LIMITED, detail, retry_after=wait)
    return limited.outcome(message.reference, route.accounts[0].name)
