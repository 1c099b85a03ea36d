"""References of several accounts: those of named accounts, routes and fallback legs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import orjson
import pytest
from support.adapters import NUMBER, TEXT, texts
from support.repeats import (
    accepting_later,
    end_doubt,
    give_up,
    once,
    routed,
    saying,
    tenants,
    tracking,
    until_arrived,
    with_leg_at_b,
)
from support.routed import Routed, outcome_of, slowly
from support.routed import saying as saying_
from support.servers import Server
from support.thread_server import accept

from omnimsg import (
    Accepted,
    AmbiguousError,
    Client,
    Leg,
    Limits,
    Message,
    NotSentError,
    OnAmbiguous,
    Policy,
    RetryPolicy,
)
from omnimsg.idempotency.repeat_outcomes import known_outcome
from omnimsg.routing import Route

if TYPE_CHECKING:
    from omnimsg import Outcome
    from omnimsg.adapter import Request

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("content", [TEXT, "Another text"])
async def test_tenants_do_not_share_references(content: str) -> None:
    """Two accounts that callers name do not share references."""
    async with Server(accept) as server, tenants(server) as client:
        accepted = [
            await client.send(Message(NUMBER, text, reference="order-71"), account=account)
            for account, text in (("a", TEXT), ("b", content), ("a", TEXT), ("b", content))
        ]

    assert ["a", "b", "a", "b"] == [each.account for each in accepted]
    assert 2 == len(server.requests)


async def test_a_reference_is_known_at_an_account_that_is_named() -> None:
    """Another message with a reference known at the named account is refused."""
    async with Server(accept) as server, tenants(server) as client:
        await client.send(Message(NUMBER, TEXT, reference="order-71"), account="a")
        with pytest.raises(NotSentError, match="content differs"):
            await client.send(Message(NUMBER, "Another", reference="order-71"), account="a")

    assert 1 == len(server.requests)


async def test_the_default_account_is_the_same_by_its_name() -> None:
    """Without routes, naming the default account makes no difference to references."""
    async with Server(accept) as server, tenants(server) as client:
        first = await once(client)
        second = await client.send(Message(NUMBER, TEXT, reference="order-71"), account="main")

    assert first is second
    assert 1 == len(server.requests)


async def test_what_the_routes_have_sent_is_known_whichever_account_they_choose() -> None:
    """Messages that name no account share references, whichever account the routes choose."""
    routes = [Route(accounts=("a", "b"), strategy="round_robin")]
    async with Server(accept) as server, tenants(server, routes=routes) as client:
        accepted = [await once(client) for _ in range(3)]

    assert 1 == len({each.account for each in accepted})
    assert 1 == len(server.requests)


async def test_a_message_that_moves_to_the_next_account_is_handed_over_once() -> None:
    """A message sent again during a failover is not resent; the caller gets the final outcome."""
    go_on, accept_later = accepting_later()
    async with Server(*saying("slow-down"), accept_later) as server, routed(server) as client:
        waiting = [asyncio.create_task(once(client)) for _ in range(3)]
        with anyio.fail_after(10):
            while len(server.requests) < 2:
                await asyncio.sleep(0)
                waiting.append(asyncio.create_task(once(client)))
        waiting.append(asyncio.create_task(once(client)))
        go_on.set()
        accepted = await asyncio.gather(*waiting)

    assert {("b", "id-order-71")} == {(each.account, each.provider_id) for each in accepted}
    assert 2 == len(server.requests)


def test_a_repetition_waits_for_the_last_account() -> None:
    """A doubt at the first account is no outcome yet where the message is sent again elsewhere."""
    resend = Policy(on_ambiguous=OnAmbiguous.RESEND, retry=RetryPolicy(attempts=1))
    wires = Routed(
        slowly(5, "who-knows"),
        slowly(5, "ok"),
        routes=[Route(accounts=("a", "b"), on_ambiguous="resend")],
        policies={"a": resend, "b": resend},
    )

    async def story(client: Client) -> list[Accepted]:
        return list(await asyncio.gather(once(client), once(client)))

    assert ["b:id-order-71"] * 2 == [str(each.id) for each in wires.run(story)]
    assert {"a": 1, "b": 1} == wires.asked()


def test_messages_with_one_reference_keep_their_outcomes_apart() -> None:
    """Two messages of an account, handed over with and without its name, share no outcome."""

    def reply(request: Request) -> Any:
        assert isinstance(request.body, bytes)
        (message,) = orjson.loads(request.body)["messages"]
        is_first = message["to"] == NUMBER
        return slowly(5 if is_first else 6, "ok" if is_first else "no-such-number")(request)

    wires = Routed(saying_("ok"), reply, routes=[Route(accounts=("b",))])
    named = {"to": "+37255599999", "account": "b"}

    def send(client: Client, to: str, **options: Any) -> Any:
        return outcome_of(client, Message(to, TEXT, reference="order-71"), **options)

    async def story(client: Client) -> list[str]:
        calls = [send(client, NUMBER), send(client, **named)]
        tasks = [asyncio.create_task(each) for each in calls]
        await asyncio.sleep(1)
        for each in tasks:
            each.cancel()
        await asyncio.sleep(10)
        return [(await send(client, NUMBER)).kind, (await send(client, **named)).kind]

    assert ["accepted", "rejected"] == wires.run(story)
    assert {"a": 0, "b": 3} == wires.asked()


async def test_a_doubt_of_a_named_account_ends_for_it_alone() -> None:
    """A settled doubt of one named account leaves another account's doubt open."""
    async with Server(*saying("who-knows", "who-knows")) as server:
        client = tenants(
            server, policies={each: Policy(retry=RetryPolicy(attempts=1)) for each in "ab"}
        )
        receiver = tracking(client)
        for account in ("a", "b"):
            with pytest.raises(AmbiguousError):
                await client.send(Message(NUMBER, TEXT, reference="order-71"), account=account)
        await end_doubt(receiver, "a:id-7")
        accepted = await client.send(Message(NUMBER, TEXT, reference="order-71"), account="a")
        with pytest.raises(AmbiguousError):
            await client.send(Message(NUMBER, TEXT, reference="order-71"), account="b")
        await client.aclose()

    assert "a:id-7" == str(accepted.id)
    assert 2 == len(server.requests)


