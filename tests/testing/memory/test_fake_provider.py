"""Tests of an application without sockets: a fake provider behind the real client."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from support.guards import discreet, no_leaks

from omnimsg import (
    Accepted,
    AmbiguousError,
    Channel,
    Client,
    Email,
    Inline,
    InvalidValue,
    Media,
    MediaItem,
    MediaKind,
    Message,
    NotSentError,
    Reason,
    RejectedError,
    Retry,
    RetryPolicy,
    Status,
    Stored,
)
from omnimsg.adapter import Request, Response
from omnimsg.testing import FakeProvider, MemoryTransport

__all__ = ["discreet", "no_leaks"]

pytestmark = pytest.mark.anyio

TO = "+27820001000"
ONCE = RetryPolicy(attempts=1)


async def test_a_message_arrives_as_it_was_handed_over() -> None:
    """The fake provider keeps each message exactly as it was sent, with all its fields."""
    picture = MediaItem(MediaKind.IMAGE, Inline(b"\x89PNG"), content_type="image/png")
    messages = [
        Message(TO, "Hello"),
        Message(TO, Media((picture,), caption="Fish"), channel=Channel.WHATSAPP, tags=["lunch"]),
        Message("ola@example.test", Email(subject="Lunch", text="Fish")),
        Message(TO, "Later", send_at=datetime(2030, 1, 2, tzinfo=UTC), metadata={"order": 7}),
    ]
    provider = FakeProvider()

    async with provider.client() as client:
        for each in messages:
            await client.send(each)

    assert messages == provider.messages


def test_code_without_an_event_loop_has_a_client_that_blocks() -> None:
    """`sync_client` gives code for `omnimsg.sync` the same provider, with the same outcomes."""
    provider = FakeProvider()
    message = Message(TO, "Hello")
    provider.refuse(Reason.INVALID_RECIPIENT, to="+27820002000")

    with provider.sync_client(accounts=["main", "spare"]) as client:
        accepted = client.send(message, account="spare")
        with pytest.raises(RejectedError):
            client.send(Message("+27820002000", "Hello"))

        assert ("spare", Status.DELIVERED) == (accepted.account, client.wait(accepted).status)

    assert [message] == provider.messages


async def test_an_accepted_message_is_delivered_unless_a_test_says_otherwise() -> None:
    """A message is delivered by default; `report` sets the status that look-ups return."""
    provider = FakeProvider()
    async with provider.client() as client:
        accepted = await client.send(Message(TO, "Hello"))
        delivered = (await client.wait(accepted, Status.DELIVERED, timeout=5)).status
        provider.report(accepted, Status.EXPIRED)
        late = await client.send(Message(TO, "Late"))
        provider.report(late, Status.FAILED)
        failed = await client.status(late.id)

    assert (Status.DELIVERED, Status.FAILED) == (delivered, failed.status)
    assert Reason.RECIPIENT_UNREACHABLE is failed.legs[0].reason


async def test_a_status_of_an_unknown_message_is_a_mistake_of_the_test() -> None:
    """`report` for an unknown message raises a LookupError."""
    unknown = Accepted(reference="r", account="fake", provider_id="nobody")

    with pytest.raises(LookupError, match="'nobody'"):
        FakeProvider().report(unknown, Status.READ)


async def test_a_refused_message_is_rejected() -> None:
    """`refuse` rejects one message with the given reason; the next is accepted."""
    provider = FakeProvider()
    provider.refuse(Reason.INVALID_RECIPIENT)
    async with provider.client() as client:
        with pytest.raises(RejectedError) as caught:
            await client.send(Message(TO, "Hello"))
        await client.send(Message(TO, "Again"))

    assert Reason.INVALID_RECIPIENT is caught.value.reason
    assert ["Again"] == [each.content.text for each in provider.messages]  # type: ignore[union-attr]


async def test_one_recipient_is_refused() -> None:
    """`refuse` with `to` and `times` rejects that many messages to that recipient only."""
    provider, other = FakeProvider(), "+27820002000"
    provider.refuse(Reason.OPTED_OUT, to=TO, times=2)
    async with provider.client() as client:
        outcomes = [
            each.kind
            async for each in client.send_many([Message(to, "x") for to in (TO, other, TO, TO)])
        ]

    assert ["accepted", "accepted", "rejected", "rejected"] == sorted(outcomes)
    assert [other, TO] == [each.to for each in provider.messages]


async def test_a_limit_passes() -> None:
    """After a rate limit the engine retries, and the message is accepted once."""
    provider = FakeProvider()
    provider.refuse(Reason.RATE_LIMITED, retry_after=0.01)
    async with provider.client(retry=RetryPolicy(base=0)) as client:
        await client.send(Message(TO, "Hello"), deadline=10)

    assert 1 == len(provider.messages)


@pytest.mark.parametrize(("times", "expected"), [(2, "accepted"), (3, "not_sent")])
@pytest.mark.parametrize("trouble", ["limit", "connection"])
async def test_trouble_counts_each_attempt(trouble: str, times: int, expected: str) -> None:
    """A limit or a refused connection shows once it lasts for all attempts, by default three."""
    provider = FakeProvider()
    if trouble == "limit":
        provider.refuse(Reason.RATE_LIMITED, times=times, retry_after=0.01)
    else:
        provider.disconnect(times)
    async with provider.client(retry=RetryPolicy(base=0)) as client:
        (outcome,) = [each async for each in client.send_many([Message(TO, "Hello")])]

    assert expected == outcome.kind


async def test_a_stored_file_is_accepted() -> None:
    """A message with a file that another program stored is accepted."""
    provider = FakeProvider()
    picture = Media((MediaItem("image", Stored(account="fake", id="1")),))
    message = Message(TO, picture, channel="whatsapp")
    async with provider.client() as client:
        await client.send(message)

    assert [message] == provider.messages


async def test_a_lost_answer_is_ambiguous_and_the_message_is_there() -> None:
    """After `lose_answers` a send is ambiguous, and the provider has the message."""
    provider = FakeProvider()
    provider.lose_answers()
    async with provider.client() as client:
        with pytest.raises(AmbiguousError):
            await client.send(Message(TO, "Hello"))

    assert 1 == len(provider.messages)


async def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    """After `disconnect` a send is NotSent and safe to retry, without a message."""
    provider = FakeProvider()
    provider.disconnect()
    async with provider.client(retry=ONCE) as client:
        with pytest.raises(NotSentError) as caught:
            await client.send(Message(TO, "Hello"))

    assert (Retry.SAFE, Reason.CONNECTION_FAILED) == (caught.value.retry, caught.value.reason)
    assert [] == provider.messages


async def test_a_client_has_the_accounts_that_the_test_names() -> None:
    """The client has the named accounts, of which the first is the default."""
    provider = FakeProvider()
    async with provider.client(accounts=["main", "spare"]) as client:
        usual = await client.send(Message(TO, "Hello"))
        other = await client.send(Message(TO, "Hello"), account="spare")

    assert ["main", "spare"] == [usual.account, other.account]


async def test_a_real_adapter_talks_to_a_function() -> None:
    """A real adapter can run on a memory transport whose responses a function returns."""

    def respond(_: Request) -> Response:
        return Response(202, b'{"messages":[{"apiMessageId":"m-1","accepted":true}],"error":null}')

    client = Client.from_config(
        {"accounts": {"main": {"provider": "clickatell", "api_key": "key"}}},
        transport=MemoryTransport.factory(respond),
    )
    async with client:
        accepted = await client.send(Message(TO, "Hello"))

    assert "main:m-1" == str(accepted.id)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"to": "082 000 1000"}, "Message.to: must be a number in E.164 form"),
        ({"to": "27820001000"}, "it has no plus"),
        ({"times": 0}, "Refusal.times: must be at least 1"),
        ({"reason": "opted-out"}, "Refusal.reason: must be one of"),
    ],
)
async def test_a_refusal_that_refuses_nothing_is_an_error(
    options: dict[str, Any], why: str
) -> None:
    """A refusal of a recipient that no message has, for example, was kept and never used."""
    with pytest.raises(InvalidValue, match=why):
        FakeProvider().refuse(**{"reason": Reason.OPTED_OUT, **options})


async def test_words_stand_for_members() -> None:
    """The text of a reason or a status stands for the member, as in arguments of the client."""
    provider = FakeProvider()
    provider.refuse("opted_out")

    async with provider.client() as client:
        with pytest.raises(RejectedError) as refused:
            await client.send(Message(TO, "Hello"))
        accepted = await client.send(Message(TO, "Hello"))
        provider.report(accepted, "expired")

        assert Reason.OPTED_OUT is refused.value.reason
        assert Status.EXPIRED is (await client.status(accepted.id)).status
