"""A reference sent again: no message is sent twice, and none is lost."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import orjson
import pytest
from support.adapters import NUMBER, TEXT, ManualClock, references, result, results, texts, tiny
from support.adapters import accepted as accepted_
from support.routed import Routed, outcome_of, slowly
from support.routed import saying as saying_
from support.servers import Server, Visit, answer, hold
from support.thread_server import accept, server_in_thread, wait_for

from omnimsg import (
    Accepted,
    AmbiguousError,
    Channel,
    Client,
    Leg,
    Limits,
    Message,
    MessageId,
    NotSentError,
    Observer,
    OnAmbiguous,
    OutcomeKnown,
    OutcomeUnclaimed,
    Policy,
    Priority,
    Reason,
    RejectedError,
    Retry,
    RetryPolicy,
)
from omnimsg.engine.delivery_events import DoubtEnded
from omnimsg.idempotency import idempotency
from omnimsg.routing import Route, RouteLimits

if TYPE_CHECKING:
    from support.servers import Act

    from omnimsg import Outcome
    from omnimsg.adapter import Request, Response

pytestmark = pytest.mark.anyio


def saying(*words: str) -> list[Act]:
    """Build acts that answer one request after another with these results."""

    def act(word: str) -> Act:
        async def say(visit: Visit) -> None:
            messages = orjson.loads(visit.received.body)["messages"]
            document = {"results": [result(each["ref"], word) for each in messages]}
            await answer(200, orjson.dumps(document))(visit)

        return say

    return [act(word) for word in words]


def accepting_later() -> tuple[asyncio.Event, Act]:
    """Return an act that accepts once an event is set, and the event."""
    go_on = asyncio.Event()

    async def accept_later(visit: Visit) -> None:
        await go_on.wait()
        await accept(visit)

    return go_on, accept_later


def once(client: Client, **fields: Any) -> Any:
    """Send the same message; `fields` change it."""
    given: dict[str, Any] = {"to": NUMBER, "content": TEXT, "reference": "order-71", **fields}
    return client.send(Message(**given))


def end_doubt(client: Client, message_id: str) -> None:
    """Report that the doubtful message is with the provider, as the tracker does."""
    found_id = MessageId(message_id)
    found = DoubtEnded(account=found_id.account, reference="order-71", id=found_id)
    client._observers.doubt_ended(found)  # type: ignore[misc]  # noqa: SLF001 - as the tracker


def patient(server: Server, **policy: Any) -> Client:
    """Build a client that makes one attempt, one request at a time."""
    own: dict[str, Any] = {
        "limits": Limits(concurrency=1),
        "retry": RetryPolicy(attempts=1),
        **policy,
    }
    return Client([tiny(server.url, max_messages=1)], policies={"main": Policy(**own)})


async def until_left(client: Client, requests: int, server: Server) -> None:
    """Wait until this many requests have arrived."""
    with anyio.fail_after(10):
        while len(server.requests) < requests:  # noqa: ASYNC110 - the server is a list
            await asyncio.sleep(0)
    assert client.health()["main"].under_way


async def test_what_was_accepted_is_not_sent_again() -> None:
    """An accepted message sent again returns the first outcome, without a request."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        first = await once(client)
        second = await once(client)

    assert first is second
    assert 1 == len(server.requests)


async def test_two_at_once_share_one_hand_over() -> None:
    """Concurrent sends of one reference share one request and its outcome."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        accepted = await asyncio.gather(*(once(client) for _ in range(10)))

    assert {"id-order-71"} == {each.provider_id for each in accepted}
    assert 1 == len(server.requests)


async def test_another_message_with_the_reference_is_refused() -> None:
    """Another message with a known reference is refused; the error names the differing fields."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        await once(client)
        with pytest.raises(NotSentError) as caught:
            await once(client, to="+37255599999", content="Another text", sender="Tables")

    assert (Reason.INVALID_MESSAGE, Retry.NEVER, "reference") == (
        caught.value.reason,
        caught.value.retry,
        caught.value.failure.path,
    )
    assert "to, content, sender differ" in str(caught.value)
    assert "Another" not in str(caught.value)
    assert "555" not in str(caught.value)
    assert 1 == len(server.requests)


