"""Cancelling a scheduled message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from messente.cases import TO
from support.provider_http import TWICE, Recorder
from support.sandbox_fixtures import NOW, Clock

from omnimsg import Channel, Client, Leg, Message, OperationError, Reason, Retry, Status

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox

pytestmark = pytest.mark.anyio

LATER = datetime.fromtimestamp(NOW, UTC) + timedelta(hours=1)


def scheduled() -> Message:
    """Return a message scheduled in an hour, with a fallback leg."""
    legs = (Leg(channel=Channel.SMS),)
    return Message(TO, "Hi", channel=Channel.VIBER, send_at=LATER, fallback=legs)


async def test_before_its_time(
    client: Client, sandbox: Sandbox, recorder: Recorder, clock: Clock
) -> None:
    """A cancellation in time stops all legs, and no handset receives the message."""
    accepted = await client.send(scheduled())

    assert True is await client.cancel(str(accepted.id))

    request = recorder.requests[-1]
    assert ("DELETE", f"/v1/omnimessage/{accepted.provider_id}", b"") == (
        request.method,
        request.path,
        request.body,
    )
    clock.now += 7200
    status = await client.status(str(accepted.id))
    assert [Status.CANCELLED] * 2 == [leg.status for leg in status.legs]
    assert (Status.CANCELLED, Reason.CANCELLED) == (status.status, status.reason)
    assert [] == sandbox.handsets.received(TO)


async def test_after_its_time(client: Client, sandbox: Sandbox, clock: Clock) -> None:
    """A cancellation that is too late is not an error, and changes nothing."""
    accepted = await client.send(scheduled())
    clock.now += 3600

    assert False is await client.cancel(str(accepted.id))

    assert 1 == len(sandbox.handsets.received(TO))


async def test_a_message_that_was_not_scheduled(client: Client) -> None:
    """A message that was not scheduled cannot be cancelled."""
    accepted = await client.send(Message(TO, "Hi"))

    assert False is await client.cancel(str(accepted.id))


async def test_twice(client: Client) -> None:
    """A second cancellation of the same message returns `False`."""
    accepted = await client.send(scheduled())

    assert [True, False] == [await client.cancel(str(accepted.id)) for _ in range(2)]


async def test_an_unknown_message(client: Client) -> None:
    """Cancelling an unknown id returns `False`."""
    assert False is await client.cancel("messente:00000000-0000-4000-8000-000000000000")


async def test_a_lost_answer_is_not_asked_for_again(
    config: dict[str, Any], sandbox: Sandbox, recorder: Recorder, clock: Clock
) -> None:
    """A cancellation is not retried, because a second "not found" would prove nothing."""
    async with Client.from_config(config, retry=TWICE) as client:
        accepted = await client.send(scheduled())
        sandbox.faults.add("reset_after", on="any")

        with pytest.raises(OperationError) as caught:
            await client.cancel(str(accepted.id))

        assert Retry.UNSAFE is caught.value.failure.retry
        assert 1 == [each.method for each in recorder.requests].count("DELETE")
        assert Status.CANCELLED is (await client.status(str(accepted.id))).status
    clock.now += 7200
    assert [] == sandbox.handsets.received(TO)
