"""Fallback legs that omnimsg runs: when each is sent, and its recorded states."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import Reply, TinyAdapter, accepted, references, results
from support.routed import AT_ONCE, Routed, outcome_of, saying, slowly, unreachable
from support.stores import DatabaseStore, StoreDownError

from omnimsg import (
    Accepted,
    Ambiguous,
    Channel,
    Encryption,
    HandedOver,
    Leg,
    LegChanged,
    LegState,
    Match,
    Message,
    NotSent,
    Observer,
    OnAmbiguous,
    Policy,
    Reason,
    Rejected,
    Route,
    RouteLimits,
    Secret,
    Status,
)
from omnimsg.adapter import Answered, Context, Flow, Request, Response
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Timeline

if TYPE_CHECKING:
    from omnimsg import Client, Outcome
    from omnimsg.engine.delivery_events import StatusChanged

TO = "+37255500001"


class Asked(TinyAdapter):
    """Tiny whose look-ups return the status that the transport answers."""

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up a message."""
        response = yield Request("GET", f"/messages/{provider_id}", authenticated=True)
        word = response.body.decode()
        evidence = Evidence(Status(word.partition(" ")[0]), word, reason=_reason(word))
        leg = LegStatus(timeline=Timeline.of(evidence, context.now))
        return MessageStatus(id=MessageId.of(self.account.name, provider_id), legs=(leg,))


class CarriesLegsAtA(Asked):
    """`Asked` whose account `a` supports fallback legs itself."""

    def __init__(self, account: Any) -> None:
        super().__init__(account)
        if account.name == "a":
            channels = {
                channel: attrs.evolve(each, fields=each.fields | {"fallback"})
                for channel, each in self.capabilities.channels.items()
            }
            self.capabilities = attrs.evolve(self.capabilities, channels=channels)


def _reason(word: str) -> Reason | None:
    reason = word.partition(" ")[2]
    return Reason(reason) if reason else None


class Seen(Observer):
    """An observer that keeps hand-overs and the changes of legs."""

    def __init__(self) -> None:
        self.events: list[LegChanged] = []
        self.handed_over_legs: list[Message] = []

    def handed_over(self, event: HandedOver) -> None:
        """Keep the message."""
        self.handed_over_legs.append(event.message)

    def leg_changed(self, event: LegChanged) -> None:
        """Keep the event."""
        self.events.append(event)

    @property
    def states(self) -> list[tuple[int, str, str]]:
        """Each change: the leg, its account and its state."""
        return [(each.leg, each.account, each.state.value) for each in self.events]


def wire(sends: Reply, *says: tuple[float, str]) -> Reply:
    """Answer sends with `sends`, and look-ups by the seconds since the first send.

    Args:
        sends: Answers a send.
        says: Pairs of a second and the status from then on, in order.
    """
    began: list[float] = []

    def reply(request: Request) -> Any:
        now = asyncio.get_running_loop().time()
        if request.method == "POST":
            began.append(now)
            return sends(request)
        waited = now - began[0]
        word = [said for since, said in says if waited >= since][-1]
        return Response(200, word.encode())

    return reply


def message(*legs: Leg, **fields: Any) -> Message:
    """Build a WhatsApp message with a ttl of a minute, and legs."""
    fields = {"channel": Channel.WHATSAPP, "ttl": 60, "reference": "r0", **fields}
    return Message(TO, "Your table is ready", fallback=legs, **fields)


SMS = Leg(channel=Channel.SMS)
ELSEWHERE = Leg(channel=Channel.SMS, account="b")
COMES = (0.0, "accepted")


def told(
    routed: Routed, given: Message, seconds: float = 3600.0, **options: Any
) -> tuple[Outcome, Any]:
    """Send a message, let time pass, and return its outcome and tracked state."""

    async def story(client: Client) -> tuple[Outcome, Any]:
        outcome = await outcome_of(client, given, **options)
        await asyncio.sleep(seconds)
        known = await client.tracked(outcome) if isinstance(outcome, Accepted) else None
        return outcome, known

    found: tuple[Outcome, Any] = routed.run(story)
    return found