async def test_a_message_stays_the_same_whatever_is_noted_beside_it() -> None:
    """Another ttl, priority or metadata does not make it another message."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        await once(client, ttl=60)
        await once(client, ttl=30, priority=Priority.HIGH, metadata={"request": "2"})

    assert 1 == len(server.requests)


@pytest.mark.parametrize(
    ("word", "error"), [("no-such-number", RejectedError), ("slow-down", NotSentError)]
)
async def test_what_nobody_received_may_be_handed_over_again(word: str, error: Any) -> None:
    """A message that was rejected or not sent can be sent again."""
    async with Server(*saying(word, "ok")) as server, patient(server) as client:
        with pytest.raises(error):
            await once(client)
        accepted = await once(client)

    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


async def test_a_doubt_stays_a_doubt() -> None:
    """An ambiguous message sent again is not resent and stays ambiguous."""
    async with Server(*saying("who-knows", "ok")) as server, patient(server) as client:
        for _ in range(3):
            with pytest.raises(AmbiguousError) as caught:
                await once(client)

    assert Reason.PROVIDER_ERROR is caught.value.reason
    assert 1 == len(server.requests)


async def test_a_doubt_that_was_settled_is_an_acceptance() -> None:
    """An ambiguous message that a report or look-up found is `Accepted` when sent again."""
    async with Server(*saying("who-knows")) as server, patient(server) as client:
        with pytest.raises(AmbiguousError):
            await once(client)
        end_doubt(client, "main:late")
        accepted = await once(client)

    assert "main:late" == accepted.id


async def test_a_first_caller_that_gives_up_takes_nothing_from_the_second() -> None:
    """If the first caller is cancelled while the message waits, the second one sends it."""
    go_on, accept_later = accepting_later()
    async with Server(accept_later, accept) as server, patient(server) as client:
        before = asyncio.create_task(client.send(texts(1)[0]))
        await until_left(client, 1, server)
        first, second = (asyncio.create_task(once(client)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        go_on.set()
        accepted = await second
        await before

    assert first.cancelled()
    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


async def test_a_message_whose_caller_gave_up_is_not_sent_again() -> None:
    """A message whose caller was cancelled after it left is not resent.

    The second caller gets the outcome of the first send.
    """
    go_on, accept_later = accepting_later()
    async with Server(accept_later, accept) as server, patient(server) as client:
        first = asyncio.create_task(once(client))
        await until_left(client, 1, server)
        first.cancel()
        await asyncio.wait([first])
        second = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        go_on.set()
        accepted = await second

    assert "id-order-71" == accepted.provider_id
    assert 1 == len(server.requests)


@pytest.mark.parametrize(
    "routes", [[], [Route(accounts=("main",), ttl=60)]], ids=["account", "route"]
)
async def test_a_message_that_is_cancelled_in_its_turn_may_be_handed_over_again(
    routes: list[Route],
) -> None:
    """A message cancelled in the loop iteration of its hand-over can be sent again."""
    async with Server(accept) as server, Client([tiny(server.url)], routes=routes) as client:
        first = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        message = Message(NUMBER, TEXT, reference="order-71")
        accepted = await client.send(message, deadline=5)

    assert first.cancelled()
    assert "id-order-71" == accepted.provider_id
    assert 1 == len(server.requests)


async def test_a_message_that_was_taken_back_may_be_handed_over_again() -> None:
    """A message cancelled in the queue can be sent again at once."""
    go_on, accept_later = accepting_later()
    async with Server(accept_later, accept) as server, patient(server) as client:
        before = asyncio.create_task(client.send(texts(1)[0]))
        await until_left(client, 1, server)
        first = asyncio.create_task(once(client))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.wait([first])
        await asyncio.sleep(0)
        waiting = client.health()["main"].waiting
        go_on.set()
        accepted = await once(client)
        await before

    assert 0 == waiting
    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


async def test_an_outcome_that_comes_with_the_cancellation_counts() -> None:
    """An outcome that comes together with the caller's cancellation is remembered."""
    async with Server(accept) as server, patient(server) as client:
        sending: list[asyncio.Task[Accepted]] = []

        class Cancelling(Observer):
            def outcome_known(self, _: object) -> None:
                sending[0].cancel()

        client._observers.add(Cancelling())  # noqa: SLF001 - between the outcome and its caller
        sending.append(asyncio.create_task(once(client)))
        await asyncio.wait(sending)
        accepted = await once(client)

    assert sending[0].cancelled()
    assert "id-order-71" == accepted.provider_id
    assert 1 == len(server.requests)


