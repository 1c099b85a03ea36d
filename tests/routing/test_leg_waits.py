"""`Client.wait` for a message whose fallback legs omnimsg runs: it waits for all of them."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import Reply, accepted
from support.legs import COMES, ELSEWHERE, Asked, Seen, legs_of, message, wire
from support.reporting import PUBLIC_URL, Reporting, deliver
from support.routed import Routed, saying, slowly
from support.virtual import VirtualLoop

from omnimsg import Accepted, CallbackOptions, Channel, Leg, OperationError, Reason, Status

if TYPE_CHECKING:
    from omnimsg import Client, Message, MessageStatus

FAILS, ARRIVES = (3.0, "failed"), (3.0, "delivered")


async def first_accepted(client: Client, given: Message, *, stream: bool) -> Accepted:
    """Send a message, alone or as a stream, and return its acceptance."""
    if not stream:
        return await client.send(given)
    (outcome,) = [each async for each in client.send_many([given])]
    assert isinstance(outcome, Accepted)
    return outcome


def waited(
    *replies: Reply, given: Message | None = None, stream: bool = False, **options: Any
) -> tuple[MessageStatus, Seen, int]:
    """Send a message and wait for it; return its status, its legs, and the seconds that it took."""
    routed, seen = legs_of(*replies)

    async def story(client: Client) -> tuple[MessageStatus, int]:
        began = routed.loop.time()
        sent = await first_accepted(client, given or message(ELSEWHERE), stream=stream)
        status = await client.wait(sent, **{"timeout": 3600, **options})
        took = routed.loop.time() - began
        await asyncio.sleep(0)
        names = {getattr(each.get_coro(), "__qualname__", "") for each in asyncio.all_tasks()}
        assert "Delivery.wait" not in names  # for a leg that is still open
        return status, round(took)

    status, seconds = routed.run(story)
    return status, seen, seconds


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "first", [wire(accepted, COMES, FAILS), wire(accepted, COMES)], ids=["failed", "overdue"]
)
def test_a_wait_ends_with_the_delivery_of_a_later_leg(first: Reply, *, stream: bool) -> None:
    """The message has arrived where a later leg has; the status has that leg's id."""
    status, _, _ = waited(first, wire(accepted, COMES, ARRIVES), stream=stream)

    assert ("b:id-r0", Status.DELIVERED) == (str(status.id), status.status)


def test_a_wait_ends_with_the_failure_of_the_last_leg() -> None:
    """The message has failed where the last leg has; the status has that leg's id."""
    status, _, _ = waited(wire(accepted, COMES, FAILS), wire(accepted, COMES, FAILS))

    assert ("b:id-r0", Status.FAILED) == (str(status.id), status.status)


@pytest.mark.parametrize(
    ("word", "second"),
    [("failed", saying("no-such-number")), ("rejected opted_out", accepted)],
    ids=["the next is refused", "the next may not go"],
)
def test_a_wait_ends_with_a_failure_that_no_leg_follows(word: str, second: Reply) -> None:
    """The message has failed with its first leg where no other leg was accepted."""
    status, seen, _ = waited(wire(accepted, COMES, (3.0, word)), second)

    assert "a:id-r0" == str(status.id)
    assert status.status.failed
    assert [(0, "a", "accepted"), (0, "a", "failed")] == seen.states[:2]


def test_a_wait_ends_with_the_late_delivery_of_an_earlier_leg() -> None:
    """A leg that was overdue may still arrive after the last one has failed."""
    first = wire(accepted, COMES, (200.0, "delivered"))

    status, _, _ = waited(first, wire(accepted, COMES, FAILS))

    assert ("a:id-r0", Status.DELIVERED) == (str(status.id), status.status)


def test_a_wait_for_the_id_of_a_later_leg_is_for_the_message_too() -> None:
    """Whichever leg's id is given, a later one may still arrive."""
    last = Leg(channel=Channel.SMS, account="c")
    replies = (
        wire(accepted, COMES, FAILS),
        wire(accepted, COMES, FAILS),
        wire(accepted, COMES, ARRIVES),
    )
    routed, seen = legs_of(*replies)

    async def story(client: Client) -> MessageStatus:
        await client.send(message(ELSEWHERE, last))
        await asyncio.sleep(5.0)
        assert (1, "b", "accepted") == seen.states[-1]
        return await client.wait("b:id-r0", timeout=3600)

    assert "c:id-r0" == str(routed.run(story).id)


def test_a_wait_that_is_over_between_two_legs_says_so() -> None:
    """The timeout holds while the next leg is handed over, and the error tells of that."""
    with pytest.raises(TimeoutError, match="has no leg that is delivered after 20 s"):
        waited(wire(accepted, COMES, FAILS), slowly(25.0, "ok"), timeout=20)


