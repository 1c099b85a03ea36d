"""Batches, for accounts that enable them: one request, a batch id, an outcome for each message."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import orjson
import pytest
from support.provider_http import outcomes

from omnimsg import (
    Accepted,
    Client,
    Direction,
    HistoryQuery,
    Message,
    NotSent,
    Reason,
    Rejected,
    Retry,
    Scope,
    Status,
)
from omnimsg.sandbox import Scenario, magic_number
from omnimsg_bird.emulator import CHANNELS

if TYPE_CHECKING:
    from support.provider_http import Recorder

    from omnimsg.sandbox import Sandbox
    from omnimsg_bird.emulator import BirdEmulator


pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("account", [{"batch": True}])]

PATH = f"/channels/{CHANNELS['sms']}/batch/messages"


def messages(count: int, channel: str = "sms") -> list[Message]:
    """Build that many messages, each to its own recipient."""
    return [
        Message(f"+3725550{n:04}", f"Table {n}", channel=channel, reference=f"r-{n}")
        for n in range(count)
    ]


async def test_a_batch_is_found_by_its_id_and_references(client: Client, sandbox: Sandbox) -> None:
    """Messages accepted in a batch have no `provider_id`; the batch's history has their ids."""
    found = await outcomes(client, messages(3))

    assert {Accepted} == {type(each) for each in found}
    assert {None} == {getattr(each, "provider_id", 0) for each in found}
    (batch_id,) = {each.batch_id for each in found if isinstance(each, Accepted)}
    ids = {
        past.reference: past.id async for past in client.history(HistoryQuery(batch_id=batch_id))
    }
    assert {"r-0", "r-1", "r-2"} == set(ids)
    assert {Status.DELIVERED} == {(await client.status(str(each))).status for each in ids.values()}
    assert 3 == len(sandbox.handsets.all())


async def test_the_id_of_a_message_of_a_batch_finds_its_status(
    client: Client, sandbox: Sandbox
) -> None:
    """An id made of batch and reference finds the status, whatever the reference contains."""
    references = ["r-0", "order/7 ü?#%2F", "a" * 255]
    sent = [
        Message(f"+3725550{n:04}", "Hi", channel="sms", reference=each)
        for n, each in enumerate(references)
    ]

    found = await outcomes(client, sent)

    accepted = [each for each in found if isinstance(each, Accepted)]
    statuses = [await client.status(str(each.id)) for each in accepted]
    assert 3 == len({each.id for each in accepted})
    assert [Status.DELIVERED] * 3 == [each.status for each in statuses]
    assert [each.id for each in accepted] == [each.id for each in statuses]
    assert sorted(references) == sorted(each.raw["reference"] for each in statuses)
    assert [] == [each async for each in client.interactions(str(accepted[0].id))]


async def test_a_message_that_is_not_in_its_batch_is_unknown(client: Client) -> None:
    """An id of a batch that Bird's list does not have is `NOT_FOUND`, like any other id."""
    status = await client.status("bird:batch/e3e70682-c209-4cac-a29f-6fbed82c07cd/r-9")

    assert Reason.NOT_FOUND is status.reason


async def test_a_batch_has_a_hundred_messages_of_a_channel(
    client: Client, sandbox: Sandbox, recorder: Recorder
) -> None:
    """A batch has at most 100 messages of one channel; every message arrives once."""
    found = await outcomes(client, [*messages(230), *messages(5, "whatsapp")])

    assert {Accepted} == {type(each) for each in found}
    bodies = [orjson.loads(each.body) for each in recorder.requests]
    sizes = [len(each.get("messageRequests", [each])) for each in bodies]
    assert (235, 100) == (sum(sizes), max(sizes))
    assert 235 == len(sandbox.handsets.all())


async def test_a_message_alone_has_an_id(client: Client, recorder: Recorder) -> None:
    """A single message is not sent as a batch, so that its id is known at once."""
    (message,) = messages(1)

    accepted = await client.send(message)

    assert accepted.id is not None
    assert not recorder.requests[0].path.endswith(PATH)


