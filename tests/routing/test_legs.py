"""Fallback legs that omnimsg runs: which one follows, and its recorded states."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import Reply, accepted, references, results
from support.legs import (
    COMES,
    ELSEWHERE,
    SMS,
    TO,
    Asked,
    CarriesLegsAtA,
    Seen,
    legs_of,
    message,
    told,
    wire,
)
from support.routed import AT_ONCE, Routed, saying, unreachable
from support.stores import DatabaseStore, StoreDownError

from omnimsg import (
    Accepted,
    Ambiguous,
    Channel,
    ConfigError,
    Encryption,
    Leg,
    LegState,
    Match,
    Message,
    NotSent,
    OnAmbiguous,
    Policy,
    Reason,
    Rejected,
    Retry,
    Route,
    Secret,
)
from omnimsg.adapter import Request, Response
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.domain.failure import Failure
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Status, Timeline
from omnimsg.fallback.conclusion import conclusion_of
from omnimsg.routing.plan import PlannedLeg

if TYPE_CHECKING:
    from omnimsg import Client, Outcome, Plan, Tracked
    from omnimsg.engine.delivery_events import StatusChanged


def test_a_leg_that_was_delivered_is_the_last() -> None:
    """After a leg is delivered, no further leg is sent."""
    routed, seen = legs_of(wire(accepted, COMES, (5.0, "delivered")), accepted)

    outcome, known = told(routed, message(ELSEWHERE))

    assert "a:id-r0" == str(getattr(outcome, "id", None))
    assert [(0, "a", "accepted"), (0, "a", "reached")] == seen.states
    assert ["a:id-r0"] * 2 == [str(each.id) for each in seen.events]
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


@pytest.mark.parametrize(
    ("third", "state"), [(accepted, "accepted"), (saying("no-such-number"), "not_taken")]
)
def test_a_later_leg_that_is_refused_is_followed_at_once(third: Reply, state: str) -> None:
    """If the leg after a failed one is refused, the one after that is handed over, each once."""
    routed, seen = legs_of(wire(accepted, COMES, (3.0, "failed")), saying("no-such-number"), third)

    told(routed, message(ELSEWHERE, Leg(channel=Channel.SMS, account="c")))

    assert [(1, "b", "not_taken"), (2, "c", state)] == seen.states[2:4]
    assert (1, 1) == (routed.asked()["b"], len(seen.handed_over_legs) - 2)


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

    async def story(client: Client) -> int:
        store.is_down = True
        await client.send(message(ELSEWHERE))
        await asyncio.sleep(30.0)
        store.is_down = False
        await asyncio.sleep(29.0)
        too_early = routed.asked()["b"]
        await asyncio.sleep(31.0)
        return too_early

    assert 0 == routed.run(story)
    assert [(0, "a", "accepted"), (0, "a", "overdue"), (1, "b", "accepted")] == seen.states[:3]


def test_an_outage_of_the_store_is_logged_once_for_a_leg(caplog: pytest.LogCaptureFixture) -> None:
    """A leg that waits through a long outage does not fill the log."""
    store = DatabaseStore()
    routed, _ = legs_of(wire(accepted, COMES), accepted, store=store)

    async def story(client: Client) -> None:
        store.is_down = True
        await client.send(message(ELSEWHERE, ttl=7200))
        await asyncio.sleep(3600.0)
        store.is_down = False

    routed.run(story)

    lines = [each.message for each in caplog.records if each.name == "omnimsg.fallback"]
    assert 1 == lines.count("the status of a leg could not be read: StoreDownError")


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
    found: list[tuple[type[Any], int, str]] = []
    for on_ambiguous in (OnAmbiguous.HOLD, OnAmbiguous.RESEND):
        policy = Policy(retry=AT_ONCE, on_ambiguous=on_ambiguous)
        routed, seen = legs_of(saying("who-knows"), accepted, policies={"a": policy})
        given = [message(ELSEWHERE)]
        (outcome,) = routed.send_many(given) if stream else [routed.send(given[0])]
        found.append((type(outcome), routed.asked()["b"], seen.states[0][2]))

    assert [(Ambiguous, 0, "doubtful"), (Accepted, 1, "doubtful")] == found


@pytest.mark.parametrize(
    "word", ["rejected opted_out", "rejected marketing_opted_out", "cancelled"]
)
def test_no_leg_goes_round_an_opt_out_or_a_cancellation(word: str) -> None:
    """After an opt-out or a cancellation, no further leg is sent."""
    routed, seen = legs_of(wire(accepted, COMES, (3.0, word)), accepted)

    told(routed, message(ELSEWHERE))

    assert ([(0, "a", "accepted"), (0, "a", "failed")], 0) == (seen.states, routed.asked()["b"])


def test_no_leg_goes_round_the_refusal_of_a_later_one() -> None:
    """If the leg after a failed one is refused by the account's own error, no other leg is sent."""
    stranger = Response(404, b"<html>no</html>")
    routed, _ = legs_of(wire(accepted, COMES, (3.0, "failed")), lambda _: stranger, accepted)

    told(routed, message(ELSEWHERE, Leg(channel=Channel.SMS, account="c")))

    assert {"b": 1, "c": 0} == {name: routed.asked()[name] for name in ("b", "c")}


