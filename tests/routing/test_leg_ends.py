"""Fallback legs when the client closes, a stream is left, or a script waits for them."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import FakeTransport, Reply, accepted, tiny
from support.legs import COMES, ELSEWHERE, SMS, TO, Asked, Seen, legs_of, message, told, wire
from support.routed import Routed, outcome_of, saying, slowly
from support.stores import StoreDownError

from omnimsg import Channel, Client, ConfigError, Leg, Message, NotSent
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.fallback.chain_leg import ChainLeg

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg import Outcome, Tracked
    from omnimsg.delivery.tracked import Names
    from omnimsg.fallback.chain_leg import LegTarget


def test_a_closed_client_says_that_legs_are_not_tried(caplog: pytest.LogCaptureFixture) -> None:
    """Closing abandons pending legs; observers get that, and the log has their number."""
    routed, seen = legs_of(wire(accepted, COMES), accepted)

    with caplog.at_level(logging.WARNING, "omnimsg"):
        told(routed, message(ELSEWHERE), 10.0)

    assert [(0, "a", "accepted"), (0, "a", "abandoned")] == seen.states
    assert "closed while 1 messages waited" in caplog.text


class HangingNotes(MemoryStore):
    """A store that never takes the note of a later leg, which names the first one by its id."""

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message, or hang."""
        tracked = await super().update(names, change)
        if tracked.followed_by:
            await asyncio.Event().wait()
        return tracked


class HangingReads(MemoryStore):
    """A store whose connection hangs, and is broken once a read of it was cancelled."""

    hangs = True

    async def find(self, names: Names) -> Tracked | None:
        """Hang, or fail; a cancellation is an error of the store's own."""
        with suppress(asyncio.CancelledError):
            while self.hangs:
                await asyncio.Event().wait()
        self.hangs = False
        raise StoreDownError


def test_a_store_that_hides_a_cancellation_holds_a_close_up_for_one_pause() -> None:
    """A leg is given up five seconds after its store had its own error for a cancelled read."""
    routed, _ = legs_of(wire(accepted, COMES), accepted, store=HangingReads())

    async def story(client: Client) -> float:
        await client.send(message(ELSEWHERE))
        await asyncio.sleep(10)
        began = routed.loop.time()
        await client.aclose()
        return routed.loop.time() - began

    assert pytest.approx(5, abs=0.1) == routed.run(story)


def test_a_leg_that_the_closing_gives_up_is_counted_too(caplog: pytest.LogCaptureFixture) -> None:
    """The warning counts a message whose leg a store that hangs has held up, and tells it once."""
    last = Leg(channel=Channel.SMS, account="c")
    answers = wire(accepted, COMES, (20, "failed")), slowly(2.0, "ok"), accepted
    routed, seen = legs_of(*answers, store=HangingNotes())

    async def story(client: Client) -> None:
        await client.send(message(ELSEWHERE, last, ttl=30))
        await asyncio.sleep(32)  # the second leg is being handed over
        assert (0, "a", "failed") == seen.states[-1]

    routed.run(story)

    assert [(1, "b", "accepted"), (1, "b", "abandoned")] == seen.states[2:]
    assert "closed while 1 messages waited" in caplog.text


def test_a_loop_that_ends_says_that_legs_are_not_tried(caplog: pytest.LogCaptureFixture) -> None:
    """With `asyncio.run` for each send, legs end with the loop, and one warning counts them.

    It came when the client closed, which the client of a task queue never does.
    """
    seen, given = Seen(), [message(ELSEWHERE, reference=f"r{number}") for number in range(3)]
    adapters = [tiny(name=name, kind=Asked) for name in "ab"]
    client = Client(adapters, default="a", transport=lambda _: FakeTransport(), observers=[seen])

    async def send() -> None:
        await asyncio.gather(*map(client.send, given))

    with caplog.at_level(logging.WARNING, "omnimsg"):
        asyncio.run(send())
    states, told_of = seen.states, [each.message for each in caplog.records]
    asyncio.run(client.aclose())

    assert [(0, "a", "accepted")] * 3 + [(0, "a", "abandoned")] * 3 == states
    assert [
        "the event loop ended while 3 messages waited for the delivery of a leg; the legs after it"
        " are not tried; await finish_legs before, or use omnimsg.sync"
    ] == told_of
    assert told_of == [each.message for each in caplog.records]


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


