"""The state of one message while the accounts of its route are tried."""

from __future__ import annotations

import math

import attrs

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, Outcome
from omnimsg.domain.ttl import counted_seconds, has_outlived_ttl
from omnimsg.engine.account import AccountEngine
from omnimsg.engine.attempt import local_failures
from omnimsg.routing.active_route import ActiveRoute
from omnimsg.routing.failover_rules import is_doubt, may_come_back, may_move


@attrs.define(eq=False)
class RoutedMessage:
    """One message, and its outcomes at the accounts tried so far. Most end at the first account.

    Each account is tried once, and its failure comes back without retries. If none has accepted the
    message, the one that may do so soonest is tried again, with the retries of its own policy.

    Attributes:
        message: The message, as it leaves.
        route: Its route.
        order: The accounts, in the order for this message.
        started: When it was handed over, monotonic seconds.
        position: Index in the input of `send_many`.
    """

    message: Message
    route: ActiveRoute
    order: tuple[AccountEngine, ...]
    started: float
    position: int = 0
    # The outcomes by account, in order.
    _history: list[_AccountOutcome] = attrs.field(factory=list, init=False)
    _is_last: bool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Let the only account of a route use its own retries."""
        self._is_last = self.route.is_alone

    def note(self, account: AccountEngine, outcome: Outcome) -> bool:
        """Record the outcome at an account, and return whether another account may be tried."""
        self._add(account, outcome)
        if self._is_last or isinstance(outcome, Accepted):
            return False
        return may_move(outcome) or (self.route.resends and is_doubt(outcome))

    def next(self, waited: float) -> tuple[AccountEngine, bool] | None:
        """Return the account to try next, and whether it is the last one, with its own retries.

        Args:
            waited: Seconds since the message was handed over.

        Returns:
            `None` if no account may be tried any more.
        """
        message = self.message
        tried = {each.account: each.outcome for each in self._history}
        held_back: dict[AccountEngine, Outcome] = {}
        if self.has_outlived_ttl(waited):
            return None
        for account in self.order:
            if account in tried:
                continue
            refusal = account.refusal(message)
            if refusal is not None:
                self._add(account, refusal, was_asked=False)
                continue
            held = account.held_back(message)
            if held is None:
                return account, False
            held_back[account] = held
        self._is_last = True
        candidates = {**tried, **held_back}
        pauses = {
            each: outcome.retry_after or 0.0
            for each in self.order
            if may_come_back(outcome := candidates.get(each))
        }
        if pauses:
            return min(pauses, key=pauses.__getitem__), True
        for account, trouble in held_back.items():
            self._add(account, trouble, was_asked=False)
        return None

    def left(self, waited: float) -> Message:
        """Return the message with its remaining ttl."""
        ttl = self.message.ttl
        if ttl is None:
            return self.message
        counted = counted_seconds(self.message.send_at, waited, self.order[0].utc_now)
        return attrs.evolve(self.message, ttl=max(1, math.ceil(ttl - max(0.0, counted))))

    def has_outlived_ttl(self, waited: float) -> bool:
        """Return whether its ttl has passed, `waited` seconds after it was handed over."""
        return has_outlived_ttl(self.message, waited, self.order[0].utc_now)

    def conclusion(self) -> Outcome:
        """Return the message's last outcome, with the others in its `earlier`.

        It is that of the account that was tried last. Only an acceptance replaces a doubt: a later
        refusal proves nothing about it.
        """
        history = self._history
        if not history:
            # The first account was not well, and no time was left to ask another one.
            late = local_failures.deadline_exceeded(_NO_TIME)
            return late.outcome(self.message.reference, self.order[0].name)
        asked = [each.outcome for each in history if each.was_asked]
        last = asked[-1] if asked else history[-1].outcome
        if not isinstance(last, Accepted):
            last = next((each for each in asked if isinstance(each, Ambiguous)), last)
        earlier = tuple(each.outcome for each in history if each.outcome is not last)
        return attrs.evolve(last, earlier=earlier) if earlier else last

    def _add(self, account: AccountEngine, outcome: Outcome, *, was_asked: bool = True) -> None:
        self._history.append(_AccountOutcome(account, outcome, was_asked))


_NO_TIME = "the deadline passed before a healthy account could be tried"


@attrs.frozen
class _AccountOutcome:
    """The outcome of a message at one account.

    Attributes:
        account: The account.
        outcome: The outcome.
        was_asked: Whether the message was handed to the account; else it was passed over.
    """

    account: AccountEngine
    outcome: Outcome
    was_asked: bool