async def test_a_report_of_another_account_ends_no_doubt() -> None:
    """A message with the same reference at another account proves nothing."""
    async with Server(*saying("who-knows")) as server, routed(server) as client:
        receiver = tracking(client)
        with pytest.raises(AmbiguousError):
            await once(client)
        await end_doubt(receiver, "b:other")
        with pytest.raises(AmbiguousError):
            await once(client)
        await end_doubt(receiver, "a:mine")
        found = await once(client)

    assert "mine" == found.provider_id
    assert 1 == len(server.requests)


async def test_a_leg_whose_caller_gave_up_is_heard_of_at_its_own_account() -> None:
    """A message whose caller was cancelled while a leg was in flight is not resent.

    The leg goes through another account than the caller named.
    """
    go_on, accept_later = accepting_later()
    async with Server(*saying("no-channel"), accept_later) as server, tenants(server) as client:
        first = asyncio.create_task(client.send(with_leg_at_b(), account="a"))
        await until_arrived(server, 2)
        await give_up(first)
        go_on.set()
        accepted = await client.send(with_leg_at_b(), account="a")

    assert "b:id-order-71" == str(accepted.id)
    assert 2 == len(server.requests)


async def test_a_doubt_about_a_leg_ends_at_its_own_account() -> None:
    """A leg's doubt settled at the leg's account counts for the account that the caller named."""
    async with Server(*saying("no-channel", "who-knows")) as server, tenants(server) as client:
        receiver = tracking(client)
        with pytest.raises(AmbiguousError):
            await client.send(with_leg_at_b(), account="a")
        await end_doubt(receiver, "b:id-7")
        accepted = await client.send(with_leg_at_b(), account="a")

    assert "b:id-7" == str(accepted.id)
    assert 2 == len(server.requests)