def test_a_first_leg_that_is_accepted_while_the_client_closes_is_abandoned_then() -> None:
    """Observers get the acceptance first."""
    routed, seen = legs_of(slowly(3.0, "ok"), accepted)

    async def story(client: Client) -> None:
        sending = asyncio.create_task(outcome_of(client, message(ELSEWHERE)))
        await asyncio.sleep(1)
        await client.aclose()
        await sending

    routed.run(story)

    assert [(0, "a", "accepted"), (0, "a", "abandoned")] == seen.states


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


def test_a_stream_has_messages_with_legs_and_without() -> None:
    """Each message of a request has its outcome, with legs or without."""
    routed, _ = legs_of(saying("no-such-number"), accepted)
    given = [
        message(*legs, reference=f"r{number}")
        for number, legs in enumerate([(ELSEWHERE,), (), (ELSEWHERE,)])
    ]

    outcomes = routed.send_many(given)

    assert [("b", "accepted"), ("a", "rejected"), ("b", "accepted")] == [
        (each.account, each.kind) for each in outcomes
    ]
    assert 1 == routed.asked()["a"]


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


THROUGH_B = pytest.mark.parametrize(
    ("leg", "first"), [(ELSEWHERE, "a"), (SMS, "b")], ids=["leg-names-it", "call-names-it"]
)


@THROUGH_B
@pytest.mark.parametrize("stream", [False, True])
def test_a_leg_goes_through_the_account_that_has_its_name_then(
    leg: Leg, first: str, stream: bool
) -> None:
    """An account that is replaced while a leg waits, as to change its secrets, sends that leg."""
    routed, seen = legs_of(wire(accepted, COMES), wire(accepted, COMES))

    async def story(client: Client) -> None:
        if stream:
            _ = [each async for each in client.send_many([message(leg)], account=first)]
        else:
            await client.send(message(leg), account=first)
        await client.remove_account("b")
        client.add_account(tiny("https://b.example", name="b", kind=Asked))
        await asyncio.sleep(100)

    routed.run(story)

    expected = [(0, first, "accepted"), (0, first, "overdue"), (1, "b", "accepted")]
    assert expected == seen.states


@THROUGH_B
def test_a_leg_whose_account_was_removed_is_not_sent(leg: Leg, first: str) -> None:
    """A leg whose account is gone for good is refused when its turn comes, and does not keep it."""
    routed, seen = legs_of(wire(accepted, COMES), wire(accepted, COMES))

    async def story(client: Client) -> object:
        removed = weakref.ref(client.accounts["b"])
        await client.send(message(leg), account=first)
        await client.remove_account("b")
        await asyncio.sleep(1)
        gc.collect()
        kept = removed()
        await asyncio.sleep(100)
        return kept

    assert None is routed.run(story)
    expected = [(0, first, "accepted"), (0, first, "overdue"), (1, "b", "not_taken")]
    assert expected == seen.states
    (refused,) = [each.outcome for each in seen.events if each.leg == 1]
    assert isinstance(refused, NotSent)
    assert "fallback[0].account" == refused.failure.path
    assert "no account 'b'" in str(refused.failure.detail)


def test_a_message_whose_own_account_was_removed_names_no_leg() -> None:
    """A message whose account is gone when its turn comes is refused without the path of a leg."""

    def gone() -> LegTarget:
        raise ConfigError("no account 'a'")

    leg = ChainLeg(
        index=0,
        message=message(),
        find_target=gone,
        channel=None,
        ttl=None,
        account="a",
        send_at=None,
    )

    refused = asyncio.run(leg.submit(datetime.now(UTC), 1.0))

    assert isinstance(refused, NotSent)
    assert ("a", None) == (refused.account, refused.failure.path)
