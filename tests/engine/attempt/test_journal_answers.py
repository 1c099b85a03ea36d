"""A journal may end messages before they leave, by answering an intent with their outcomes."""

from __future__ import annotations

import asyncio
from itertools import chain
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import (
    FakeTransport,
    account_engine,
    close,
    references,
    send_batch,
    texts,
    tiny,
)
from support.diary import Diary, send
from support.sending import collect

from omnimsg import Accepted, Ambiguous, Attempt, Message, NotSent, Outcome, Reason, Retry
from omnimsg.adapter import Response
from omnimsg.domain.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.anyio


def known(reference: str) -> Accepted:
    """Build the outcome of a message that an earlier worker sent."""
    return Accepted(reference=reference, account="main", provider_id=f"earlier-{reference}")


def taken(reference: str) -> NotSent:
    """Build the outcome of a message that another worker is sending."""
    failure = Failure(reason=Reason.CANCELLED, retry=Retry.NEVER, detail="another worker has it")
    return NotSent(reference=reference, account="main", failure=failure)


async def test_a_message_that_the_journal_ends_does_not_leave_and_fails_no_other() -> None:
    """A message for which the journal returns an outcome is not sent; the others are."""
    ended: dict[str, Outcome] = {"r1": taken("r1"), "r3": known("r3")}
    diary = Diary(answers=lambda messages: [ended.get(each.reference) for each in messages])

    outcomes = await send(diary, diary.wire(), 5)

    assert [("request", ["r0", "r2", "r4"])] == [
        each for each in diary.told if each[0] == "request"
    ]
    assert [ended["r1"], ended["r3"]] == [outcomes[1], outcomes[3]]
    assert ["accepted"] * 3 == [outcomes[index].kind for index in (0, 2, 4)]


async def test_the_journal_may_know_a_message_from_another_account() -> None:
    """An outcome at another account ends a message as well: it was sent, or is in doubt, there."""
    failure = Failure(reason=Reason.TIMEOUT, retry=Retry.UNSAFE)
    doubt = Ambiguous(reference="r0", account="another", failure=failure)
    diary = Diary(answers=lambda messages: [doubt, *[None] * (len(messages) - 1)])

    outcomes = await send(diary, diary.wire(), 2)

    assert (doubt, "accepted") == (outcomes[0], outcomes[1].kind)
    assert [("request", ["r1"])] == [each for each in diary.told if each[0] == "request"]


async def test_an_outcome_that_the_journal_keeps_never_changes() -> None:
    """A stream stores the positions of its messages in copies of the journal's outcomes."""
    kept = attrs.evolve(known("r1"), position=17)
    diary = Diary(answers=lambda messages: [None, *[kept] * (len(messages) - 1)])
    account = account_engine(tiny(), diary.wire(), journal=diary)

    outcomes = await collect(account.stream(texts(2), 10))
    await close(account)

    assert {0, 1} == {each.position for each in outcomes}
    assert 17 == kept.position


async def test_a_message_outside_a_stream_has_no_position() -> None:
    """A position in an earlier stream, which the journal has kept, is dropped."""
    kept = attrs.evolve(known("r0"), position=17)
    account = account_engine(tiny(), FakeTransport(), journal=Diary(answers=lambda _: [kept]))

    outcome = await account.submit(texts(1)[0], 10)
    await close(account)

    assert (kept, None) == (outcome, outcome.position)


async def test_the_journal_is_not_told_the_outcomes_that_it_gave() -> None:
    """The journal is not given the outcomes that it returned itself."""
    diary = Diary(answers=lambda messages: [taken("r0"), *[None] * (len(messages) - 1)])

    await send(diary, diary.wire(), 2)

    assert ("settle", ("r1", "accepted")) == diary.told[-1]


async def test_a_batch_that_the_journal_ends_whole_makes_no_request() -> None:
    """A batch whose outcomes all come from the journal makes no request and is not settled."""
    diary = Diary(answers=lambda messages: [taken(each.reference) for each in messages])

    outcomes = await send(diary, diary.wire(), 3)

    assert [taken(f"r{number}") for number in range(3)] == outcomes
    assert [("intend", "main", ["r0", "r1", "r2"])] == diary.told


async def test_an_outcome_of_the_journal_says_nothing_about_the_provider() -> None:
    """Outcomes that the journal returns make no request and open no circuit."""
    diary = Diary(answers=lambda messages: [known(each.reference) for each in messages])
    refusing = FakeTransport(lambda _: Response(401))
    account = account_engine(tiny(), refusing, journal=diary)

    try:
        for message in texts(2):
            await account.submit(message, 10)
    finally:
        await close(account)

    assert [] == refusing.requests
    assert {} == account.health().open_circuits


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (lambda _: [], "one entry per message"),
        (lambda _: None, "one entry per message"),
        (lambda messages: [True] * len(messages), "the outcome of another message"),
        (lambda messages: [known("another")] * len(messages), "the outcome of another message"),
    ],
    ids=["too few", "nothing", "no outcome", "another message's"],
)
async def test_an_answer_that_breaks_the_contract_keeps_everything_back(
    answers: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent if `intend` returns anything but one outcome or `None` for each message."""
    diary = Diary(answers=answers)

    outcomes = await send(diary, diary.wire(), 2)

    assert {(NotSent, Retry.AFTER_FIX)} == {
        (type(each), each.retry) for each in outcomes if not isinstance(each, Accepted)
    }
    assert not [each for each in diary.told if each[0] == "request"]
    assert why in caplog.text


async def test_two_workers_with_one_ledger_send_each_message_once() -> None:
    """Two workers with one journal send each message once; a refusal affects no other message."""
    ledger: dict[str, str] = {}

    class Ledger(Diary):
        async def intend(
            self, attempt: Attempt, messages: Sequence[Message]
        ) -> Sequence[Outcome | None]:
            await super().intend(attempt, messages)
            answers: list[Outcome | None] = []
            for message in messages:
                owner = ledger.setdefault(message.reference, attempt.token)
                answers.append(None if owner == attempt.token else taken(message.reference))
            return answers

    wire = FakeTransport()
    workers = [account_engine(tiny(), wire, journal=Ledger()) for _ in range(2)]
    first, second = texts(200), texts(200, start=100)

    outcomes = await asyncio.gather(
        *(
            send_batch(worker, messages)
            for worker, messages in zip(workers, (first, second), strict=True)
        )
    )

    sent = [reference for request in wire.requests for reference in references(request)]
    kinds = [each.kind for each in chain(*outcomes)]
    assert sorted(set(sent)) == sorted(sent)
    assert 300 == len(sent)
    assert (300, 100) == (kinds.count("accepted"), kinds.count("not_sent"))
