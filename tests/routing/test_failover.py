"""Failover: which messages move to another account, and what the caller gets."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from support.adapters import (
    CAPABILITIES,
    FakeTransport,
    Reply,
    TinyAdapter,
    references,
    results,
    texts,
)
from support.routed import Routed, accepted, outcome_of, pausing, saying, slowly, unreachable

from omnimsg import (
    Accepted,
    Ambiguous,
    Channel,
    Client,
    Media,
    MediaItem,
    MediaKind,
    Message,
    NotSent,
    Observer,
    OnAmbiguous,
    Outcome,
    OutcomeKnown,
    Reason,
    Rejected,
    Route,
    Stored,
)
from omnimsg.adapter import (
    ChannelCapabilities,
    CodeRow,
    CodeTable,
    Context,
    Effect,
    MediaLimit,
    Request,
    Response,
    Verdict,
)
from omnimsg.domain.serialization import outcome_from_json, outcome_to_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence


def reason_of(outcome: Outcome) -> Reason | None:
    """Return an outcome's reason; `None` for an acceptance."""
    return None if isinstance(outcome, Accepted) else outcome.reason


ALL = (Route(accounts=("a", "b", "c")),)


@pytest.mark.parametrize("reply", [unreachable, saying("no-money"), saying("slow-down")])
@pytest.mark.parametrize("stream", [False, True])
def test_the_next_account_takes_over(reply: Reply, stream: bool) -> None:
    """A message that the first account has not sent is sent by the second, with its history."""
    routed = Routed(reply, accepted, accepted, routes=ALL)

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert isinstance(outcome, Accepted)
    assert "b:id-r0" == str(outcome.id)
    assert [("a", "not_sent")] == [(each.account, each.kind) for each in outcome.earlier]
    assert {"a": 1, "b": 1, "c": 0} == routed.asked()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (saying("no-such-number"), Rejected),
        (saying("who-knows"), Ambiguous),
        (lambda _: Response(500), Ambiguous),
        (lambda _: Response(404, b"<html>not here</html>"), NotSent),
        (lambda _: Response(401), NotSent),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_never_moves(reply: Reply, kind: type[Any], stream: bool) -> None:
    """Invalid numbers, ambiguous outcomes and answers of a proxy do not fail over."""
    routed = Routed(reply, accepted, routes=(Route(accounts=("a", "b")),))

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert kind is type(outcome)
    assert ("a", ()) == (outcome.account, outcome.earlier)
    assert 0 == routed.asked()["b"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_doubt_moves_where_the_route_says_so(stream: bool) -> None:
    """With the route's `resend`, an ambiguous message moves on, and may be accepted."""
    route = Route(accounts=("a", "b"), on_ambiguous="resend")
    routed = Routed(saying("who-knows"), accepted, routes=(route,))

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert ("accepted", "b") == (outcome.kind, outcome.account)
    assert ["ambiguous"] == [each.kind for each in outcome.earlier]


@pytest.mark.parametrize("stream", [False, True])
def test_a_rejection_stays_where_a_doubt_moves(stream: bool) -> None:
    """A route that resends doubts does not take a rejected message to the next account."""
    route = Route(accounts=("a", "b"), on_ambiguous="resend")
    routed = Routed(saying("no-such-number"), accepted, routes=(route,))

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert ("a", "rejected") == (outcome.account, outcome.kind)
    assert {"a": 1, "b": 0} == routed.asked()


@pytest.mark.parametrize("stream", [False, True])
def test_the_account_that_can_take_it_soonest_is_asked_once_more(stream: bool) -> None:
    """If all accounts ask for a pause, the message waits for the shortest one."""
    answers = iter([pausing(5)])

    def first_pausing(request: Request) -> Response | Awaitable[Response]:
        return next(answers, accepted)(request)

    routed = Routed(pausing(30), first_pausing, pausing(20), routes=ALL)

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert ("b", "accepted") == (outcome.account, outcome.kind)
    assert {"a": 1, "b": 2, "c": 1} == routed.asked()


def test_the_ttl_of_a_scheduled_message_begins_later() -> None:
    """A message with `send_at` reaches the next account with its whole ttl."""
    routed = Routed(slowly(10, "no-money"), accepted, routes=(Route(accounts=("a", "b")),))
    at = routed.loop.utc_now() + timedelta(hours=1)

    routed.send(Message("+37255500001", "x", ttl=60, send_at=at, reference="r0"))

    body = routed.wires["b"].requests[0].body
    assert isinstance(body, bytes)
    assert 60 == orjson.loads(body)["messages"][0]["ttl"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_message_whose_ttl_is_over_does_not_move(stream: bool) -> None:
    """A message that was refused after its ttl is not sent through the next account."""
    routed = Routed(slowly(10, "no-money"), accepted, routes=(Route(accounts=("a", "b")),))
    message = Message("+37255500001", "x", ttl=5, reference="r0")

    (outcome,) = routed.send_many([message]) if stream else [routed.send(message)]

    assert ("a", Reason.INSUFFICIENT_FUNDS) == (outcome.account, reason_of(outcome))
    assert {"a": 1, "b": 0} == routed.asked()


@pytest.mark.parametrize("stream", [False, True])
def test_a_doubt_is_only_bettered_by_an_acceptance(stream: bool) -> None:
    """With `resend`, a refusal by the second account leaves the message ambiguous."""
    route = Route(accounts=("a", "b"), on_ambiguous=OnAmbiguous.RESEND)
    routed = Routed(saying("who-knows"), saying("no-such-number"), routes=(route,))

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert ("ambiguous", "a") == (outcome.kind, outcome.account)
    assert [("b", "rejected")] == [(each.account, each.kind) for each in outcome.earlier]


def test_a_batch_moves_member_by_member() -> None:
    """Of a batch, only the messages that may move do, once each."""

    def mixed(request: Request) -> Response:
        words = {"r0": "ok", "r1": "no-money", "r2": "no-such-number", "r3": "slow-down"}
        return results({each: words[each] for each in references(request)})

    routed = Routed(mixed, accepted, routes=(Route(accounts=("a", "b")),))

    outcomes = routed.send_many(texts(4))

    assert [
        ("a", "accepted"),
        ("b", "accepted"),
        ("a", "rejected"),
        ("b", "accepted"),
    ] == [(each.account, each.kind) for each in outcomes]
    assert ["r1", "r3"] == references(routed.wires["b"].requests[0])
    assert [0, 1, 2, 3] == [each.position for each in outcomes]


@pytest.mark.parametrize("stream", [False, True])
def test_when_no_account_takes_it(stream: bool) -> None:
    """If all accounts fail, the outcome is the last one's, with the others as history."""
    replies = (saying("no-money"), saying("no-money"), saying("no-money"))
    routed = Routed(*replies, routes=ALL)

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert ("c", Reason.INSUFFICIENT_FUNDS) == (outcome.account, reason_of(outcome))
    assert ["a", "b"] == [each.account for each in outcome.earlier]


@pytest.mark.parametrize("stream", [False, True])
def test_what_no_account_has_taken_is_asked_once_more(stream: bool) -> None:
    """If all accounts fail, the one that may work soonest tries again, with its own retries."""
    words = iter(["slow-down", "slow-down", "ok"])

    def later(request: Request) -> Response:
        return results(dict.fromkeys(references(request), next(words)))

    routed = Routed(later, saying("no-money"), routes=(Route(accounts=("a", "b")),))

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert ("accepted", "a") == (outcome.kind, outcome.account)
    assert {"a": 3, "b": 1} == routed.asked()


@pytest.mark.parametrize("stream", [False, True])
def test_one_account_alone_has_its_own_retries(stream: bool) -> None:
    """A route with a single account uses that account's retries."""
    words = iter(["slow-down", "slow-down", "ok"])

    def later(request: Request) -> Response:
        return results(dict.fromkeys(references(request), next(words)))

    routed = Routed(accepted, later, routes=(Route(accounts=("b",)),))

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert ("accepted", "b", ()) == (outcome.kind, outcome.account, outcome.earlier)
    assert {"a": 0, "b": 3} == routed.asked()


def test_what_was_asked_says_more_than_an_open_circuit() -> None:
    """The outcome is that of the account that was asked; an open circuit is in its history."""

    class Strict(TinyAdapter):
        codes = CodeTable(
            CodeRow(code, "message", reason, verdict, description=code, source="Tiny")
            for code, reason, verdict in (
                ("no-sender", Reason.SENDER_NOT_ALLOWED, Verdict.REJECTED),
                ("no-money", Reason.INSUFFICIENT_FUNDS, Verdict.ACCOUNT),
            )
        )

    routed = Routed(
        saying("no-sender"),
        saying("no-money"),
        routes=(Route(accounts=("a", "b")),),
        kind=Strict,
    )

    async def story(client: Client) -> list[Outcome]:
        return [await outcome_of(client, each) for each in texts(3)]

    *_, outcome = routed.run(story)

    assert ("a", Reason.SENDER_NOT_ALLOWED) == (outcome.account, reason_of(outcome))
    assert [("b", Reason.INSUFFICIENT_FUNDS)] == [
        (each.account, reason_of(each)) for each in outcome.earlier
    ]
    assert {"a": 3, "b": 2} == routed.asked()


class Timed(FakeTransport):
    """A transport that records how many seconds each request may take."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.withins: list[float] = []

    async def exchange(self, request: Request, *, within: float, **more: Any) -> Response:
        """Record the seconds."""
        self.withins.append(within)
        return await super().exchange(request, within=within, **more)


@pytest.mark.parametrize("stream", [False, True])
def test_time_counts_on(stream: bool) -> None:
    """The second account has only what is left of the deadline."""
    routed = Routed(slowly(7.0, "slow-down"), accepted, routes=(Route(accounts=("a", "b")),))
    timed = Timed(accepted)
    routed.use("b", timed)

    (outcome,) = (
        routed.send_many(texts(1), deadline=10.0)
        if stream
        else [routed.send(texts(1)[0], deadline=10.0)]
    )

    assert "accepted" == outcome.kind
    assert [pytest.approx(3.0, abs=0.1)] == timed.withins


def test_ttl_counts_on() -> None:
    """The second account gets only what is left of the ttl."""
    routed = Routed(slowly(7.0, "slow-down"), accepted, routes=(Route(accounts=("a", "b")),))

    routed.send(texts(1, ttl=60)[0])

    body = routed.wires["b"].requests[0].body
    assert isinstance(body, bytes)
    assert 53 == orjson.loads(body)["messages"][0]["ttl"]


@pytest.mark.parametrize("stream", [False, True])
def test_no_time_to_ask_anybody(stream: bool) -> None:
    """A message whose first account is unwell and whose deadline is over has an outcome."""
    routed = Routed(unreachable, accepted, routes=(Route(accounts=("a", "b")),))

    async def story(client: Client) -> list[Outcome]:
        for each in texts(10):
            await client.send(each)
        late = texts(2, start=10)
        if stream:
            return [each async for each in client.send_many(late, deadline=0)]
        return [await outcome_of(client, each, deadline=0) for each in late]

    outcomes = routed.run(story)

    assert {("not_sent", Reason.DEADLINE_EXCEEDED)} == {
        (each.kind, each.failure.reason) for each in outcomes
    }
    assert 10 == routed.asked()["b"]


class Filing(TinyAdapter):
    """Tiny with pictures."""

    capabilities = attrs.evolve(
        CAPABILITIES,
        channels={
            Channel.SMS: ChannelCapabilities(
                content=frozenset({"media"}),
                media={MediaKind.IMAGE: MediaLimit()},
                sources=frozenset({"stored"}),
            )
        },
    )

    def sending(self, messages: Sequence[Message], context: Context) -> Request:
        """Build the request for a batch of pictures."""
        batch = [{"ref": each.reference} for each in messages]
        return self.post("/send", {"messages": batch}, Effect.SENDS)


def test_stored_media_stays_with_its_account() -> None:
    """A message with stored media does not move to another account; the history says why."""
    picture = Media((MediaItem(MediaKind.IMAGE, Stored(account="a", id="1")),))
    routed = Routed(unreachable, accepted, routes=(Route(accounts=("a", "b")),), kind=Filing)

    outcome = routed.send(Message("+37255500001", picture))

    assert ("a", Reason.CONNECTION_FAILED) == (outcome.account, reason_of(outcome))
    assert ("b", Reason.MEDIA_NEEDS_UPLOAD) in {
        (each.account, reason_of(each)) for each in outcome.earlier
    }
    assert 0 == routed.asked()["b"]


def test_the_history_survives_json() -> None:
    """An outcome with history is read back from JSON unchanged."""
    routed = Routed(unreachable, accepted, routes=(Route(accounts=("a", "b")),))

    outcome = routed.send(texts(1)[0])

    assert outcome == outcome_from_json(outcome_to_json(outcome))
    assert 1 == len(outcome.earlier)


@pytest.mark.parametrize("stream", [False, True])
def test_observers_hear_of_one_last_outcome(stream: bool) -> None:
    """Observers get only the final outcome of a message that moved, once."""

    class Ear(Observer):
        def __init__(self) -> None:
            self.heard: list[tuple[str, str]] = []

        def outcome_known(self, event: OutcomeKnown) -> None:
            self.heard += [(each.account, each.kind) for each in event.outcomes]

    ear = Ear()
    routed = Routed(unreachable, accepted, routes=(Route(accounts=("a", "b")),), observers=(ear,))

    if stream:
        routed.send_many(texts(1))
    else:
        routed.send(texts(1)[0])

    assert [("b", "accepted")] == ear.heard


@pytest.mark.parametrize("stream", [False, True])
def test_observers_hear_of_a_message_that_no_account_takes(stream: bool) -> None:
    """Where all accounts refuse a message, its outcome is told once."""
    told: list[Outcome] = []

    class Watching(Observer):
        def outcome_known(self, event: OutcomeKnown) -> None:
            told.extend(event.outcomes)

    routed = Routed(
        saying("no-money"),
        saying("no-money"),
        routes=(Route(accounts=("a", "b")),),
        observers=[Watching()],
    )

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert [(outcome.reference, "not_sent")] == [(each.reference, each.kind) for each in told]


def test_observers_hear_of_a_message_whose_caller_is_gone() -> None:
    """Observers get the first account's outcome of a message whose caller was cancelled."""
    heard: list[tuple[str, str]] = []

    class Ear(Observer):
        def outcome_known(self, event: OutcomeKnown) -> None:
            heard.extend((each.account, each.kind) for each in event.outcomes)

    routes = (Route(accounts=("a", "b")),)
    routed = Routed(slowly(5.0, "slow-down"), accepted, routes=routes, observers=(Ear(),))

    async def story(client: Client) -> None:
        call = asyncio.create_task(client.send(*texts(1)))
        await asyncio.sleep(1)
        call.cancel()
        await asyncio.sleep(10)

    routed.run(story)

    assert [("a", "not_sent")] == heard
    assert 0 == routed.asked()["b"]


def test_a_stream_that_was_left_moves_no_message() -> None:
    """After its stream is left, a message that its account refuses goes to no other account."""
    route = Route(accounts=("a", "b"))
    routed = Routed(slowly(2.0, "no-money"), accepted, routes=(route,))

    async def story(client: Client) -> None:
        stream = client.send_many(texts(1))
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(1)
        reading.cancel()
        await asyncio.wait([reading])
        await stream.aclose()
        await asyncio.sleep(10)

    routed.run(story)

    assert {"a": 1, "b": 0} == routed.asked()


class NoSenderAtA(TinyAdapter):
    """Tiny whose account `a` cannot choose the sender of a message."""

    def __init__(self, account: Any) -> None:
        super().__init__(account)
        if account.name == "a":
            channels = {
                channel: attrs.evolve(each, fields=each.fields - {"sender"})
                for channel, each in self.capabilities.channels.items()
            }
            self.capabilities = attrs.evolve(self.capabilities, channels=channels)


@pytest.mark.parametrize("stream", [False, True])
def test_a_message_that_its_first_account_cannot_send_has_its_deadline(stream: bool) -> None:
    """A message that moves on before any request has its deadline at the next account."""
    route = Route(accounts=("a", "b"))
    routed = Routed(accepted, accepted, routes=(route,), kind=NoSenderAtA)
    timed = Timed(accepted)
    routed.use("b", timed)
    message = Message("+37255500001", "x", sender="Shop", reference="r0")

    (outcome,) = (
        routed.send_many([message], deadline=5.0)
        if stream
        else [routed.send(message, deadline=5.0)]
    )

    assert ("accepted", "b") == (outcome.kind, outcome.account)
    assert [pytest.approx(5.0, abs=0.1)] == timed.withins
