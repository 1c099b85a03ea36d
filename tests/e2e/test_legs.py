"""Fallback legs over HTTP: a leg fails by a report or a refusal, and the next leg is sent."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, web
from support.servers import free_port

from omnimsg import (
    AmbiguousError,
    CallbackOptions,
    Channel,
    Client,
    Leg,
    LegState,
    Message,
    Observer,
    OnAmbiguous,
    Policy,
    Reason,
    RejectedError,
    RetryPolicy,
    StatusChanged,
)
from omnimsg.config import load_config
from omnimsg.engine.clock import SystemClock
from omnimsg.sandbox import Sandbox, Scenario, magic_number

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from omnimsg import LegChanged

pytestmark = pytest.mark.anyio

TO = "+27820000001"
NOT_THERE = magic_number(Scenario.NOT_ON_CHANNEL)


class Legs(Observer):
    """Records the events of legs, and signals one delivery, and a second one.

    Args:
        after_first: Called when the first leg is accepted.
    """

    def __init__(self, after_first: Callable[[], None] = lambda: None) -> None:
        self.seen: list[tuple[int, str, str]] = []
        self.delivered = asyncio.Event()
        self.twice = asyncio.Event()
        self._after_first = after_first

    def leg_changed(self, event: LegChanged) -> None:
        """Record the event."""
        self.seen.append((event.leg, event.account, event.state.value))
        if event.state is LegState.REACHED:
            self.delivered.set()
        elif event.state is LegState.REACHED_TWICE:
            self.twice.set()
        elif event.state is LegState.ACCEPTED and event.leg == 0:
            self._after_first()


class SettableClock(SystemClock):
    """The system's clock, which a test can set forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        """Return the monotonic time, seconds."""
        return super().monotonic() + self.ahead


@asynccontextmanager
async def called_back(
    default: str, legs: Legs, *, pace: float = 0.0, **options: Any
) -> AsyncIterator[tuple[Client, Sandbox]]:
    """Serve the sandbox, and a client that receives its callbacks."""
    url = f"http://127.0.0.1:{(port := free_port())}/callbacks"
    async with Sandbox(callbacks=url, pace=pace) as sandbox:
        config = load_config(sandbox.config())
        client = Client(
            config.adapters.values(),
            default=default,
            callbacks=CallbackOptions(public_url=url),
            observers=[legs],
            **options,
        )
        runner = web.AppRunner(client.receiver().aiohttp_app())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            async with client:
                yield client, sandbox
        finally:
            await runner.cleanup()


LEGS = [
    ("bird", Channel.WHATSAPP, "clickatell"),
    ("bird", Channel.WHATSAPP, None),
    ("messente", Channel.VIBER, "bird"),
]


@pytest.mark.parametrize(("first", "channel", "second"), LEGS)
async def test_the_next_leg_goes_after_a_failed_report(
    first: str, channel: Channel, second: str | None
) -> None:
    """After a failed report the SMS leg is sent once, through the account that the leg names."""
    legs, changes = Legs(), list[StatusChanged]()
    sms = Leg(channel=Channel.SMS, account=second)
    message = Message(NOT_THERE, "Code 4711", channel=channel, ttl=600, fallback=(sms,))
    async with called_back(first, legs) as (client, sandbox):
        client.on_status(changes.append)
        async with asyncio.timeout(20):
            accepted = await client.send(message)
            await legs.delivered.wait()
            await sandbox.callbacks.flush()
        tracked = await client.tracked(accepted)
        texts = [each.channel for each in sandbox.handsets.received(NOT_THERE)]

    last = second or first
    assert [
        (0, first, "accepted"),
        (0, first, "failed"),
        (1, last, "accepted"),
        (1, last, "reached"),
    ] == legs.seen
    assert tracked is not None
    assert (1, ["sms"]) == (len(tracked.followed_by), texts)
    assert {(first, accepted.reference), (last, accepted.reference)} == {
        (each.account, each.reference) for each in changes
    }


@pytest.mark.parametrize("second", [None, "messente"])
async def test_the_next_leg_goes_after_a_refusal(second: str | None) -> None:
    """After Clickatell refuses the first leg, the caller's outcome is that of the SMS leg."""
    legs = Legs()
    sms = Leg(channel=Channel.SMS, account=second)
    message = Message(NOT_THERE, "Code 4711", channel=Channel.WHATSAPP, ttl=600, fallback=(sms,))
    async with called_back("clickatell", legs) as (client, sandbox):
        async with asyncio.timeout(20):
            accepted = await client.send(message)
            await legs.delivered.wait()
        texts = [each.channel for each in sandbox.handsets.received(NOT_THERE)]

    last = second or "clickatell"
    assert [(0, "clickatell", "not_taken"), (1, last, "accepted"), (1, last, "reached")] == (
        legs.seen
    )
    assert (last, ["rejected"]) == (accepted.account, [each.kind for each in accepted.earlier])
    assert ["sms"] == texts