@pytest.mark.parametrize(
    ("reply", "kind"), [(lambda _: Response(404, b"<html>no</html>"), NotSent)]
)
def test_a_strangers_answer_lets_no_leg_go(reply: Reply, kind: type[Any]) -> None:
    """After a 4xx that the provider did not write, no further leg is sent."""
    routed, _ = legs_of(reply, accepted)

    outcome = routed.send(message(ELSEWHERE))

    assert (kind, 0) == (type(outcome), routed.asked()["b"])


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
    """A leg has its own sender, answers no message, and only repeated content is encrypted."""
    seen, encryption = Seen(), Encryption(key=Secret("k"))
    routed = Routed(
        saying("no-such-number"), accepted, kind=Carrying, observers=[seen], policies={}
    )
    leg = Leg(channel=Channel.SMS, account="b", content=content)

    routed.send(message(leg, sender="Shop", reply_to="a:1", encryption=encryption))

    first, second = seen.handed_over_legs
    assert ("Shop", "a:1", encryption) == (first.sender, first.reply_to, first.encryption)
    assert (None, None) == (second.sender, second.reply_to)
    assert (encryption if content is None else None) == second.encryption
    assert (leg.content or first.content) == second.content


def test_a_late_delivery_is_recorded_as_reached_twice(caplog: pytest.LogCaptureFixture) -> None:
    """If both legs were delivered, the tracked state, observers and the log say so."""
    first = wire(accepted, COMES, (300.0, "delivered"))
    routed, seen = legs_of(first, wire(accepted, (0.0, "delivered")))

    with caplog.at_level(logging.WARNING, "omnimsg"):
        _, known = told(routed, message(ELSEWHERE))

    assert known.reached_twice
    assert [(1, "b", "reached"), (0, "a", "reached_twice")] == seen.states[3:]
    assert "reached its recipient twice" in caplog.text


def test_a_late_delivery_that_another_process_hears_of_is_recorded_too() -> None:
    """What another process writes to the shared store counts like a report that came here."""
    store = MemoryStore()
    routed, seen = legs_of(wire(accepted, COMES), wire(accepted, (0.0, "delivered")), store=store)

    async def story(client: Client) -> Tracked | None:
        sent = await client.send(message(ELSEWHERE))
        await asyncio.sleep(300)
        evidence = Evidence(Status.DELIVERED, "delivered")
        leg = LegStatus(timeline=Timeline.of(evidence, routed.loop.utc_now()))
        found = MessageStatus(id=sent.id, legs=(leg,))
        known = await client.tracked(sent)
        assert known is not None
        await store.update(known.names, lambda now: (now or known).looked_up(found))
        await asyncio.sleep(1200)
        return await client.tracked(sent)

    known = routed.run(story)

    assert known is not None
    assert known.reached_twice
    assert [(1, "b", "reached"), (0, "a", "reached_twice")] == seen.states[3:]


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


def test_a_message_that_cannot_be_sent_itself_names_its_own_field() -> None:
    """A failure about the message and not about one of its legs has no leg in its path."""
    routed, _ = legs_of(accepted, accepted)

    outcome = routed.send(message(ELSEWHERE, tags=["night"]))

    assert isinstance(outcome, NotSent)
    assert ("tags", 0) == (outcome.failure.path, routed.asked()["a"])


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


def test_a_refused_leg_names_its_account() -> None:
    """The outcome of a message with an invalid leg has the account of that leg."""
    routed, _ = legs_of(accepted)

    outcome = routed.send(message(BAD["a channel twice"][0]))

    assert "a" == outcome.account


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