def test_an_outcome_that_follows_the_cancellation_at_once_counts() -> None:
    """An outcome that comes after the cancellation, before the caller notices it, is remembered."""
    sending: list[asyncio.Task[Accepted]] = []

    def reply(request: Request) -> Response:
        sending[0].cancel()
        return accepted_(request)

    wires = Routed(reply)

    async def story(client: Client) -> str:
        sending.append(asyncio.create_task(once(client)))
        await asyncio.wait(sending)
        return (await client.send(Message(NUMBER, TEXT, reference="order-71"), deadline=5)).id

    assert "a:id-order-71" == wires.run(story)
    assert sending[0].cancelled()
    assert {"a": 1} == wires.asked()


async def test_whoever_waits_for_another_keeps_a_deadline_of_their_own() -> None:
    """A second caller whose deadline passes before the first has an outcome is told of a doubt."""
    async with Server(hold) as server:
        client = patient(server)
        first = asyncio.create_task(once(client))
        await until_left(client, 1, server)
        with pytest.raises(AmbiguousError, match="had no outcome in time"):
            await client.send(Message(NUMBER, TEXT, reference="order-71"), deadline=0.02)
        first.cancel()
        await client.aclose(deadline=0)
        with suppress(asyncio.CancelledError):
            await first

    assert 1 == len(server.requests)


async def test_a_message_that_waits_for_its_route_is_forgotten_with_its_caller() -> None:
    """A message cancelled while it waits for its route's limit can be sent again."""
    limited = Route(accounts=("main",), limits=RouteLimits(messages_per_second=0.1))
    async with Server(accept) as server:
        client = Client([tiny(server.url)], routes=[limited])
        await client.send(texts(1)[0])
        first = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        message = Message(NUMBER, TEXT, reference="order-71")
        accepted = await client.send(message, account="main")
        await client.aclose()

    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


def routed(server: Server, **policy: Any) -> Client:
    """Build a client with a route from "a" to "b"; both make one attempt."""
    own: dict[str, Any] = {"limits": Limits(concurrency=1), "retry": RetryPolicy(attempts=1)}
    return Client(
        [tiny(server.url, name=name, max_messages=1) for name in "ab"],
        default="a",
        routes=[Route(accounts=("a", "b"))],
        policies={name: Policy(**{**own, **policy}) for name in "ab"},
    )


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


@pytest.mark.parametrize("leaves_at", [1, 2])
async def test_a_routed_message_whose_caller_gave_up_is_not_sent_again(leaves_at: int) -> None:
    """A routed message whose caller was cancelled after it left is not resent.

    It may have left through the first account or the next one.
    """
    go_on, accept_later = accepting_later()
    acts = [*saying("slow-down")[: leaves_at - 1], accept_later]
    async with Server(*acts, accept) as server, routed(server) as client:
        first = asyncio.create_task(once(client))
        with anyio.fail_after(10):
            while len(server.requests) < leaves_at:  # noqa: ASYNC110 - the server is a list
                await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        second = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        go_on.set()
        accepted = await second

    assert "ab"[leaves_at - 1] == accepted.account
    assert leaves_at == len(server.requests)


