"""What an account refuses everything for, so that a stream does not ask again for every message.

A circuit breaker for the account and one for each of its channels. Requests refused in a row open
it, messages are then held back without a request, and once a pause a batch goes out to see whether
the trouble is over. One stray answer opens nothing, and nothing stays open for ever.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, NotSent, Rejected, Scope
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.sender import Sender

log: logging.Logger = logging.getLogger("omnimsg.engine")

# Requests refused in a row, with nothing taken in between, before messages are held back.
REFUSALS = 2

# Seconds until a batch may try again.
PAUSE = 5.0

# What says nothing certain of the account's other channels: one mistyped id of a channel must not
# hold back the others. Every other reason stops the whole account.
_OF_CHANNEL = frozenset({Reason.CHANNEL_NOT_ENABLED, Reason.MISCONFIGURED})


@attrs.define
class _Circuit:
    """What is known of an account, or of one channel of it.

    Attributes:
        refusals: Requests refused in a row.
        failure: What messages are held back with; `None` while they are not.
        until: When a batch may try again, in monotonic seconds.
    """

    refusals: int = 0
    failure: Failure | None = None
    until: float = 0.0


class Trouble:
    """What one stream knows of its account.

    Args:
        sender: The account.
        clock: The monotonic clock, seconds.
    """

    def __init__(self, sender: Sender, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sender = sender
        self._clock = clock
        self._circuits: dict[str, _Circuit] = {}

    def held_back(self, messages: Sequence[Message]) -> list[NotSent | None]:
        """Say which messages of a batch are not worth a request now; `None` for those that are.

        When the pause is over the answer is `None` for one batch: it tries for all others.
        """
        if not self._circuits:
            return [None] * len(messages)
        subjects = [self._subjects(each) for each in messages]
        # In order: the account first.
        accounts, channels = zip(*subjects, strict=True)
        shut = {each: self._shut(each) for each in dict.fromkeys(accounts + channels)}
        return [
            self._not_sent(message, shut[account] or shut[channel])
            for message, (account, channel) in zip(messages, subjects, strict=True)
        ]

    def learn(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        """Take in what became of a batch."""
        refused: dict[str, Failure] = {}
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, (Accepted, Rejected)):
                if self._circuits:
                    for subject in self._subjects(message):
                        self._answered(subject)
            elif isinstance(outcome, NotSent) and outcome.scope is Scope.ACCOUNT:
                account, channel = self._subjects(message)
                subject = channel if outcome.reason in _OF_CHANNEL else account
                refused.setdefault(subject, outcome.failure)
        # Last: a batch that used up the funds was taken in part, and is refused all the same.
        for subject, failure in refused.items():
            self._refused(subject, failure)

    def _subjects(self, message: Message) -> tuple[str, str]:
        """Name what a message needs: the account and a channel of it."""
        account = f"account {self._sender.account!r}"
        return account, f"channel {self._sender.channel(message)} of {account}"

    def _shut(self, subject: str) -> Failure | None:
        circuit = self._circuits.get(subject)
        if circuit is None or circuit.failure is None:
            return None
        now = self._clock()
        if now < circuit.until:
            return circuit.failure
        circuit.until = now + PAUSE
        return None

    def _not_sent(self, message: Message, failure: Failure | None) -> NotSent | None:
        if failure is None:
            return None
        return NotSent(
            reference=message.reference,
            account=self._sender.account,
            failure=failure,
            scope=Scope.ACCOUNT,
        )

    def _answered(self, subject: str) -> None:
        circuit = self._circuits.pop(subject, None)
        if circuit is not None and circuit.failure is not None:
            log.warning("%s takes messages again", subject)

    def _refused(self, subject: str, failure: Failure) -> None:
        circuit = self._circuits.setdefault(subject, _Circuit())
        circuit.refusals += 1
        circuit.until = self._clock() + PAUSE
        if circuit.failure is not None or circuit.refusals < REFUSALS:
            return
        # Made anew: the provider's words belong to the message that they were said of.
        circuit.failure = Failure(
            reason=failure.reason,
            retry=failure.retry,
            fault=failure.fault,
            detail=f"not tried: {subject} was refused earlier: {_words(failure.reason)}",
        )
        # Without the detail and the path, which are about one message.
        said = attrs.evolve(failure, detail="", path=None).sentence()
        log.warning(
            "%s is in trouble: %s; messages are not sent, one batch tries every %g s",
            subject,
            said,
            PAUSE,
        )


def _words(reason: Reason) -> str:
    return reason.value.replace("_", " ")