@pytest.mark.parametrize("is_leg", [False, True])
def test_a_doubt_outlives_a_caller_that_gives_up_at_the_next_account(is_leg: bool) -> None:
    """The first account may have sent it, so it is not sent again although the next one has not."""
    resend = Policy(on_ambiguous=OnAmbiguous.RESEND, retry=RetryPolicy(attempts=1))
    own = Policy(limits=Limits(concurrency=1))
    way: dict[str, Any] = (
        {"fallback": [Leg(channel="sms", account="b")], "channel": "whatsapp"} if is_leg else {}
    )
    route = Route(accounts=("a",) if is_leg else ("a", "b"), on_ambiguous="resend")
    wires = Routed(
        saying_("who-knows"), slowly(5.0, "ok"), routes=[route], policies={"a": resend, "b": own}
    )
    message = Message(NUMBER, TEXT, reference="order-71", **way)

    async def story(client: Client) -> tuple[int, Outcome]:
        other = asyncio.create_task(client.send(*texts(1), account="b"))
        await asyncio.sleep(1)
        call = asyncio.create_task(client.send(message))
        await asyncio.sleep(1)
        call.cancel()
        await other
        asked = wires.asked()["a"]
        return asked, await outcome_of(client, message)

    asked, again = wires.run(story)

    assert (1, "ambiguous") == (asked, again.kind)
    assert {"a": 1, "b": 1} == wires.asked()


def test_a_doubt_at_the_second_account_outlives_a_caller_that_gives_up_at_the_third() -> None:
    """A refusal before the doubt takes nothing from it."""
    own = {each: Policy(retry=RetryPolicy(attempts=1)) for each in "ab"}
    own["c"] = Policy(limits=Limits(concurrency=1))
    route = Route(accounts=("a", "b", "c"), on_ambiguous="resend", sender="Shop")
    replies = saying_("no-money"), saying_("who-knows"), slowly(5.0, "ok")
    wires = Routed(*replies, routes=[route], policies=own)
    message = Message(NUMBER, TEXT, reference="order-71")

    async def story(client: Client) -> Outcome:
        other = asyncio.create_task(client.send(*texts(1), account="c"))
        await asyncio.sleep(1)
        call = asyncio.create_task(client.send(message))
        await asyncio.sleep(1)
        call.cancel()
        await other
        return await outcome_of(client, message)

    again = wires.run(story)

    assert ("ambiguous", "b") == (again.kind, again.account)
    assert {"a": 1, "b": 1, "c": 1} == wires.asked()


def test_a_doubt_ends_when_the_next_account_accepts_the_message_without_its_caller() -> None:
    """A message that was accepted after its caller gave up is known as accepted."""
    policy = Policy(retry=RetryPolicy(attempts=1))
    route = Route(accounts=("a", "b"), on_ambiguous="resend")
    replies = saying_("who-knows"), slowly(5.0, "ok")
    wires = Routed(*replies, routes=[route], policies={"a": policy, "b": policy})
    message = Message(NUMBER, TEXT, reference="order-71")

    async def story(client: Client) -> Outcome:
        call = asyncio.create_task(client.send(message))
        await asyncio.sleep(1)
        call.cancel()
        await asyncio.sleep(10)
        return await outcome_of(client, message)

    again = wires.run(story)

    assert ("accepted", "b") == (again.kind, again.account)
    assert {"a": 1, "b": 1} == wires.asked()


async def test_an_outcome_is_known_once_no_account_has_the_message_in_flight() -> None:
    """The outcome at one account says nothing while the message is in flight at another."""
    message = Message(NUMBER, TEXT, reference="order-71")
    accepted = Accepted(reference="order-71", account="a", provider_id="1")
    ended, pending = (asyncio.get_running_loop().create_future() for _ in range(2))
    ended.set_result(accepted)

    found = [
        known_outcome([(message, future, 0.0) for future in futures], message)
        for futures in ((), (ended,), (ended, pending), (pending, ended))
    ]

    assert [None, accepted, None, None] == found


async def test_the_outcome_of_another_message_is_not_that_of_a_message() -> None:
    """Messages with another reference or other words say nothing of a message."""
    message = Message(NUMBER, TEXT, reference="order-71")
    others = [
        Message(NUMBER, TEXT, reference="order-72"),
        Message(NUMBER, "Other", reference="order-71"),
    ]
    accepted = Accepted(reference="order-71", account="a", provider_id="1")
    ended, pending = (asyncio.get_running_loop().create_future() for _ in range(2))
    ended.set_result(accepted)
    elsewhere = [(each, future, 0.0) for each in others for future in (ended, pending)]

    assert [None, accepted] == [
        known_outcome(elsewhere, message),
        known_outcome([*elsewhere, (message, ended, 0.0)], message),
    ]