def legs_of(*replies: Reply, **options: Any) -> tuple[Routed, Seen]:
    """Build accounts that can be asked for a status, and the observer of their legs."""
    seen = Seen()
    return Routed(*replies, kind=Asked, observers=[seen], **options), seen


def test_a_leg_that_was_delivered_is_the_last() -> None:
    """After a leg is delivered, no further leg is sent."""
    routed, seen = legs_of(wire(accepted, COMES, (5.0, "delivered")), accepted)

    outcome, known = told(routed, message(ELSEWHERE))

    assert "a:id-r0" == str(getattr(outcome, "id", None))
    assert [(0, "a", "accepted"), (0, "a", "reached")] == seen.states
    assert (0, ()) == (routed.asked()["b"], known.followed_by)


@pytest.mark.parametrize(
    ("word", "state"), [("failed", "failed"), ("expired", "failed"), ("sent", "overdue")]
)
def test_the_next_leg_goes_after_a_failure_or_the_ttl(word: str, state: str) -> None:
    """The next leg is sent when a leg has failed, or is not delivered within its ttl."""
    second = wire(accepted, (0.0, "delivered"))
    routed, seen = legs_of(wire(accepted, COMES, (3.0, word)), second)

    outcome, known = told(routed, message(ELSEWHERE))

    assert "a" == outcome.account
    assert [(0, "a", "accepted"), (0, "a", state), (1, "b", "accepted")] == seen.states[:3]
    assert (("b:id-r0",), False) == (known.followed_by, known.reached_twice)


def test_a_handler_that_fails_hides_no_delivery() -> None:
    """A delivery whose handler failed is found by the last look-up, so no further leg is sent."""
    routed, seen = legs_of(wire(accepted, COMES, (40.0, "delivered")), accepted)

    async def story(client: Client) -> None:
        @client.on_status
        def failing(change: StatusChanged) -> None:
            raise LookupError

        await client.send(message(ELSEWHERE))
        await asyncio.sleep(3600.0)

    routed.run(story)

    assert [(0, "a", "accepted"), (0, "a", "reached")] == seen.states
    assert 0 == routed.asked()["b"]


@pytest.mark.parametrize("fails_with", [StoreDownError, asyncio.CancelledError])
def test_a_store_that_fails_ends_no_legs(fails_with: type[BaseException]) -> None:
    """The next leg is sent at its time, even if the store fails or cancels itself."""
    store = DatabaseStore(fails_with=fails_with)
    routed, seen = legs_of(wire(accepted, COMES), wire(accepted, COMES), store=store)

    async def story(client: Client) -> None:
        store.is_down = True
        await client.send(message(ELSEWHERE))
        await asyncio.sleep(30.0)
        store.is_down = False
        await asyncio.sleep(60.0)

    routed.run(story)

    assert [(0, "a", "accepted"), (0, "a", "overdue"), (1, "b", "accepted")] == seen.states[:3]


