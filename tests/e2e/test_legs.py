"""Fallback legs over HTTP: the sandbox fails a leg by a report, and the next one goes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from support.servers import free_port

from omnimsg import (
    CallbackOptions,
    Channel,
    Client,
    Leg,
    LegState,
    Message,
    Observer,
    Reason,
    StatusChanged,
)
from omnimsg.config import load_config
from omnimsg.sandbox import Sandbox, Scenario, magic_number

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg import LegChanged

pytestmark = pytest.mark.anyio

NOT_THERE = magic_number(Scenario.NOT_ON_CHANNEL)


class Legs(Observer):
    """Notes what becomes of legs, and tells when one was delivered."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str, str]] = []
        self.delivered = asyncio.Event()

    def leg_changed(self, event: LegChanged) -> None:
        """Note it."""
        self.seen.append((event.leg, event.account, event.state.value))
        if event.state is LegState.REACHED:
            self.delivered.set()


@asynccontextmanager
async def called_back(default: str, legs: Legs) -> AsyncIterator[tuple[Client, Sandbox]]:
    """Serve the sandbox, and a client that receives what it calls back with."""
    url = f"http://127.0.0.1:{(port := free_port())}/callbacks"
    async with Sandbox(callbacks=url) as sandbox:
        config = load_config(sandbox.config())
        client = Client(
            config.adapters.values(),
            default=default,
            callbacks=CallbackOptions(public_url=url),
            observers=[legs],
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
    """Who is not on a channel gets the SMS, once, through whichever account the leg names."""
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
    """Clickatell refuses at once who is not on a channel, and the caller gets the SMS."""
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
    """Legs of one message stay one message there, and omnimsg tells of no leg."""
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
