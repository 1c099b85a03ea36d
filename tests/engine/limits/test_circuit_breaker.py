"""Circuit breakers: when a circuit opens, what it holds back, and when it closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from support.adapters import ManualClock, texts, tiny

from omnimsg import (
    Accepted,
    Ambiguous,
    Breaker,
    Channel,
    Failure,
    NotSent,
    Outcome,
    Reason,
    Retry,
    Scope,
)
from omnimsg.engine.limits.answer_times import AnswerTimes
from omnimsg.engine.limits.circuit_breaker import CircuitBreakers
from omnimsg.engine.log_observer import LogObserver
from omnimsg.engine.observers import Observers
from omnimsg.engine.sending.message_checks import MessageChecks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg import Message

REFUSALS, PAUSE = 2, 5.0
BREAKER = Breaker(failures=3, pause=7.0)

TEXTS = texts(2)
CHATS = [attrs.evolve(each, channel=Channel.WHATSAPP) for each in texts(2, start=2)]


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that the test moves."""
    return ManualClock()


@pytest.fixture
def trouble(clock: ManualClock) -> CircuitBreakers:
    """Return the circuit breakers of an account without any failures."""
    return CircuitBreakers(
        "main",
        BREAKER,
        MessageChecks(tiny()).channel,
        AnswerTimes(),
        now=clock.monotonic,
        observers=Observers([LogObserver(lambda _: "toy")]),
    )


def refused(reason: Reason = Reason.UNAUTHORIZED) -> list[Outcome]:
    """Return the refusal of a batch of two, with the account at fault."""
    failure = Failure(reason=reason, retry=Retry.AFTER_FIX, code="7")
    outcome = NotSent(reference="r", account="main", failure=failure, scope=Scope.ACCOUNT)
    return [outcome, outcome]


def accepted() -> list[Outcome]:
    """Return the acceptance of a batch of two."""
    return [Accepted(reference="r", account="main", provider_id="1")] * 2


def unclear() -> list[Outcome]:
    """Return ambiguous outcomes of a batch of two."""
    failure = Failure(reason=Reason.TIMEOUT, retry=Retry.UNSAFE)
    return [Ambiguous(reference="r", account="main", failure=failure)] * 2


def learn(
    trouble: CircuitBreakers, messages: Sequence[Message], outcomes: Sequence[Outcome]
) -> None:
    """Report an attempt in which the provider had plenty of time to answer."""
    trouble.learn(messages, outcomes, seconds=30.0)


def leaves(trouble: CircuitBreakers, messages: Sequence[Message]) -> bool:
    """Let a batch leave if no circuit holds it back; return whether it left."""
    if any(trouble.held_back(messages)):
        return False
    trouble.probe(messages)
    return True


def in_trouble(trouble: CircuitBreakers) -> None:
    """Open the account's circuit with as many refusals as it takes."""
    for _ in range(REFUSALS):
        learn(trouble, TEXTS, refused())


def test_refusals_in_a_row_open_the_accounts_circuit(trouble: CircuitBreakers) -> None:
    """The account's circuit opens after a number of refusals in a row, and not one earlier."""
    for _ in range(REFUSALS - 1):
        learn(trouble, TEXTS, refused())
    before = trouble.held_back(TEXTS)

    learn(trouble, TEXTS, refused())

    assert [None, None] == before
    assert ["r0", "r1"] == [each.reference for each in trouble.held_back(TEXTS) if each]


def test_refusals_with_an_acceptance_in_between_open_no_circuit(trouble: CircuitBreakers) -> None:
    """Refusals with an acceptance in between do not open a circuit."""
    for _ in range(REFUSALS):
        learn(trouble, TEXTS, refused())
        learn(trouble, TEXTS, accepted())

    assert [None, None] == trouble.held_back(TEXTS)


@pytest.mark.parametrize(
    "reason",
    [
        Reason.UNAUTHORIZED,
        Reason.FORBIDDEN,
        Reason.ACCOUNT_INACTIVE,
        Reason.INSUFFICIENT_FUNDS,
        Reason.QUOTA_EXCEEDED,
        Reason.PAYMENT,
    ],
)
def test_what_concerns_the_account_stops_every_channel(
    trouble: CircuitBreakers, reason: Reason
) -> None:
    """A circuit opened for a reason of the account holds back the messages of every channel."""
    for _ in range(REFUSALS):
        learn(trouble, TEXTS, refused(reason))

    assert all(trouble.held_back([*TEXTS, *CHATS]))