async def test_a_batch_over_the_limit_is_halved(
    client: Client, sandbox: Sandbox, recorder: Recorder
) -> None:
    """A batch over the size limit is split into several requests; each message arrives once."""
    long = [
        Message(each.to, "x" * 30_000, channel="sms", reference=each.reference)
        for each in messages(20)
    ]

    found = await outcomes(client, long)

    assert {Accepted} == {type(each) for each in found}
    assert all(len(each.body) <= 200_000 for each in recorder.requests)
    assert 20 == len(sandbox.handsets.all())


async def test_an_invalid_message_of_a_batch_ends_as_rejected_or_failed(
    client: Client, sandbox: Sandbox
) -> None:
    """Bird validates a batch after it accepts it: an invalid message ends as rejected or failed."""
    good, bad, unknown = messages(3)
    bad = Message(bad.to, "Hi", channel="sms", reference="bad", extras={"bird": {"validity": -1}})
    unknown = Message(
        magic_number(Scenario.INVALID_RECIPIENT), "Hi", channel="sms", reference="unknown"
    )

    found = await outcomes(client, [good, bad, unknown])

    assert {Accepted} == {type(each) for each in found}
    listed = {
        past.reference: past
        async for past in client.history(HistoryQuery(direction=Direction.OUTGOING))
    }
    assert {
        "r-0": (Status.DELIVERED, None),
        "bad": (Status.REJECTED, Reason.INVALID_MESSAGE),
        "unknown": (Status.FAILED, Reason.INVALID_RECIPIENT),
    } == {name: (past.leg.status, past.leg.reason) for name, past in listed.items()}
    assert [good.to] == [each.number for each in sandbox.handsets.all()]


@pytest.mark.parametrize(
    ("status", "kind", "reason", "scope"),
    [
        (400, Rejected, Reason.INVALID_MESSAGE, None),
        (401, NotSent, Reason.UNAUTHORIZED, Scope.ACCOUNT),
        (404, NotSent, Reason.MISCONFIGURED, Scope.ACCOUNT),
        (413, Rejected, Reason.CONTENT_TOO_LARGE, None),
        (429, NotSent, Reason.RATE_LIMITED, Scope.MESSAGE),
    ],
)
async def test_a_batch_that_is_refused(
    client: Client,
    sandbox: Sandbox,
    emulator: BirdEmulator,
    *,
    status: int,
    kind: type,
    reason: Reason,
    scope: Scope | None,
) -> None:
    """A refusal of a batch and of all its parts is the outcome of each message."""
    # One for all three messages, two for its halves, and two for the messages of the larger half.
    emulator.refusals.extend([status] * 5)

    found = await outcomes(client, messages(3))

    assert {(kind, reason, scope)} == {
        (type(each), getattr(each, "reason", None), getattr(each, "scope", None)) for each in found
    }
    assert [] == sandbox.handsets.all()


async def test_a_batch_refused_for_one_of_its_messages_is_cut_until_that_one_is_alone(
    client: Client, sandbox: Sandbox, emulator: BirdEmulator
) -> None:
    """A refused batch is halved and sent again, and each message arrives once."""
    emulator.refusals.extend([400, 400])

    found = await outcomes(client, messages(4))

    kinds = Counter(type(each) for each in found)
    assert {Accepted: 4} == kinds
    assert 4 == len({each.number for each in sandbox.handsets.all()})
    assert 4 == len(sandbox.handsets.all())


async def test_a_lost_answer_is_ambiguous_for_all(
    client: Client, sandbox: Sandbox, recorder: Recorder
) -> None:
    """If the answer to a batch is lost, all its messages are ambiguous and none is sent again."""
    sandbox.faults.add("reset_after", provider="bird")

    found = await outcomes(client, messages(3))

    assert {("ambiguous", Retry.UNSAFE)} == {
        (each.kind, getattr(each, "retry", None)) for each in found
    }
    assert 1 == len(recorder.requests)
    assert 3 == len(sandbox.handsets.all())
