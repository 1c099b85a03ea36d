"""Circuit breakers: hold messages back while an account is refused or its provider fails.

There is one circuit for the account, one for each of its channels, and one for the provider's
health. Several requests that fail in a row open it; messages are then held back without a request,
and after a pause one batch probes whether the failure is over. One stray answer opens nothing, and
nothing stays open for ever.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, NotSent, Rejected, Scope
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine.observers import CircuitChanged
from omnimsg.engine.policy import Breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.domain.channel import Channel
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.limits.answer_times import AnswerTimes
    from omnimsg.engine.observers import Observers

# The reason for which an account is refused does not pass by itself; a provider may only hiccup.
_ACCOUNT_BREAKER = Breaker(failures=2, pause=5.0)

# These prove nothing about the account's other channels: one mistyped channel id must not hold back
# the others. Every other reason holds back the whole account.
_CHANNEL_REASONS = frozenset({Reason.CHANNEL_NOT_ENABLED, Reason.MISCONFIGURED})

# These faults count against the provider's health. A rate limit does not: the limiter handles it.
_HEALTH_FAULTS = frozenset({Fault.PROVIDER, Fault.NETWORK})

# A timeout after this many usual answer times counts against the provider.
_UNRESPONSIVE_FACTOR = 4


@attrs.define
class Circuit:
    """The failures of an account, of one of its channels, or of its provider.

    Attributes:
        breaker: When it opens, and for how long.
        failures: Requests that failed in a row.
        failure: The failure of messages that are held back; `None` while the circuit is closed.
        probe_at: When a batch may probe, monotonic seconds.
        refused: The references of the last request whose refusal had no code of the provider.
    """

    breaker: Breaker
    failures: int = 0
    failure: Failure | None = None
    probe_at: float = 0.0
    refused: frozenset[str] = frozenset()


class CircuitBreakers:
    """The circuits of one account.

    Args:
        account: The account's name.
        breaker: When its provider's circuit opens.
        channel_of: Returns the channel that a message travels on.
        answer_times: How long its provider usually takes.
        now: Reads the monotonic clock, seconds.
        observers: Told when a circuit opens or closes.

    Attributes:
        circuits: The circuits with failures, by subject; empty where all is well.
        pause: Seconds after which held messages are tried again.
    """

    def __init__(
        self,
        account: str,
        breaker: Breaker,
        channel_of: Callable[[Message], Channel | None],
        answer_times: AnswerTimes,
        *,
        now: Callable[[], float],
        observers: Observers,
    ) -> None:
        self._name = account
        self._breaker = breaker
        self._channel_of = channel_of
        self._answer_times = answer_times
        self._now = now
        self._observers = observers
        self.circuits: dict[str, Circuit] = {}
        # When the provider's circuit last closed, monotonic seconds.
        self._resumed_at = -math.inf
        self._account = f"account {account!r}"
        self._provider = f"the provider of {self._account}"
        self.pause: float = min(_ACCOUNT_BREAKER.pause, breaker.pause)

    @property
    def is_suspected(self) -> bool:
        """Whether the account was refused, but not yet often enough to open its circuit.

        The circuit of a channel does not count: only messages of that channel could close it.
        """
        circuit = self.circuits.get(self._account)
        return circuit is not None and circuit.failure is None

    @property
    def unresponsive_after(self) -> float:
        """Seconds without an answer that count against the provider."""
        usual, least = self._answer_times.usual, self._breaker.min_timeout
        return min(least, _UNRESPONSIVE_FACTOR * usual) if usual else least

    def open_circuits(self) -> dict[str, Failure]:
        """Return why messages are held back, by subject; empty where none are."""
        return {
            subject: each.failure
            for subject, each in self.circuits.items()
            if each.failure is not None
        }

    def held_back(self, messages: Sequence[Message]) -> list[NotSent | None]:
        """Return the outcomes of messages that open circuits hold back; `None` for the others.

        When the pause of a circuit is over, its messages get `None` until a batch of them leaves
        (`probe`). This call changes no state, because another circuit may hold the batch back.
        """
        if not self.circuits:
            return [None] * len(messages)
        failures = {each: self._blocking_failure(each) for each in self._subjects(messages)}
        provider, account = failures[self._provider], failures[self._account]
        return [
            self._not_sent(each, provider or account or failures[self._channel(each)])
            for each in messages
        ]

    def probe(self, messages: Sequence[Message]) -> None:
        """Note that a batch leaves as a probe: all others wait for another pause."""
        now = self._now()
        for subject in self._subjects(messages):
            circuit = self.circuits.get(subject)
            if circuit is not None and circuit.failure is not None:
                circuit.probe_at = now + circuit.breaker.pause

    def learn(
        self, messages: Sequence[Message], outcomes: Sequence[Outcome], *, seconds: float
    ) -> None:
        """Count what an attempt says about the account, its channels and its provider.

        Args:
            messages: The batch.
            outcomes: Its outcomes, in order.
            seconds: How long the provider was given. A timeout after less than
                `unresponsive_after` says nothing about the provider: the caller's deadline was
                short. Nor does one whose request left before the circuit last closed.
        """
        refused: dict[str, tuple[Failure, set[str]]] = {}
        unhealthy: list[Failure] = []
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, (Accepted, Rejected)):
                if self.circuits:
                    for subject in (self._provider, self._account, self._channel(message)):
                        self._close(subject)
                continue
            if outcome.reason is Reason.CANCELLED:
                continue  # our own doing
            if isinstance(outcome, NotSent) and outcome.scope is Scope.ACCOUNT:
                subject = self._refused_subject(message, outcome.failure)
                refused.setdefault(subject, (outcome.failure, set()))[1].add(message.reference)
            elif self._counts_against_health(outcome.failure, seconds):
                unhealthy.append(outcome.failure)
        # Last, after the circuits were closed: a batch that used up the funds was accepted in part.
        for subject, (failure, references) in refused.items():
            self._refused(subject, failure, references)
        if outcomes and len(unhealthy) == len(outcomes):
            self._failed(self._provider, unhealthy[0], self._breaker)

    def learn_refusal(self, messages: Sequence[Message], failure: Failure) -> None:
        """Count the refusal of a request without a code of the provider, whose batch is split."""
        references = {each.reference for each in messages}
        self._refused(self._refused_subject(messages[0], failure), failure, references)

    def _subjects(self, messages: Sequence[Message]) -> list[str]:
        channels = [self._channel(each) for each in messages]
        return list(dict.fromkeys((self._provider, self._account, *channels)))

    def _refused_subject(self, message: Message, failure: Failure) -> str:
        return self._channel(message) if failure.reason in _CHANNEL_REASONS else self._account

    def _counts_against_health(self, failure: Failure, seconds: float) -> bool:
        if failure.fault not in _HEALTH_FAULTS or failure.reason is Reason.RATE_LIMITED:
            return False
        if failure.reason is not Reason.TIMEOUT:
            return True
        # A timeout tells of the time when its request left, and the provider may be well since.
        left_at = self._now() - seconds
        return seconds >= self.unresponsive_after and left_at >= self._resumed_at

    def _refused(self, subject: str, failure: Failure, references: set[str]) -> None:
        """Count a refusal of the account.

        Without a code of the provider, a firewall may have refused one text. Such a refusal counts
        only if it concerns other messages than the refusal before.
        """
        if failure.code is None:
            circuit = self.circuits.setdefault(subject, Circuit(_ACCOUNT_BREAKER))
            is_new = circuit.refused.isdisjoint(references)
            circuit.refused = frozenset(references)
            if not is_new:
                circuit.probe_at = self._now() + circuit.breaker.pause
                return
        self._failed(subject, failure, _ACCOUNT_BREAKER)

    def _channel(self, message: Message) -> str:
        return f"channel {self._channel_of(message)} of {self._account}"

    def _blocking_failure(self, subject: str) -> Failure | None:
        circuit = self.circuits.get(subject)
        if circuit is None or circuit.failure is None:
            return None
        wait = circuit.probe_at - self._now()
        if wait <= 0:
            return None
        if circuit.failure.retry is Retry.SAFE:
            return attrs.evolve(circuit.failure, retry_after=wait)
        return circuit.failure

    def _not_sent(self, message: Message, failure: Failure | None) -> NotSent | None:
        if failure is None:
            return None
        return NotSent(
            reference=message.reference,
            account=self._name,
            failure=failure,
            scope=Scope.MESSAGE if failure.retry is Retry.SAFE else Scope.ACCOUNT,
        )

    def _close(self, subject: str) -> None:
        circuit = self.circuits.pop(subject, None)
        if circuit is not None and circuit.failure is not None:
            if subject == self._provider:
                self._resumed_at = self._now()
            self._notify(subject, None, circuit.breaker)

    def _failed(self, subject: str, failure: Failure, breaker: Breaker) -> None:
        circuit = self.circuits.setdefault(subject, Circuit(breaker))
        circuit.failures += 1
        circuit.probe_at = self._now() + breaker.pause
        if circuit.failure is not None or circuit.failures < breaker.failures:
            return
        is_provider = subject == self._provider
        # A new failure, without the provider's sentence, which is about one message.
        circuit.failure = Failure(
            reason=Reason.PROVIDER_UNAVAILABLE if is_provider else failure.reason,
            retry=Retry.SAFE if is_provider else failure.retry,
            fault=failure.fault,
            detail=f"not tried: {subject} {'failed' if is_provider else 'was refused'} earlier:"
            f" {plain_reason(failure.reason)}",
        )
        self._notify(subject, failure, breaker)

    def _notify(self, subject: str, failure: Failure | None, breaker: Breaker) -> None:
        if self._observers.circuit_changed is not None:
            self._observers.circuit_changed(
                CircuitChanged(
                    account=self._name,
                    subject=subject,
                    failure=failure,
                    probe_every=breaker.pause,
                )
            )


def plain_reason(reason: Reason) -> str:
    """Return the value of a reason in plain words."""
    return reason.value.replace("_", " ")