@pytest.mark.parametrize("reason", [Reason.CHANNEL_NOT_ENABLED, Reason.MISCONFIGURED])
def test_what_concerns_a_channel_stops_that_channel(
    trouble: CircuitBreakers, reason: Reason
) -> None:
    """A circuit opened for a channel holds back only that channel's messages of a batch."""
    for _ in range(REFUSALS):
        learn(trouble, CHATS, refused(reason))

    held = trouble.held_back([CHATS[0], *TEXTS, CHATS[1]])

    assert [True, False, False, True] == [each is not None for each in held]


def test_one_batch_tries_again_after_the_pause(
    trouble: CircuitBreakers, clock: ManualClock
) -> None:
    """After the pause one batch leaves as a probe; the others wait for another pause."""
    in_trouble(trouble)
    clock.now += PAUSE

    tries = [leaves(trouble, TEXTS) for _ in range(3)]
    clock.now += PAUSE
    tries += [leaves(trouble, TEXTS) for _ in range(2)]

    assert [True, False, False, True, False] == tries


def test_asking_uses_up_no_probe(trouble: CircuitBreakers, clock: ManualClock) -> None:
    """Only a batch that leaves uses up the probe, not one that asks whether it may."""
    in_trouble(trouble)
    clock.now += PAUSE

    asked = [any(trouble.held_back(TEXTS)) for _ in range(3)]

    assert [False] * 3 == asked
    assert leaves(trouble, TEXTS)


@pytest.mark.parametrize(
    ("outcomes", "over"), [(accepted(), True), (refused(), False), (unclear(), False)]
)
def test_only_an_acceptance_closes_a_circuit(
    trouble: CircuitBreakers, clock: ManualClock, outcomes: list[Outcome], over: bool
) -> None:
    """An acceptance closes a circuit; a refusal or a timeout does not."""
    in_trouble(trouble)
    clock.now += PAUSE
    leaves(trouble, TEXTS)

    learn(trouble, TEXTS, outcomes)

    assert over is not any(trouble.held_back(TEXTS))


def test_another_channels_batch_does_not_use_up_the_probe(
    trouble: CircuitBreakers, clock: ManualClock
) -> None:
    """A batch of another channel does not use up the probe of a channel's circuit."""
    for _ in range(REFUSALS):
        learn(trouble, CHATS, refused(Reason.CHANNEL_NOT_ENABLED))
    clock.now += PAUSE

    leaves(trouble, TEXTS)

    assert [None, None] == trouble.held_back(CHATS)


def test_failures_in_a_row_open_the_providers_circuit_for_a_while(
    trouble: CircuitBreakers, clock: ManualClock
) -> None:
    """After failures in a row messages are held back, safe to retry at the end of the pause."""
    for _ in range(BREAKER.failures - 1):
        learn(trouble, TEXTS, unclear())
    before = trouble.held_back(TEXTS)

    learn(trouble, TEXTS, unclear())
    clock.now += 2

    assert [None, None] == before
    first, second = trouble.held_back(TEXTS)
    assert first is not None
    assert second is not None
    assert (Reason.PROVIDER_UNAVAILABLE, Retry.SAFE, 5.0) == (
        first.reason,
        first.retry,
        first.retry_after,
    )
    assert Scope.MESSAGE is first.scope


@pytest.mark.parametrize(
    "reason", [Reason.RATE_LIMITED, Reason.INVALID_RECIPIENT, Reason.DEADLINE_EXCEEDED]
)
def test_only_faults_of_provider_and_network_count_against_the_provider(
    trouble: CircuitBreakers, reason: Reason
) -> None:
    """Rate limits, invalid recipients and passed deadlines do not open the provider's circuit."""
    failure = Failure(reason=reason, retry=Retry.SAFE)
    outcome: Outcome = NotSent(reference="r", account="main", failure=failure)

    for _ in range(2 * BREAKER.failures):
        learn(trouble, TEXTS, [outcome, outcome])

    assert [None, None] == trouble.held_back(TEXTS)


