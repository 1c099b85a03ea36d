"""When the next fallback leg is sent: ttl, `send_at` and hand-over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
import pytest
from support.adapters import Reply, accepted
from support.legs import COMES, ELSEWHERE, Asked, Seen, handed_over, legs_of, message, told, wire
from support.routed import Routed, outcome_of, saying, slowly

from omnimsg import Channel, Leg, Match, Route, RouteLimits

if TYPE_CHECKING:
    from omnimsg import Client, Outcome
    from omnimsg.adapter import Request, Response


@pytest.mark.parametrize("stream", [False, True])
def test_a_leg_has_its_ttl_to_the_second(stream: bool) -> None:
    """The next leg is sent exactly when the ttl ends, counted from the hand-over."""
    times: list[float] = []

    def second(request: Request) -> Response:
        times.append(asyncio.get_running_loop().time())
        return accepted(request)

    routed, _ = legs_of(wire(accepted, COMES), wire(second, COMES))

    async def story(client: Client) -> None:
        await handed_over(client, message(ELSEWHERE), stream=stream)
        await asyncio.sleep(100.0)

    routed.run(story)

    assert [1060] == [round(each) for each in times]


@pytest.mark.parametrize("stream", [False, True])
def test_a_leg_without_a_ttl_has_that_of_its_route(stream: bool) -> None:
    """The next leg is sent when the ttl of the route ends, as after one of the message itself."""
    route = Route(accounts=("a",), match=Match(channels=["whatsapp"]), ttl=60)
    routed, seen = legs_of(wire(accepted, COMES), wire(accepted, COMES), routes=(route,))

    async def story(client: Client) -> int:
        await handed_over(client, message(ELSEWHERE, ttl=None), stream=stream)
        await asyncio.sleep(59.0)
        too_early = routed.asked()["b"]
        await asyncio.sleep(2.0)
        return too_early

    assert 0 == routed.run(story)
    assert [(0, "a", "accepted"), (0, "a", "overdue"), (1, "b", "accepted")] == seen.states[:3]


def test_the_ttl_of_a_later_leg_begins_with_its_own_hand_over() -> None:
    """A second leg that is delivered within its own ttl is the last, however late the first was."""
    second = wire(accepted, COMES, (50.0, "delivered"))
    routed, seen = legs_of(wire(accepted, COMES), second, accepted)
    legs = (
        Leg(channel=Channel.SMS, account="b", ttl=60),
        Leg(channel=Channel.SMS, account="c"),
    )

    told(routed, message(*legs))

    assert [(1, "b", "accepted"), (1, "b", "reached")] == seen.states[2:]
    assert 0 == routed.asked()["c"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_ttl_of_a_scheduled_leg_begins_at_its_time(stream: bool) -> None:
    """The next leg is sent when the ttl after `send_at` ends, however long the hand-over took."""
    times: list[float] = []

    def second(request: Request) -> Response:
        times.append(asyncio.get_running_loop().time())
        return accepted(request)

    routed, _ = legs_of(wire(slowly(25.0, "ok"), COMES), wire(second, COMES))
    given = message(ELSEWHERE, send_at=routed.loop.utc_now() + timedelta(seconds=500))

    async def story(client: Client) -> None:
        await handed_over(client, given, stream=stream)
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
    """A leg after one that is refused before `send_at` is scheduled for it; a later one is not."""
    routed, seen = legs_of(first, wire(accepted, COMES))
    at = routed.loop.utc_now() + timedelta(seconds=500)
    given = message(ELSEWHERE, send_at=at)

    async def story(client: Client) -> None:
        await handed_over(client, given, stream=stream)
        await asyncio.sleep(600.0)

    routed.run(story)

    assert [at, at if is_scheduled else None] == [each.send_at for each in seen.handed_over_legs]


HELD = (0.0, "scheduled")


@pytest.mark.parametrize(
    ("says", "follows_at"),
    [
        ([HELD, (700.0, "sent"), (730.0, "delivered")], []),
        ([HELD, (700.0, "sent")], [1760]),
        ([HELD, (700.0, "failed")], [1700]),
        ([HELD], [1000 + 500 + 60 + 3600 + 60]),
    ],
    ids=["delivered", "overdue", "failed", "held for ever"],
)
def test_a_leg_that_its_provider_has_not_sent_yet_is_waited_for(
    says: list[tuple[float, str]], follows_at: list[int]
) -> None:
    """The ttl of a leg that is scheduled begins when its provider sends it: its clock may be slow.

    A look-up tells, at most a minute later; after an hour the next leg goes all the same.
    """
    times: list[float] = []

    def second(request: Request) -> Response:
        times.append(asyncio.get_running_loop().time())
        return accepted(request)

    routed, _ = legs_of(wire(accepted, *says), wire(second, COMES))
    given = message(ELSEWHERE, send_at=routed.loop.utc_now() + timedelta(seconds=500))

    told(routed, given, 7200.0)

    assert len(follows_at) == len(times)
    assert all(
        expected <= at <= expected + 60 for expected, at in zip(follows_at, times, strict=True)
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


class WithoutTtl(Asked):
    """`Asked` that has no ttl on any channel."""

    capabilities = attrs.evolve(
        Asked.capabilities,
        channels={
            channel: attrs.evolve(each, fields=each.fields - {"ttl"})
            for channel, each in Asked.capabilities.channels.items()
        },
    )


@pytest.mark.parametrize("stream", [False, True])
def test_a_ttl_that_the_provider_has_not_is_kept_by_omnimsg(stream: bool) -> None:
    """A leg leaves without a ttl that its provider would refuse, and is followed at its end."""
    seen = Seen()
    replies = wire(accepted, COMES), wire(accepted, COMES)
    routed = Routed(*replies, kind=WithoutTtl, observers=[seen])

    async def story(client: Client) -> int:
        await handed_over(client, message(ELSEWHERE), stream=stream)
        await asyncio.sleep(59.0)
        too_early = routed.asked()["b"]
        await asyncio.sleep(2.0)
        return too_early

    assert 0 == routed.run(story)
    assert [None, None] == [each.ttl for each in seen.handed_over_legs]
    assert [(0, "a", "accepted"), (0, "a", "overdue"), (1, "b", "accepted")] == seen.states[:3]


def test_after_a_leg_without_a_ttl_nothing_goes_unless_it_fails() -> None:
    """A leg without a ttl that is not heard of for a day is not followed."""
    routed, seen = legs_of(wire(accepted, COMES), accepted)

    told(routed, message(ELSEWHERE, ttl=None), 26 * 3600.0)

    assert [(0, "a", "accepted"), (0, "a", "unheard")] == seen.states
    assert 0 == routed.asked()["b"]


DAYS = 3 * 86_400.0


@pytest.mark.parametrize("stream", [False, True])
def test_a_scheduled_leg_without_a_ttl_is_followed_if_it_fails_after_its_time(stream: bool) -> None:
    """The day in which a leg without a ttl may fail begins at `send_at`, however late that is."""
    first = wire(accepted, COMES, (DAYS + 3600.0, "failed"))
    routed, seen = legs_of(first, wire(accepted, COMES))
    at = routed.loop.utc_now() + timedelta(seconds=DAYS)

    async def story(client: Client) -> int:
        await handed_over(client, message(ELSEWHERE, ttl=None, send_at=at), stream=stream)
        await asyncio.sleep(DAYS - 60.0)
        waiting = await client.finish_legs(timeout=0)
        await asyncio.sleep(7200.0)
        return waiting

    assert 1 == routed.run(story)
    assert [(0, "a", "accepted"), (0, "a", "failed"), (1, "b", "accepted")] == seen.states
