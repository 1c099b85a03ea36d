"""What an account is refused for, or its provider fails at, so that it is not asked every time.

Circuit breakers: one for the account, one for each of its channels, and one for the provider's
health. Requests that fail in a row open one, messages are then held back without a request, and
once a pause one batch goes out to see whether the trouble is over. One stray answer opens nothing,
and nothing stays open for ever.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, NotSent, Rejected, Scope
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine.policy import Breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.sending.message_checks import MessageChecks

log: logging.Logger = logging.getLogger("omnimsg.engine")

# An account is refused for a reason that will not pass by itself; a provider may only hiccup.
_OF_ACCOUNT = Breaker(failures=2, pause=5.0)

# What says nothing certain of the account's other channels: one mistyped id of a channel must not
# hold back the others. Every other reason stops the whole account.
_OF_CHANNEL = frozenset({Reason.CHANNEL_NOT_ENABLED, Reason.MISCONFIGURED})

# Being too fast is no illness; the limiter sees to it.
_UNHEALTHY = frozenset({Fault.PROVIDER, Fault.NETWORK})
_BEARABLE = frozenset({Reason.RATE_LIMITED})


@attrs.define
class Circuit:
    """What is known of an account, of one channel of it, or of its provider.

    Attributes:
        breaker: When it opens, and for how long.
        failures: Requests that failed in a row.
        failure: What messages are held back with; `None` while they are not.
        until: When a batch may try again, in monotonic seconds.
    """

    breaker: Breaker
    failures: int = 0
    failure: Failure | None = None
    until: float = 0.0


class CircuitBreakers:
    """What is known of one account.

    Args:
        sender: The account.
        breaker: When its provider counts as unwell.
        clock: The monotonic clock, seconds.

    Attributes:
        circuits: What is not as it should be, by what it is about; empty where all is well.
        pause: Seconds after which it is worth asking again what is held back.
    """

    def __init__(
        self,
        sender: MessageChecks,
        breaker: Breaker,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sender = sender
        self._breaker = breaker
        self._clock = clock
        self.circuits: dict[str, Circuit] = {}
        self._account = f"account {sender.account!r}"
        self._provider = f"the provider of {self._account}"
        self.pause: float = min(_OF_ACCOUNT.pause, breaker.pause)

    @property
    def is_suspected(self) -> bool:
        """Whether the account was refused, but not yet often enough to be sure.

        A channel does not count: nothing but its own messages would clear it of the suspicion.
        """
        circuit = self.circuits.get(self._account)
        return circuit is not None and circuit.failure is None

    def held_back(self, messages: Sequence[Message]) -> list[NotSent | None]:
        """Say which messages of a batch are not worth a request now; `None` for those that are.

        When the pause is over the answer is `None` for one batch: it tries for all others.
        """
        if not self.circuits:
            return [None] * len(messages)
        channels = [self._channel(each) for each in messages]
        shut = {
            each: self._shut(each)
            for each in dict.fromkeys((self._provider, self._account, *channels))
        }
        return [
            self._not_sent(message, shut[self._provider] or shut[self._account] or shut[channel])
            for message, channel in zip(messages, channels, strict=True)
        ]

    def learn(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        """Take in what became of a batch."""
        refused: dict[str, Failure] = {}
        unwell: list[Failure] = []
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, (Accepted, Rejected)):
                if self.circuits:
                    for subject in (self._provider, self._account, self._channel(message)):
                        self._answered(subject)
                continue
            if outcome.reason is Reason.CANCELLED:
                continue  # our own doing
            if isinstance(outcome, NotSent) and outcome.scope is Scope.ACCOUNT:
                of_channel = outcome.reason in _OF_CHANNEL
                subject = self._channel(message) if of_channel else self._account
                refused.setdefault(subject, outcome.failure)
            elif outcome.fault in _UNHEALTHY and outcome.reason not in _BEARABLE:
                unwell.append(outcome.failure)
        # Last: a batch that used up the funds was taken in part, and is refused all the same.
        for subject, failure in refused.items():
            self._failed(subject, failure, _OF_ACCOUNT)
        if len(unwell) == len(outcomes):
            self._failed(self._provider, unwell[0], self._breaker)

    def _channel(self, message: Message) -> str:
        return f"channel {self._sender.channel(message)} of {self._account}"

    def _shut(self, subject: str) -> Failure | None:
        circuit = self.circuits.get(subject)
        if circuit is None or circuit.failure is None:
            return None
        now = self._clock()
        if now >= circuit.until:
            circuit.until = now + circuit.breaker.pause
            return None
        if circuit.failure.retry is Retry.SAFE:
            return attrs.evolve(circuit.failure, retry_after=circuit.until - now)
        return circuit.failure

    def _not_sent(self, message: Message, failure: Failure | None) -> NotSent | None:
        if failure is None:
            return None
        return NotSent(
            reference=message.reference,
            account=self._sender.account,
            failure=failure,
            scope=Scope.MESSAGE if failure.retry is Retry.SAFE else Scope.ACCOUNT,
        )

    def _answered(self, subject: str) -> None:
        circuit = self.circuits.pop(subject, None)
        if circuit is not None and circuit.failure is not None:
            log.warning("%s takes messages again", subject)

    def _failed(self, subject: str, failure: Failure, breaker: Breaker) -> None:
        circuit = self.circuits.setdefault(subject, Circuit(breaker))
        circuit.failures += 1
        circuit.until = self._clock() + breaker.pause
        if circuit.failure is not None or circuit.failures < breaker.failures:
            return
        ill = subject == self._provider
        # Made anew: the provider's words belong to the message that they were said of.
        circuit.failure = Failure(
            reason=Reason.PROVIDER_UNAVAILABLE if ill else failure.reason,
            retry=Retry.SAFE if ill else failure.retry,
            fault=failure.fault,
            detail=f"not tried: {subject} {'failed' if ill else 'was refused'} earlier:"
            f" {words_of(failure.reason)}",
        )
        # Without the detail and the path, which are about one message.
        said = attrs.evolve(failure, detail="", path=None).sentence()
        log.warning(
            "%s is in trouble: %s; messages are not sent, one batch tries every %g s",
            subject,
            said,
            breaker.pause,
        )


def words_of(reason: Reason) -> str:
    """Write a reason as a person would."""
    return reason.value.replace("_", " ")