def test_a_wait_that_is_over_while_legs_are_open_says_how_far_one_came() -> None:
    """The error is that of a message without legs, for a leg that was not delivered."""
    with pytest.raises(TimeoutError, match=r"is sent and not delivered after (100|40) s"):
        waited(wire(accepted, COMES, (3.0, "sent")), wire(accepted, (0.0, "sent")), timeout=100)


class Told(Asked, Reporting):
    """Tiny with look-ups and reports."""


@pytest.mark.parametrize(
    "second",
    [wire(slowly(25.0, "ok"), COMES), slowly(25.0, "no-such-number")],
    ids=["accepted", "refused"],
)
def test_a_wait_ends_with_a_delivery_that_is_reported_after_a_failure(second: Reply) -> None:
    """A leg that failed has arrived if a report says so while the next leg is handed over."""
    first = wire(accepted, COMES, FAILS)
    routed = Routed(first, second, kind=Told, callbacks=CallbackOptions(public_url=PUBLIC_URL))

    async def story(client: Client) -> MessageStatus:
        sent = await client.send(message(ELSEWHERE))
        waiting = asyncio.create_task(client.wait(sent, timeout=3600))
        await asyncio.sleep(10.0)
        report = {"state": "delivered", "id": sent.provider_id}
        assert 204 == await deliver(client.receiver(), report, path="/callbacks/a")
        return await waiting

    status = routed.run(story)

    assert ("a:id-r0", Status.DELIVERED) == (str(status.id), status.status)


def test_a_wait_for_an_acceptance_takes_no_later_leg() -> None:
    """The first look-up that tells of the status ends the wait, as of a message without legs."""
    status, _, seconds = waited(wire(accepted, COMES), accepted, status="accepted")

    assert ("a:id-r0", 1) == (str(status.id), seconds)


def test_a_wait_goes_on_to_a_status_beyond_the_delivery() -> None:
    """No leg follows one that was delivered, and the wait is for that leg to be read."""
    first = wire(accepted, COMES, ARRIVES, (100.0, "read"))

    status, _, _ = waited(first, accepted, status="read")

    assert ("a:id-r0", Status.READ) == (str(status.id), status.status)


@pytest.mark.parametrize(
    ("second", "seconds"), [(accepted, 1.0), (slowly(9.0, "ok"), 10.0)], ids=["a leg", "the next"]
)
def test_closing_ends_a_wait_for_legs(second: Reply, seconds: float) -> None:
    """A wait ends with the client, whether a leg is open or the next one is handed over."""
    routed, _ = legs_of(wire(accepted, COMES, FAILS), second)

    async def story(client: Client) -> Reason:
        sent = await client.send(message(ELSEWHERE))
        waiting = asyncio.create_task(client.wait(sent, timeout=3600))
        await asyncio.sleep(seconds)
        await client.aclose()
        with pytest.raises(OperationError) as caught:
            await waiting
        return caught.value.reason

    assert Reason.CANCELLED is routed.run(story)


@pytest.mark.parametrize("stream", [False, True])
def test_several_waits_for_one_message_end_alike(stream: bool) -> None:
    """Each of several callers gets the status of the leg that arrived."""
    routed, _ = legs_of(wire(accepted, COMES, FAILS), wire(accepted, COMES, ARRIVES))

    async def story(client: Client) -> list[MessageStatus]:
        sent = await first_accepted(client, message(ELSEWHERE), stream=stream)
        waits = (client.wait(each, timeout=3600) for each in (sent, str(sent.id)))
        return list(await asyncio.gather(*waits))

    assert ["b:id-r0"] * 2 == [str(each.id) for each in routed.run(story)]


def test_a_wait_in_another_event_loop_takes_no_leg_that_ended_with_its_own() -> None:
    """A leg that was being handed over when its event loop ended is not waited for."""
    routed, _ = legs_of(wire(accepted, COMES, FAILS), slowly(3600.0, "ok"))
    client = routed.client

    async def send() -> Accepted:
        sent = await client.send(message(ELSEWHERE))
        await asyncio.sleep(10.0)
        return sent

    async def wait(sent: Accepted) -> MessageStatus:
        async with client:
            return await client.wait(sent, timeout=60)

    with closing(routed.loop):  # the clock of the client
        with asyncio.Runner(loop_factory=VirtualLoop) as first:
            sent = first.run(send())
        with asyncio.Runner(loop_factory=VirtualLoop) as second:
            status = second.run(wait(sent))

    assert ("a:id-r0", Status.FAILED) == (str(status.id), status.status)