def test_a_batch_that_failed_in_part_does_not_count_against_the_provider(
    trouble: CircuitBreakers,
) -> None:
    """A batch that failed only in part does not count towards the provider's circuit."""
    for _ in range(2 * BREAKER.failures):
        learn(trouble, TEXTS, [*accepted()[:1], *unclear()[:1]])

    assert [None, None] == trouble.held_back(TEXTS)


def test_a_circuit_is_logged_once_when_it_opens_and_once_when_it_closes(
    trouble: CircuitBreakers, caplog: pytest.LogCaptureFixture
) -> None:
    """A circuit logs one warning when it opens and one when it closes."""
    in_trouble(trouble)
    in_trouble(trouble)
    learn(trouble, TEXTS, accepted())
    learn(trouble, TEXTS, accepted())

    said = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert ["is suspended", "has resumed"] == [
        words for each in said for words in ("is suspended", "has resumed") if words in each
    ]


def wordless(count: int, *, start: int = 0) -> tuple[list[Message], list[Outcome]]:
    """Return messages refused by a 403 without a document of the provider."""
    failure = Failure(reason=Reason.FORBIDDEN, retry=Retry.AFTER_FIX, http_status=403)
    messages = texts(count, start=start)
    return messages, [
        NotSent(reference=each.reference, account="main", failure=failure, scope=Scope.ACCOUNT)
        for each in messages
    ]


def test_one_text_that_a_firewall_refuses_again_and_again_is_no_account_failure(
    trouble: CircuitBreakers,
) -> None:
    """Repeated refusals of the same message without a provider's document open no circuit."""
    batch, _ = wordless(4)
    (one, outcomes) = wordless(1, start=2)
    trouble.learn_refusal(batch, outcomes[0].failure)  # type: ignore[union-attr]
    for _ in range(3):
        learn(trouble, one, outcomes)

    assert [None] * 4 == trouble.held_back(batch)


def test_other_messages_that_meet_the_same_refusal_are_an_account_failure(
    trouble: CircuitBreakers,
) -> None:
    """Equal refusals of different messages, such as two halves of a batch, open the circuit."""
    first, refusals = wordless(2)
    second, others = wordless(2, start=2)

    learn(trouble, first, refusals)
    learn(trouble, second, others)

    assert all(trouble.held_back([*first, *second]))


@pytest.mark.parametrize(
    ("seconds", "counts"), [(0.05, False), (0.5, False), (0.7, True), (6.0, True)]
)
def test_a_timeout_shorter_than_usual_answers_does_not_count(seconds: float, counts: bool) -> None:
    """A timeout counts against the provider only if it was longer than the usual answer time."""
    times = AnswerTimes()
    for _ in range(50):
        times.record(0.15, 0.0)
    breakers = CircuitBreakers(
        "main",
        BREAKER,
        MessageChecks(tiny()).channel,
        times,
        now=ManualClock().monotonic,
        observers=Observers(),
    )

    for _ in range(BREAKER.failures):
        breakers.learn(TEXTS, unclear(), seconds=seconds)

    assert counts is any(breakers.held_back(TEXTS))


def test_before_the_first_answer_a_timeout_counts_from_the_policys_floor(
    trouble: CircuitBreakers,
) -> None:
    """Before the first answer, a timeout counts only from the policy's `min_timeout` on."""
    for _ in range(BREAKER.failures):
        trouble.learn(TEXTS, unclear(), seconds=BREAKER.min_timeout - 0.1)
    before = any(trouble.held_back(TEXTS))
    for _ in range(BREAKER.failures):
        trouble.learn(TEXTS, unclear(), seconds=BREAKER.min_timeout)

    assert not before
    assert any(trouble.held_back(TEXTS))


@pytest.mark.parametrize(("seconds", "counts"), [(6.0, True), (12.0, False)])
def test_a_timeout_from_before_the_provider_was_well_again_does_not_count(
    trouble: CircuitBreakers, clock: ManualClock, seconds: float, counts: bool
) -> None:
    """Requests that left while the provider failed do not open its circuit again later."""
    for _ in range(BREAKER.failures):
        learn(trouble, TEXTS, unclear())
    learn(trouble, TEXTS, accepted())
    clock.now += 10.0

    for _ in range(BREAKER.failures):
        trouble.learn(TEXTS, unclear(), seconds=seconds)

    assert counts is any(trouble.held_back(TEXTS))