def test_a_store_that_fails_hides_no_delivery() -> None:
    """A delivery found by the last look-up counts, even if the store fails to keep it."""
    store = DatabaseStore()
    routed, seen = legs_of(wire(accepted, COMES, (40.0, "delivered")), accepted, store=store)

    async def story(client: Client) -> None:
        await client.send(message(ELSEWHERE))
        await asyncio.sleep(50.0)
        store.is_down = True
        await asyncio.sleep(3600.0)

    routed.run(story)

    assert [(0, "a", "accepted"), (0, "a", "reached")] == seen.states
    assert 0 == routed.asked()["b"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_leg_has_its_ttl_to_the_second(stream: bool) -> None:
    """The next leg is sent exactly when the ttl ends, counted from the hand-over."""
    times: list[float] = []

    def second(request: Request) -> Response:
        times.append(asyncio.get_running_loop().time())
        return accepted(request)

    routed, _ = legs_of(wire(accepted, COMES), wire(second, COMES))

    async def story(client: Client) -> None:
        if stream:
            _ = [each async for each in client.send_many([message(ELSEWHERE)])]
        else:
            await client.send(message(ELSEWHERE))
        await asyncio.sleep(100.0)

    routed.run(story)

    assert [1060] == [round(each) for each in times]


@pytest.mark.parametrize("stream", [False, True])
def test_the_ttl_of_a_scheduled_leg_begins_at_its_time(stream: bool) -> None:
    """The next leg is sent when the ttl after `send_at` ends, however long the hand-over took.

    The seconds of the hand-over were subtracted, so it was sent too early.
    """
    times: list[float] = []

    def second(request: Request) -> Response:
        times.append(asyncio.get_running_loop().time())
        return accepted(request)

    routed, _ = legs_of(wire(slowly(25.0, "ok"), COMES), wire(second, COMES))
    given = message(ELSEWHERE, send_at=routed.loop.utc_now() + timedelta(seconds=500))

    async def story(client: Client) -> None:
        if stream:
            _ = [each async for each in client.send_many([given])]
        else:
            await client.send(given)
        await asyncio.sleep(600.0)

    routed.run(story)

    assert [1560] == [round(each) for each in times]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("first", "is_scheduled"),
    [(saying("no-such-number"), True), (wire(accepted, COMES), False)],
    ids=["refused at once", "overdue"],
)
def test_no_leg_is_sent_before_the_time_of_its_message(
    first: Reply, is_scheduled: bool, stream: bool
) -> None:
    """A leg after one that is refused before `send_at` is scheduled for then; a later one is not.

    It was sent at once, at night for example.
    """
    routed, seen = legs_of(first, wire(accepted, COMES))
    at = routed.loop.utc_now() + timedelta(seconds=500)
    given = message(ELSEWHERE, send_at=at)

    async def story(client: Client) -> None:
        if stream:
            _ = [each async for each in client.send_many([given])]
        else:
            await client.send(given)
        await asyncio.sleep(600.0)

    routed.run(story)

    assert [at, at if is_scheduled else None] == [each.send_at for each in seen.handed_over_legs]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reply", "kind"), [(unreachable, "not_sent"), (saying("no-such-number"), "rejected")]
)
def test_a_refused_leg_is_followed_at_once(reply: Reply, kind: str, stream: bool) -> None:
    """A refused leg is followed at once; the caller gets the accepted leg, with the history."""
    routed, _ = legs_of(reply, accepted)

    (outcome,) = (
        routed.send_many([message(ELSEWHERE)]) if stream else [routed.send(message(ELSEWHERE))]
    )

    assert isinstance(outcome, Accepted)
    assert ("b", [("a", kind)]) == (
        outcome.account,
        [(each.account, each.kind) for each in outcome.earlier],
    )