async def test_messente_runs_legs_of_its_own() -> None:
    """Legs that Messente runs are one message, and omnimsg reports no leg event for them."""
    legs, changes = Legs(), list[StatusChanged]()
    sms = Leg(channel=Channel.SMS)
    message = Message(NOT_THERE, "Code 4711", channel=Channel.VIBER, fallback=(sms,))
    async with called_back("messente", legs) as (client, sandbox):
        client.on_status(changes.append)
        accepted = await client.send(message)
        status = await client.wait(accepted, timeout=20)
        texts = [each.channel for each in sandbox.handsets.received(NOT_THERE)]

    assert {Reason.RECIPIENT_UNREACHABLE, None} == {each.reason for each in status.legs}
    assert ([], ["sms"]) == (legs.seen, texts)


@pytest.mark.parametrize(("first", "second"), [("bird", "clickatell"), ("messente", "bird")])
async def test_a_first_leg_that_is_delivered_late_reaches_twice(first: str, second: str) -> None:
    """A first leg delivered after the second one is reported as `reached_twice`."""
    clock = SettableClock()

    def ttl_passes() -> None:
        clock.ahead += 700.0
        sandbox.state.pace = 0.0  # later messages are delivered at once

    legs = Legs(ttl_passes)
    message = code(second)
    async with called_back(first, legs, pace=100_000.0, clock=clock) as (client, sandbox):
        async with asyncio.timeout(20):
            accepted = await client.send(message)
            await legs.delivered.wait()
            before = await client.tracked(accepted)
            received = [each.provider for each in sandbox.handsets.received(TO)]
            await deliver(sandbox, first)
            await legs.twice.wait()
        await client.aclose()
        after = await client.tracked(accepted)

    assert [
        (0, first, "accepted"),
        (0, first, "overdue"),
        (1, second, "accepted"),
        (1, second, "reached"),
        (0, first, "reached_twice"),
    ] == legs.seen
    assert before is not None
    assert after is not None
    assert ([second], False, True) == (received, before.reached_twice, after.reached_twice)


async def test_a_refused_leg_and_one_for_an_opt_out() -> None:
    """After an opt-out no further leg is sent; after an unknown number the next leg is."""
    legs = Legs()
    opted_out, no_number = (
        magic_number(each) for each in (Scenario.OPTED_OUT, Scenario.INVALID_RECIPIENT)
    )
    async with called_back("clickatell", legs) as (client, sandbox):
        with pytest.raises(RejectedError) as caught:
            await client.send(code("messente", to=opted_out))
        accepted = await client.send(code("messente", to=no_number))
        await client.finish_legs(timeout=20)
        texts = sandbox.handsets.all()

    assert [
        (0, "clickatell", "not_taken"),
        (0, "clickatell", "not_taken"),
        (1, "messente", "accepted"),
    ] == legs.seen
    assert Reason.OPTED_OUT is caught.value.reason
    assert ["rejected"] == [each.kind for each in accepted.earlier]
    assert [] == texts


@pytest.mark.parametrize("on_ambiguous", [OnAmbiguous.HOLD, OnAmbiguous.RESEND])
async def test_a_doubtful_leg_follows_the_policy(on_ambiguous: OnAmbiguous) -> None:
    """After a lost answer the next leg is sent only with `on_ambiguous` set to resend."""
    legs = Legs()
    retry = RetryPolicy(attempts=1)
    policies = {"bird": Policy(retry=retry, on_ambiguous=on_ambiguous)}
    async with called_back("bird", legs, policies=policies) as (client, sandbox):
        sandbox.faults.add("reset_after", provider="bird", count=1)
        async with asyncio.timeout(20):
            if on_ambiguous is OnAmbiguous.HOLD:
                with pytest.raises(AmbiguousError):
                    await client.send(code("clickatell"))
            else:
                accepted = await client.send(code("clickatell"))
                assert ["ambiguous"] == [each.kind for each in accepted.earlier]
        received = sorted(each.provider for each in sandbox.handsets.received(TO))

    doubtful = (0, "bird", "doubtful")
    if on_ambiguous is OnAmbiguous.HOLD:
        assert ([doubtful], ["bird"]) == (legs.seen, received)
    else:
        assert [doubtful, (1, "clickatell", "accepted")] == legs.seen[:2]
        assert ["bird", "clickatell"] == received


def code(second: str, *, to: str = TO) -> Message:
    """Build an SMS with a ttl, and a fallback SMS through another account."""
    sms = Leg(channel=Channel.SMS, account=second)
    return Message(to, "Code 4711", channel=Channel.SMS, ttl=600, fallback=(sms,))


async def deliver(sandbox: Sandbox, provider: str) -> None:
    """Deliver a message in flight, as the sandbox's page does."""
    (record,) = (each for each in sandbox.handsets.accepted(TO) if each.provider == provider)
    asked = {"provider": provider, "id": record.id, "outcome": "delivered"}
    async with (
        ClientSession() as session,
        session.post(f"{sandbox.url}/_sandbox/outcomes", json=asked) as answer,
    ):
        assert 201 == answer.status