async def test_a_second_caller_that_gives_up_leaves_what_has_left_too() -> None:
    """A message is not resent if one caller was cancelled before it left and another after."""
    go_on, accept_later = accepting_later()
    async with Server(accept_later, accept_later, accept) as server, routed(server) as client:
        before = asyncio.create_task(client.send(texts(1)[0]))
        with anyio.fail_after(10):
            while not server.requests:  # noqa: ASYNC110 - the server is a list
                await asyncio.sleep(0)
        first, second = (asyncio.create_task(once(client)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        await asyncio.sleep(0)
        with anyio.fail_after(10):
            while len(server.requests) < 2:
                go_on.set()
                await asyncio.sleep(0)
                go_on.clear()
        second.cancel()
        await asyncio.wait([second])
        third = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        go_on.set()
        accepted = await third
        await before

    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


def tenants(server: Server, **options: Any) -> Client:
    """Build a client with a default account and two others."""
    adapters = [tiny(server.url, name=name) for name in ("main", "a", "b")]
    return Client(adapters, default="main", **options)


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


async def test_a_doubt_of_a_named_account_ends_for_it_alone() -> None:
    """A settled doubt of one named account leaves another account's doubt open."""
    async with Server(*saying("who-knows", "who-knows")) as server:
        client = tenants(
            server, policies={each: Policy(retry=RetryPolicy(attempts=1)) for each in "ab"}
        )
        for account in ("a", "b"):
            with pytest.raises(AmbiguousError):
                await client.send(Message(NUMBER, TEXT, reference="order-71"), account=account)
        end_doubt(client, "a:id-7")
        accepted = await client.send(Message(NUMBER, TEXT, reference="order-71"), account="a")
        with pytest.raises(AmbiguousError):
            await client.send(Message(NUMBER, TEXT, reference="order-71"), account="b")
        await client.aclose()

    assert "a:id-7" == str(accepted.id)
    assert 2 == len(server.requests)


def with_leg_at_b() -> Message:
    """Build a message whose second leg goes through account "b"."""
    leg = Leg(channel=Channel.SMS, account="b")
    return Message(NUMBER, TEXT, channel=Channel.WHATSAPP, reference="order-71", fallback=(leg,))


async def test_a_leg_whose_caller_gave_up_is_heard_of_at_its_own_account() -> None:
    """A message whose caller was cancelled while a leg was in flight is not resent.

    The leg goes through another account than the caller named.
    """
    go_on, accept_later = accepting_later()
    async with Server(*saying("no-channel"), accept_later) as server, tenants(server) as client:
        first = asyncio.create_task(client.send(with_leg_at_b(), account="a"))
        with anyio.fail_after(10):
            while len(server.requests) < 2:  # noqa: ASYNC110 - the server is a list
                await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        go_on.set()
        accepted = await client.send(with_leg_at_b(), account="a")

    assert "b:id-order-71" == str(accepted.id)
    assert 2 == len(server.requests)


async def test_a_doubt_about_a_leg_ends_at_its_own_account() -> None:
    """A leg's doubt settled at the leg's account counts for the account that the caller named."""
    async with Server(*saying("no-channel", "who-knows")) as server, tenants(server) as client:
        with pytest.raises(AmbiguousError):
            await client.send(with_leg_at_b(), account="a")
        end_doubt(client, "b:id-7")
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


def test_a_doubt_about_a_message_that_was_given_up_is_no_doubt_about_another() -> None:
    """An hour after a given-up call left a doubt, its reference is free for another message."""
    resend = Policy(on_ambiguous=OnAmbiguous.RESEND, retry=RetryPolicy(attempts=1))
    words = iter(["who-knows", "no-such-number", "ok"])

    def reply(request: Request) -> Any:
        return saying_(next(words))(request)

    wires = Routed(
        reply,
        slowly(5.0, "no-such-number"),
        routes=[Route(accounts=("a", "b"), on_ambiguous="resend")],
        policies={"a": resend, "b": resend},
    )

    async def story(client: Client) -> list[str]:
        given_up = asyncio.create_task(once(client))
        await asyncio.sleep(1)
        given_up.cancel()
        await asyncio.sleep(10)
        message = Message(NUMBER, TEXT, reference="order-71")
        before = await outcome_of(client, message)
        await asyncio.sleep(idempotency.KEPT_FOR)
        return [before.kind, *[(await outcome_of(client, message)).kind for _ in range(2)]]

    assert ["ambiguous", "rejected", "accepted"] == wires.run(story)
    assert {"a": 3, "b": 1} == wires.asked()


async def test_generated_references_are_nobodys_key() -> None:
    """A message with a generated reference that is sent twice goes out twice."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        message = Message(NUMBER, TEXT)
        await client.send(message)
        await client.send(message)

    assert 2 == len(server.requests)


async def test_a_stream_remembers_nothing() -> None:
    """`send_many` does not deduplicate by reference."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        await once(client)
        again = [Message(NUMBER, TEXT, reference="order-71")]
        outcomes = [each async for each in client.send_many(again)]

    assert ["accepted"] == [each.kind for each in outcomes]
    assert 2 == len(server.requests)


async def test_it_is_remembered_for_an_hour() -> None:
    """A reference is remembered for an hour, then it is free for another message."""
    clock = ManualClock()
    async with Server(accept) as server, Client([tiny(server.url)], clock=clock) as client:
        await once(client)
        clock.now += idempotency.KEPT_FOR
        await once(client)
        clock.now += 1
        await once(client, content="Another text")
        known = len(client._idempotency.known)  # noqa: SLF001 - memory is what is tested

    assert 1 == known
    assert 2 == len(server.requests)


@pytest.mark.parametrize("route", [None, Route(accounts=("main",), ttl=60)])
async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, route: Route | None) -> None:
    """Beyond the limit or the hour, the oldest references are dropped, with and without a route."""
    monkeypatch.setattr(idempotency, "KEPT", 10)
    clock, routes = ManualClock(), [] if route is None else [route]
    async with (
        Server(accept) as server,
        Client([tiny(server.url)], routes=routes, clock=clock) as client,
    ):
        for each in texts(30):
            await client.send(each)
        bounded = len(client._idempotency.known)  # noqa: SLF001 - memory is what is tested
        for each in texts(20, start=100):
            await client.send(each)
        last = list(client._idempotency.known)  # noqa: SLF001
        clock.now += 2 * idempotency.KEPT_FOR
        for each in texts(1, start=200):
            await client.send(each)
        recent = list(client._idempotency.known)  # noqa: SLF001

    assert 10 == bounded
    assert [f"r{number}" for number in range(110, 120)] == last
    assert ["r200"] == recent


def test_a_message_in_flight_is_remembered_for_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond the limit, a message whose outcome is not known stays, and others go in its place."""
    monkeypatch.setattr(idempotency, "KEPT", 3)

    async def reply(request: Request) -> Response:
        if references(request) == ["order-71"]:
            await asyncio.sleep(30)
        return accepted_(request)

    wires = Routed(reply, policies={"a": Policy(limits=Limits(linger=0))})

    async def story(client: Client) -> tuple[int, list[Outcome]]:
        first = asyncio.create_task(once(client))
        await asyncio.sleep(1)
        for each in texts(10):
            await client.send(each)
        known = len(client._idempotency.known)  # noqa: SLF001 - memory is what is tested
        return known, [await once(client), await first]

    known, (again, first) = wires.run(story)

    assert 3 == known
    assert again is first
    assert {"a": 11} == wires.asked()


def test_memory_shrinks_after_more_messages_than_the_limit_were_in_flight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Messages beyond the limit are forgotten as others follow them, and not only after an hour."""
    monkeypatch.setattr(idempotency, "KEPT", 3)
    wires = Routed(slowly(5, "ok"))

    async def story(client: Client) -> tuple[int, list[object]]:
        await asyncio.gather(*map(client.send, texts(9)))
        at_once = len(client._idempotency.known)  # noqa: SLF001 - memory is what is tested
        for each in texts(6, start=100):
            await client.send(each)
        return at_once, list(client._idempotency.known)  # noqa: SLF001

    at_once, last = wires.run(story)

    assert 9 == at_once
    assert ["r103", "r104", "r105"] == last


def test_a_repetition_waits_for_the_answer_to_a_caller_that_is_gone() -> None:
    """A message that has left is not sent again: its repetition gets the answer when it comes."""
    wires = Routed(slowly(5, "ok"))

    async def story(client: Client) -> tuple[str, float]:
        began = wires.loop.now
        first = asyncio.create_task(once(client))
        await asyncio.sleep(1)
        first.cancel()
        return (await once(client)).provider_id, wires.loop.now - began

    provider_id, seconds = wires.run(story)

    assert "id-order-71" == provider_id
    assert pytest.approx(5, abs=0.5) == seconds
    assert {"a": 1} == wires.asked()


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


async def test_a_report_of_another_account_ends_no_doubt() -> None:
    """A message with the same reference at another account proves nothing."""
    async with Server(*saying("who-knows")) as server, routed(server) as client:
        with pytest.raises(AmbiguousError):
            await once(client)
        end_doubt(client, "b:other")
        with pytest.raises(AmbiguousError):
            await once(client)
        end_doubt(client, "a:mine")
        found = await once(client)

    assert "mine" == found.provider_id
    assert 1 == len(server.requests)


def test_a_message_that_waits_for_more_than_an_hour_is_still_known() -> None:
    """Only outcomes grow old: a message that waits for the limit of its route is not sent twice."""
    route = Route(accounts=("a",), limits=RouteLimits(messages_per_second=1 / 5000))
    wires = Routed(saying_("ok"), routes=[route])
    message = Message(NUMBER, TEXT, reference="order-71")

    async def story(client: Client) -> list[Outcome]:
        await client.send(*texts(1))
        first = asyncio.create_task(outcome_of(client, message, deadline=9000))
        await asyncio.sleep(4000)
        await client.send(*texts(1, start=1), account="a")  # when old outcomes are dropped
        return [await outcome_of(client, message, deadline=9000), await first]

    second, first = wires.run(story)

    assert "accepted" == first.kind == second.kind
    assert {"a": 3} == wires.asked()


@pytest.mark.parametrize("is_routed", [True, False])
def test_an_outcome_that_is_dropped_at_once_reaches_whoever_waits_for_it(is_routed: bool) -> None:
    """A message that took more than an hour is not sent again if its outcome is dropped at once."""
    slow: dict[str, Any] = {"messages_per_second": 1 / 5000}
    wires = Routed(
        saying_("ok"),
        saying_("ok"),
        routes=[Route(accounts=("a",), limits=RouteLimits(**slow))] if is_routed else [],
        policies={} if is_routed else {"a": Policy(limits=Limits(**slow))},
    )
    message = Message(NUMBER, TEXT, reference="order-71")
    tasks: list[asyncio.Task[Outcome]] = []

    class Sweeping(Observer):
        def outcome_known(self, event: OutcomeKnown) -> None:
            """Send another message, which drops old outcomes, before the repetition gets its."""
            if event.messages == (message,):
                other = client.send(*texts(1, start=1), account="b")
                tasks.append(asyncio.create_task(other))

    client = wires.client
    client._observers.add(Sweeping())  # noqa: SLF001 - between the outcome and its callers

    async def story(client: Client) -> list[Outcome]:
        await client.send(*texts(1))
        calls = (outcome_of(client, message, deadline=20_000) for _ in range(2))
        outcomes = await asyncio.gather(*calls)
        await asyncio.wait(tasks)
        return outcomes

    first, second = wires.run(story)

    assert first is second
    assert {"a": 2, "b": 1} == wires.asked()


@pytest.mark.parametrize("kept", [idempotency.KEPT, 1])
def test_a_message_without_a_caller_is_known_until_its_outcome_comes(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """A message under way for more than an hour is not dropped when its caller is cancelled.

    Nor does it make room for another one in that moment.
    """
    monkeypatch.setattr(idempotency, "KEPT", kept)
    wires = Routed(slowly(5000, "ok"), saying_("ok"))

    async def story(client: Client) -> str:
        message = Message(NUMBER, TEXT, reference="order-71")
        first = asyncio.create_task(client.send(message, deadline=9000))
        await asyncio.sleep(4000)
        # Drops old outcomes, before the first caller notices that it is cancelled.
        other = asyncio.create_task(client.send(*texts(1), account="b"))
        first.cancel()
        await other
        return (await client.send(message, deadline=9000)).id

    assert "a:id-order-71" == wires.run(story)
    assert {"a": 1, "b": 1} == wires.asked()


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


def test_a_doubt_that_is_dropped_at_once_outlives_the_next_account() -> None:
    """The first account may have sent it after an hour, and its doubt is dropped at once."""
    others: list[asyncio.Task[Accepted]] = []

    async def reply(request: Request) -> Response:
        await asyncio.sleep(4000)
        # Drops old outcomes, before the caller goes on to the next account.
        others.append(asyncio.create_task(wires.client.send(*texts(1), account="c")))
        return results({"order-71": "who-knows"})

    resend = Policy(on_ambiguous=OnAmbiguous.RESEND, retry=RetryPolicy(attempts=1))
    wires = Routed(
        reply,
        slowly(50, "no-such-number"),
        saying_("ok"),
        routes=[Route(accounts=("a", "b"), on_ambiguous="resend")],
        policies={"a": resend, "b": resend},
    )
    message = Message(NUMBER, TEXT, reference="order-71")

    async def story(client: Client) -> str:
        first = asyncio.create_task(outcome_of(client, message, deadline=9000))
        await asyncio.sleep(4001)
        first.cancel()
        await asyncio.gather(*others)
        return (await outcome_of(client, message, deadline=9000)).kind

    assert "ambiguous" == wires.run(story)
    assert {"a": 1, "b": 1, "c": 1} == wires.asked()


def test_whoever_takes_over_a_message_keeps_the_deadline() -> None:
    """The time for which a second caller has waited for the first one counts."""
    wires = Routed(slowly(3600, "ok"), policies={"a": Policy(limits=Limits(concurrency=1))})

    async def story(client: Client) -> tuple[str, float]:
        other = asyncio.create_task(outcome_of(client, *texts(1), deadline=60))
        await asyncio.sleep(1)
        first = asyncio.create_task(once(client))
        await asyncio.sleep(1)
        began = wires.loop.now
        second = asyncio.create_task(
            outcome_of(client, Message(NUMBER, TEXT, reference="order-71"), deadline=10)
        )
        await asyncio.sleep(6)
        first.cancel()
        outcome = await second
        seconds = wires.loop.now - began
        await other
        return outcome.kind, seconds

    kind, seconds = wires.run(story)

    assert "not_sent" == kind
    assert pytest.approx(10, abs=0.5) == seconds


async def test_what_became_of_a_message_without_a_caller_is_told() -> None:
    """Observers get the outcome of a message whose caller was cancelled after it left."""
    told: list[OutcomeUnclaimed] = []

    class Watching(Observer):
        def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
            told.append(event)

    go_on, accept_later = accepting_later()
    async with Server(accept_later) as server:
        client = Client([tiny(server.url)], observers=[Watching()])
        sending = asyncio.create_task(client.send(texts(1)[0]))
        await until_left(client, 1, server)
        sending.cancel()
        await asyncio.wait([sending])
        go_on.set()
        await client.aclose()

    (event,) = told
    assert ("main", "r0", "accepted") == (
        event.account,
        event.message.reference,
        event.outcome.kind,
    )


async def test_what_waits_for_its_route_without_a_caller_was_not_sent() -> None:
    """Observers get `NotSent` for a message cancelled while it waited for its route's limit."""
    told: list[OutcomeUnclaimed] = []

    class Watching(Observer):
        def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
            told.append(event)

    limited = Route(accounts=("main",), limits=RouteLimits(messages_per_second=0.1))
    async with Server(accept) as server:
        client = Client([tiny(server.url)], routes=[limited], observers=[Watching()])
        await client.send(texts(1)[0])
        sending = asyncio.create_task(client.send(texts(1, start=1)[0]))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait([sending])
        await client.aclose()

    assert [("main", "r1", "not_sent")] == [
        (each.account, each.message.reference, each.outcome.kind) for each in told
    ]


def test_a_message_under_way_in_another_event_loop_is_in_doubt() -> None:
    """A message in flight in another event loop is ambiguous when it is sent again here."""
    go_on = threading.Event()
    outcomes: list[Outcome] = []

    async def accept_later(visit: Visit) -> None:
        await asyncio.to_thread(go_on.wait)
        await accept(visit)

    with server_in_thread(accept_later) as server:
        client = Client([tiny(server.url)])
        other = threading.Thread(target=lambda: outcomes.append(asyncio.run(once(client))))
        other.start()
        wait_for(server.arrived)
        with pytest.raises(AmbiguousError, match="in another event loop or process"):
            asyncio.run(once(client))
        go_on.set()
        other.join()
        outcomes.append(asyncio.run(once(client)))

    assert ["accepted"] * 2 == [each.kind for each in outcomes]
    assert 1 == len(server.requests)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_loop_that_was_closed_without_a_word_leaves_a_doubt(is_cancelled: bool) -> None:
    """A message in flight in a loop that was closed is ambiguous when it is sent again.

    So is one whose call was cancelled just before.
    """
    with server_in_thread(hold) as server:
        client = Client([tiny(server.url)])
        loop = asyncio.new_event_loop()
        sending = loop.create_task(once(client))
        loop.run_until_complete(asyncio.to_thread(wait_for, server.arrived))
        loop.run_until_complete(loop.shutdown_default_executor())
        if is_cancelled:
            sending.cancel()
        loop.close()
        for _ in range(2):
            with pytest.raises(AmbiguousError):
                asyncio.run(once(client))
        del sending

    assert 1 == len(server.requests)