def test_a_leg_whose_ttl_is_over_before_it_leaves_is_followed() -> None:
    """A leg that waits longer for the limit of its route than its ttl gives way to the next."""
    route = Route(
        accounts=("a",),
        match=Match(channels=["whatsapp"]),
        limits=RouteLimits(messages_per_second=0.001),
    )
    routed, _ = legs_of(accepted, accepted, routes=(route,))
    given = [message(ELSEWHERE, reference=each) for each in ("r0", "r1")]

    async def story(client: Client) -> list[Outcome]:
        sends = (outcome_of(client, each, deadline=5000.0) for each in given)
        return list(await asyncio.gather(*sends))

    first, second = routed.run(story)

    assert ["a", "b"] == [first.account, second.account]
    assert [("deadline_exceeded", "ttl")] == [
        (each.reason, each.failure.path) for each in second.earlier
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_a_leg_is_handed_over_alone(stream: bool) -> None:
    """Observers get each leg's message without its fallback legs."""
    routed, seen = legs_of(accepted, accepted)
    given = [message(ELSEWHERE)]

    (outcome,) = routed.send_many(given) if stream else [routed.send(given[0])]

    assert isinstance(outcome, Accepted)
    assert [()] == [each.fallback for each in seen.handed_over_legs]


@pytest.mark.parametrize("stream", [False, True])
def test_a_doubtful_leg_is_followed_only_where_that_was_chosen(stream: bool) -> None:
    """After an ambiguous leg no further leg is sent, unless its account resends."""
    found: list[tuple[type[Any], int]] = []
    for on_ambiguous in (OnAmbiguous.HOLD, OnAmbiguous.RESEND):
        policy = Policy(retry=AT_ONCE, on_ambiguous=on_ambiguous)
        routed, _ = legs_of(saying("who-knows"), accepted, policies={"a": policy})
        given = [message(ELSEWHERE)]
        (outcome,) = routed.send_many(given) if stream else [routed.send(given[0])]
        found.append((type(outcome), routed.asked()["b"]))

    assert [(Ambiguous, 0), (Accepted, 1)] == found


@pytest.mark.parametrize(
    "word", ["rejected opted_out", "rejected marketing_opted_out", "cancelled"]
)
def test_no_leg_goes_round_an_opt_out_or_a_cancellation(word: str) -> None:
    """After an opt-out or a cancellation, no further leg is sent."""
    routed, seen = legs_of(wire(accepted, COMES, (3.0, word)), accepted)

    told(routed, message(ELSEWHERE))

    assert ([(0, "a", "accepted"), (0, "a", "failed")], 0) == (seen.states, routed.asked()["b"])


@pytest.mark.parametrize(
    ("reply", "kind"), [(lambda _: Response(404, b"<html>no</html>"), NotSent)]
)
def test_a_strangers_answer_lets_no_leg_go(reply: Reply, kind: type[Any]) -> None:
    """After a 4xx that the provider did not write, no further leg is sent."""
    routed, _ = legs_of(reply, accepted)

    outcome = routed.send(message(ELSEWHERE))

    assert (kind, 0) == (type(outcome), routed.asked()["b"])


def test_after_a_leg_without_a_ttl_nothing_goes_unless_it_fails() -> None:
    """A leg without a ttl that is not heard of for a day is not followed."""
    routed, seen = legs_of(wire(accepted, COMES), accepted)

    told(routed, message(ELSEWHERE, ttl=None), 26 * 3600.0)

    assert [(0, "a", "accepted"), (0, "a", "unheard")] == seen.states
    assert 0 == routed.asked()["b"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_later_leg_that_is_refused_ends_no_doubt(stream: bool) -> None:
    """A message that may have been sent stays ambiguous if the leg after it is refused."""
    policy = Policy(retry=AT_ONCE, on_ambiguous=OnAmbiguous.RESEND)
    routed, _ = legs_of(saying("who-knows"), saying("no-such-number"), policies={"a": policy})
    given = [message(ELSEWHERE)]

    (outcome,) = routed.send_many(given) if stream else [routed.send(given[0])]

    assert ("ambiguous", "a") == (outcome.kind, outcome.account)
    assert ("b", "rejected") in [(each.account, each.kind) for each in outcome.earlier]


class Batching(Asked):
    """`Asked` whose messages have only the id of their batch at first."""

    def outcome(
        self, reference: str, result: dict[str, Any] | None, response: Response
    ) -> Outcome | None:
        """Give a batch's id in place of the message's own."""
        found = super().outcome(reference, result, response)
        if not isinstance(found, Accepted):
            return found
        return attrs.evolve(found, provider_id=None, batch_id="b-1")


def test_a_leg_that_has_only_the_id_of_its_batch_is_followed() -> None:
    """The next leg is sent after one that is known by the id of its batch, and is not delivered."""
    routed = Routed(wire(accepted, COMES), wire(accepted, COMES), kind=Batching)

    told(routed, message(ELSEWHERE))

    sends = [each for each in routed.wires["b"].requests if each.method == "POST"]
    assert 1 == len(sends)


class Carrying(Asked):
    """`Asked` that can also answer a message, and send encrypted content."""

    capabilities = attrs.evolve(
        Asked.capabilities,
        channels={
            channel: attrs.evolve(each, fields=each.fields | {"reply_to", "encryption"})
            for channel, each in Asked.capabilities.channels.items()
        },
    )


@pytest.mark.parametrize("content", [None, "Your table"])
def test_what_a_leg_takes_over_of_its_message(content: str | None) -> None:
    """No later leg answers a message of another channel; only repeated content is encrypted."""
    seen, encryption = Seen(), Encryption(key=Secret("k"))
    routed = Routed(
        saying("no-such-number"), accepted, kind=Carrying, observers=[seen], policies={}
    )
    leg = Leg(channel=Channel.SMS, account="b", content=content)

    routed.send(message(leg, reply_to="a:1", encryption=encryption))

    first, second = seen.handed_over_legs
    assert ("a:1", encryption) == (first.reply_to, first.encryption)
    assert (None, encryption if content is None else None) == (second.reply_to, second.encryption)


def test_a_late_delivery_is_recorded_as_reached_twice(caplog: pytest.LogCaptureFixture) -> None:
    """If both legs were delivered, the tracked state, observers and the log say so."""
    first = wire(accepted, COMES, (300.0, "delivered"))
    routed, seen = legs_of(first, wire(accepted, (0.0, "delivered")))

    with caplog.at_level(logging.WARNING, "omnimsg"):
        _, known = told(routed, message(ELSEWHERE))

    assert known.reached_twice
    assert [(1, "b", "reached"), (0, "a", "reached_twice")] == seen.states[3:]
    assert "reached its recipient twice" in caplog.text


class Words(str):
    """A text that can have weak references."""


@pytest.mark.parametrize("seconds", [5.0, 300.0], ids=["the first leg", "both legs"])
def test_a_message_is_forgotten_once_its_legs_can_have_no_news(seconds: float) -> None:
    """A client that runs for weeks keeps no texts of messages that were delivered."""
    first = wire(accepted, COMES, (seconds, "delivered"))
    routed = Routed(first, wire(accepted, (0.0, "delivered")), kind=Asked)

    async def story(client: Client) -> bool:
        legs = (ELSEWHERE,)
        words = Words("Your table is ready")
        text = weakref.ref(words)
        await client.send(Message(TO, words, channel="whatsapp", ttl=60, fallback=legs))
        del words
        await asyncio.sleep(7200.0)
        for name in ("a", "b"):  # a queue forgets old deadlines when it is used again
            await client.send(Message(TO, "Goodbye"), account=name)
        gc.collect()
        return text() is not None

    is_kept = routed.run(story)

    assert not is_kept


def test_a_leg_that_is_reached_late_stops_those_after_it() -> None:
    """A late delivery of the first leg stops the legs after the second."""
    first = wire(accepted, COMES, (100.0, "delivered"))
    second = wire(accepted, COMES)
    routed, _ = legs_of(first, second, accepted)
    legs = (
        Leg(channel=Channel.SMS, account="b", ttl=3000),
        Leg(channel=Channel.SMS, account="c"),
    )

    told(routed, message(*legs), 7200.0)

    assert 0 == routed.asked()["c"]


def test_a_closed_client_says_that_legs_are_not_tried(caplog: pytest.LogCaptureFixture) -> None:
    """Closing abandons pending legs; observers get that, and the log has their number."""
    routed, seen = legs_of(wire(accepted, COMES), accepted)

    with caplog.at_level(logging.WARNING, "omnimsg"):
        told(routed, message(ELSEWHERE), 10.0)

    assert [(0, "a", "accepted"), (0, "a", "abandoned")] == seen.states
    assert "closed while 1 messages waited" in caplog.text


@pytest.mark.parametrize("legs", [(ELSEWHERE, Leg(channel=Channel.SMS, account="c")), (ELSEWHERE,)])
def test_a_leg_that_is_accepted_while_the_client_closes_is_not_waited_for(
    legs: tuple[Leg, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Closing takes as long as the hand-over, and abandons the legs after it.

    It took five seconds more, and the provider was asked for the leg for ever.
    """
    routed, seen = legs_of(wire(accepted, COMES, (1.0, "failed")), slowly(3.0, "ok"), accepted)

    async def story(client: Client) -> tuple[float, set[Any]]:
        await outcome_of(client, message(*legs))
        await asyncio.sleep(3)
        await client.aclose()
        closed_at = routed.loop.time()
        await asyncio.sleep(1)
        return closed_at - 1000, asyncio.all_tasks() - {asyncio.current_task()}

    with caplog.at_level(logging.WARNING, "omnimsg"):
        seconds, left = routed.run(story)

    is_open = len(legs) > 1
    expected = [(0, "a", "accepted"), (0, "a", "failed"), (1, "b", "accepted")]
    assert expected + [(1, "b", "abandoned")] * is_open == seen.states
    assert is_open == ("closed while 1 messages waited" in caplog.text)
    assert pytest.approx(4, abs=0.1) == seconds
    assert set() == left


BAD: dict[str, tuple[Leg, str]] = {
    "no such account": (Leg(channel=Channel.SMS, account="x"), "fallback[0].account"),
    "no such channel": (Leg(channel=Channel.VIBER), "fallback[0].channel"),
    "a channel twice": (Leg(channel=Channel.WHATSAPP), "fallback[0].channel"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", BAD)
def test_a_leg_that_cannot_be_sent_is_found_at_the_hand_over(name: str, stream: bool) -> None:
    """A message with an invalid later leg is not sent; the failure names the leg."""
    leg, path = BAD[name]
    routed, _ = legs_of(accepted, accepted)

    (outcome,) = routed.send_many([message(leg)]) if stream else [routed.send(message(leg))]

    assert isinstance(outcome, NotSent)
    assert (path, 0) == (outcome.failure.path, routed.asked()["a"])


@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_leg_stops_an_account_that_carries_legs(stream: bool) -> None:
    """A message with an invalid leg is not sent, even if its first account supports legs itself."""
    routed = Routed(accepted, accepted, kind=CarriesLegsAtA, routes=(Route(accounts=("a", "b")),))
    leg, path = BAD["a channel twice"]

    (outcome,) = routed.send_many([message(leg)]) if stream else [routed.send(message(leg))]

    assert isinstance(outcome, NotSent)
    assert (path, {"a": 0, "b": 0}) == (outcome.failure.path, routed.asked())


def test_legs_of_routes_take_the_route_of_their_channel() -> None:
    """A leg without an account takes the route of its own channel."""
    routes = (
        Route(accounts=("a", "b"), match=Match(channels=[Channel.WHATSAPP])),
        Route(accounts=("c",)),
    )
    routed, _ = legs_of(
        saying("no-such-number"), accepted, wire(accepted, (0.0, "delivered")), routes=routes
    )

    outcome = routed.send(message(SMS))

    assert ("c", {"a": 1, "b": 0}) == (
        outcome.account,
        {name: routed.asked()[name] for name in "ab"},
    )


class NoViberAtA(Asked):
    """`Asked` with Viber, which its account `a` does not have."""

    def __init__(self, account: Any) -> None:
        super().__init__(account)
        if account.name != "a":
            channels = dict(self.capabilities.channels)
            channels[Channel.VIBER] = channels[Channel.WHATSAPP]
            self.capabilities = attrs.evolve(self.capabilities, channels=channels)


@pytest.mark.parametrize("stream", [False, True])
def test_a_leg_goes_through_the_account_of_its_route_that_can_send_it(stream: bool) -> None:
    """A leg that the first account of its route cannot send leaves through the second."""
    routed = Routed(
        accepted, wire(accepted, COMES), routes=(Route(accounts=("a", "b")),), kind=NoViberAtA
    )
    given = message(SMS, channel=Channel.VIBER)

    (outcome,) = routed.send_many([given]) if stream else [routed.send(given)]

    assert ("accepted", "b") == (outcome.kind, outcome.account)


@pytest.mark.parametrize(("seconds", "sent"), [(1.0, 1), (3.0, 2)])
def test_a_stream_that_was_left_sends_no_further_leg(seconds: float, sent: int) -> None:
    """After its stream is left, a message's leg under way is the last, even if it is refused."""
    refused = slowly(2.0, "no-such-number")
    routed = Routed(refused, refused, accepted)
    legs = (Leg(channel="sms", account="b"), Leg(channel="sms", account="c"))
    message = Message(TO, "x", channel=Channel.WHATSAPP, fallback=legs)

    async def story(client: Client) -> None:
        stream = client.send_many([message])
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(seconds)
        reading.cancel()
        await asyncio.wait([reading])
        await stream.aclose()
        await asyncio.sleep(10)

    routed.run(story)

    assert {"a": 1, "b": sent - 1, "c": 0} == routed.asked()


def test_a_client_that_closes_tells_what_became_of_a_leg_under_way() -> None:
    """The outcome of a message of a stream is that of the leg that left before the close."""
    routed, _ = legs_of(saying("no-such-number"), slowly(2.0, "ok"))

    async def read(client: Client) -> list[Outcome]:
        return [each async for each in client.send_many([message(ELSEWHERE)])]

    async def story(client: Client) -> list[Outcome]:
        reading = asyncio.create_task(read(client))
        await asyncio.sleep(1)
        await client.aclose()
        return await reading

    (outcome,) = routed.run(story)

    assert ("accepted", "b", ["a"]) == (
        outcome.kind,
        outcome.account,
        [each.account for each in outcome.earlier],
    )


def test_messages_of_a_stream_keep_their_positions() -> None:
    """Messages with and without legs share a stream, each with one outcome at its position."""

    def reply(request: Request) -> Response:
        words = {each: "no-such-number" if each == "r1" else "ok" for each in references(request)}
        return results(words)

    routed, _ = legs_of(reply, accepted)
    given = [message(ELSEWHERE, reference=f"r{index}") for index in range(3)]
    given.append(Message(TO, "Hello", reference="r3"))

    outcomes = routed.send_many(given)

    assert [("a", 0, "r0"), ("b", 1, "r1"), ("a", 2, "r2"), ("a", 3, "r3")] == [
        (each.account, each.position, each.reference) for each in outcomes
    ]


def test_a_plan_shows_the_legs() -> None:
    """A plan lists the later legs, with their accounts and whether the provider runs them."""
    routed, _ = legs_of(accepted, accepted)

    async def story(client: Client) -> Any:
        return client.plan(message(SMS, ELSEWHERE))

    plan = routed.run(story)

    assert plan.refusal is None
    assert [("a", "sms", False), ("b", "sms", False)] == [
        (each.account, each.channel, each.by_provider) for each in plan.legs
    ]


def test_a_refused_leg_shows_in_the_plan() -> None:
    """The plan of a message with an invalid leg has a refusal and no request."""
    routed, _ = legs_of(accepted)

    async def story(client: Client) -> Any:
        return client.plan(message(Leg(channel=Channel.VIBER)))

    plan = routed.run(story)

    assert ("fallback[0].channel", None) == (plan.refusal.failure.path, plan.request)


@pytest.mark.parametrize("last", [saying("no-such-number"), saying("who-knows")])
def test_the_last_leg_decides_where_none_was_accepted(last: Reply) -> None:
    """If no leg is accepted, the outcome is the last leg's, with the others as history."""
    routed, seen = legs_of(saying("no-such-number"), last)

    outcome = routed.send(message(ELSEWHERE))

    assert isinstance(outcome, (Rejected, Ambiguous))
    assert ("b", ["a"]) == (outcome.account, [each.account for each in outcome.earlier])
    assert [True, False] == [each.next_leg for each in seen.events]
    assert LegState.NOT_TAKEN is seen.events[0].state


def finished(given: Message, seconds: float, *replies: Reply) -> tuple[int, int, Any]:
    """Send, run `finish_legs`; return the number still waiting, the seconds, and the last state."""
    routed, seen = legs_of(*replies)

    async def story(client: Client) -> tuple[int, int, Any]:
        await outcome_of(client, given)
        began = asyncio.get_running_loop().time()
        waiting = await client.finish_legs(timeout=seconds)
        took = asyncio.get_running_loop().time() - began
        return waiting, round(took), seen.events[-1].state.value

    found: tuple[int, int, Any] = routed.run(story)
    return found


FAILED_AFTER = (300.0, "failed")
FINISHED: dict[str, tuple[Message, float, tuple[Reply, ...], tuple[int, int, str]]] = {
    "at the end of the ttl the next one goes": (
        message(ELSEWHERE),
        3600.0,
        (wire(accepted, COMES), wire(accepted, COMES)),
        (0, 60, "accepted"),
    ),
    "a delivery ends it": (
        message(ELSEWHERE),
        3600.0,
        (wire(accepted, COMES, (5.0, "delivered")), accepted),
        (0, 7, "reached"),
    ),
    "the next one is refused": (
        message(ELSEWHERE),
        3600.0,
        (wire(accepted, COMES), saying("no-such-number")),
        (0, 60, "not_taken"),
    ),
    "the hand-over of the last one takes long": (
        message(ELSEWHERE),
        3600.0,
        (wire(accepted, COMES), slowly(20.0, "ok")),
        (0, 80, "accepted"),
    ),
    "not so long": (
        message(ELSEWHERE),
        20.0,
        (wire(accepted, COMES), accepted),
        (1, 20, "accepted"),
    ),
    "a leg without a ttl is waited for": (
        message(ELSEWHERE, ttl=None),
        3600.0,
        (wire(accepted, COMES, FAILED_AFTER), wire(accepted, COMES)),
        (0, 303, "accepted"),  # the first look-up after the failure
    ),
    "for ten minutes": (
        message(ELSEWHERE, ttl=None),
        3600.0,
        (wire(accepted, COMES), accepted),
        (0, 600, "accepted"),
    ),
}


@pytest.mark.parametrize("name", FINISHED)
def test_a_script_waits_for_its_legs(name: str) -> None:
    """`finish_legs` waits until no leg can follow, not for late deliveries."""
    given, seconds, replies, expected = FINISHED[name]

    found = finished(given, seconds, *replies)

    assert expected == found


def test_nothing_is_waited_for_without_legs() -> None:
    """`finish_legs` returns at once if no legs are pending."""
    routed, _ = legs_of(accepted)

    assert 0 == routed.run(lambda client: client.finish_legs(timeout=3600.0))


def test_two_late_deliveries_are_reached_twice() -> None:
    """A late delivery of both legs is recorded as reached twice."""
    first = wire(accepted, COMES, (100.0, "delivered"))
    second = wire(accepted, COMES, (500.0, "delivered"))
    routed, seen = legs_of(first, second, accepted)
    legs = (
        Leg(channel=Channel.SMS, account="b", ttl=300),
        Leg(channel=Channel.SMS, account="c"),
    )

    _, known = told(routed, message(*legs), 7200.0)

    assert known.reached_twice
    assert [(0, "a", "reached"), (1, "b", "overdue"), (1, "b", "reached_twice")] == seen.states[3:]
    assert 0 == routed.asked()["c"]
