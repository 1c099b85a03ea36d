"""The parts of one account that all its event loops share."""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg.adapter import Adapter
from omnimsg.engine.attempt.consent_queue import ConsentQueue
from omnimsg.engine.clock import Clock
from omnimsg.engine.journal import Journal
from omnimsg.engine.limits.answer_times import AnswerTimes
from omnimsg.engine.limits.circuit_breaker import CircuitBreakers
from omnimsg.engine.limits.rate_limiter import RateLimiter
from omnimsg.engine.observers import Observers
from omnimsg.engine.policy import Policy
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.engine.settlement import Settlement
from omnimsg.engine.spending import Spending


@attrs.frozen(kw_only=True)
class SharedParts:
    """What the event loops of one account share.

    Attributes:
        adapter: The account's adapter.
        policy: The account's limits, retries and other settings.
        journal: Records every attempt, where there is a journal.
        observers: Receive the account's events.
        clock: The clock of the account and all its parts.
        limiter: The limits of the account, and how much of them is used.
        breakers: The circuits of the account.
        answer_times: How long its provider takes to answer.
        checks: Asks the adapter about messages.
        consents: The list of people who must not be texted, where there is one.
        settlement: Tells when a report names a doubtful message, where reports are received.
        report_url: The URL that receives reports, where they are received.
        spending: The budgets that messages count against, where there are any.
    """

    adapter: Adapter[Any]
    policy: Policy
    journal: Journal | None
    observers: Observers
    clock: Clock
    limiter: RateLimiter
    breakers: CircuitBreakers
    answer_times: AnswerTimes
    checks: MessageChecks
    consents: ConsentQueue | None = None
    settlement: Settlement | None = None
    report_url: str | None = None
    spending: Spending | None = None