@pytest.mark.parametrize(("account", "expected"), [("a", True), ("b", False)])
def test_a_provider_runs_no_leg_that_has_a_route_to_another_account(
    account: str, *, expected: bool
) -> None:
    """An account that carries legs itself gets only those that their own routes would give it."""
    routes = (
        Route(accounts=("a",), match=Match(channels=[Channel.WHATSAPP])),
        Route(accounts=(account,)),
    )
    routed = Routed(accepted, accepted, kind=CarriesLegsAtA, routes=routes)

    async def story(client: Client) -> Plan:
        return client.plan(message(SMS))

    (leg,) = routed.run(story).legs

    assert (account, expected) == (leg.account, leg.by_provider)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", [Asked, CarriesLegsAtA])
def test_a_leg_whose_route_cannot_be_used_is_an_error_at_once(
    kind: type[Asked], *, stream: bool
) -> None:
    """The message is not sent and its caller is told why, also where a stream waits for others."""
    routes = (
        Route(accounts=("a",), match=Match(channels=[Channel.WHATSAPP])),
        Route(accounts=("late",)),
    )
    routed = Routed(accepted, kind=kind, routes=routes, unusable={"late": "is added later"})

    async def story(client: Client) -> None:
        if stream:
            given = [message(reference="r1"), message(SMS)]
            _ = [each async for each in client.send_many(given)]
        await client.send(message(SMS))

    with pytest.raises(ConfigError, match="is added later"):
        routed.run(story)
    assert {"a": int(stream)} == routed.asked()


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
    given = message(SMS, ELSEWHERE)

    async def story(client: Client) -> Any:
        return client.plan(given)

    plan = routed.run(story)

    assert plan.refusal is None
    assert given is plan.message
    assert [("a", "sms", False), ("b", "sms", False)] == [
        (each.account, each.channel, each.by_provider) for each in plan.legs
    ]


def test_a_plan_shows_the_legs_of_a_provider() -> None:
    """The legs that the provider runs have its account, and their own channel and ttl."""
    routed = Routed(accepted, kind=CarriesLegsAtA)

    async def story(client: Client) -> Any:
        return client.plan(message(Leg(channel=Channel.SMS, ttl=90)))

    plan = routed.run(story)

    leg = PlannedLeg(channel=Channel.SMS, account="a", ttl=90, by_provider=True)
    assert (leg,) == plan.legs


def test_a_refused_leg_shows_in_the_plan() -> None:
    """The plan of a message with an invalid leg has a refusal and no request."""
    routed, _ = legs_of(accepted)

    async def story(client: Client) -> Any:
        return client.plan(message(Leg(channel=Channel.VIBER)))

    plan = routed.run(story)

    assert ("fallback[0].channel", None) == (plan.refusal.failure.path, plan.request)


@pytest.mark.parametrize("name", BAD)
def test_a_preview_has_the_refusal_of_any_leg(name: str) -> None:
    """The preview of a message with an invalid leg has the outcome that `send` would give it."""
    leg, path = BAD[name]
    routed, _ = legs_of(accepted, accepted)

    async def story(client: Client) -> Any:
        return client.preview(message(leg))

    preview = routed.run(story)

    assert (path, None) == (preview.refusal.failure.path, preview.request)


@pytest.mark.parametrize("last", [saying("no-such-number"), saying("who-knows")])
def test_the_last_leg_decides_where_none_was_accepted(last: Reply) -> None:
    """If no leg is accepted, the outcome is the last leg's, with the others as history."""
    routed, seen = legs_of(saying("no-such-number"), last)

    outcome = routed.send(message(ELSEWHERE))

    assert isinstance(outcome, (Rejected, Ambiguous))
    assert ("b", ["a"]) == (outcome.account, [each.account for each in outcome.earlier])
    assert [None, None] == [each.id for each in seen.events]
    assert [True, False] == [each.next_leg for each in seen.events]
    assert LegState.NOT_TAKEN is seen.events[0].state


def test_the_history_of_legs_has_the_accounts_that_each_tried() -> None:
    """The accounts that failed over are in the history, each before the one that came after it."""
    failure = Failure(reason=Reason.INVALID_RECIPIENT, retry=Retry.NEVER)

    def refused(account: str, *earlier: Outcome) -> Outcome:
        return Rejected(reference="r0", account=account, failure=failure, earlier=earlier)

    outcome = conclusion_of([refused("b", refused("a"))], refused("d", refused("c")))

    assert "d" == outcome.account
    assert [("a", ()), ("b", ()), ("c", ())] == [
        (each.account, each.earlier) for each in outcome.earlier
    ]


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
