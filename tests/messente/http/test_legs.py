"""Fallback legs: each leg in turn, and one status for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from messente.cases import TO, URL
from support.sandbox_fixtures import NOW, Clock

from omnimsg import (
    Card,
    Channel,
    Client,
    Interactive,
    Leg,
    Media,
    Message,
    NotSentError,
    OpenUrl,
    Reason,
    Status,
    Template,
)
from omnimsg.domain.outcome import Usage
from omnimsg.sandbox import Scenario, magic_number

from .conftest import SENDER, sent

if TYPE_CHECKING:
    from support.provider_http import Recorder

    from omnimsg import MessageStatus
    from omnimsg.sandbox import Sandbox

pytestmark = pytest.mark.anyio

START = datetime.fromtimestamp(NOW, UTC)
PACE = 10.0
ALL = (
    Leg(channel=Channel.WHATSAPP, content=Template("code", "en"), sender="Wa", ttl=40),
    Leg(channel=Channel.RCS, content=Card(title="4711"), ttl=50),
    Leg(channel=Channel.SMS, sender="Short", ttl=60),
)


@pytest.fixture
def pace() -> float:
    """Take ten seconds between two steps."""
    return PACE


def legs(status: MessageStatus) -> list[tuple[Channel | None, Status]]:
    """Return the channel and status of each leg."""
    return [(leg.channel, leg.status) for leg in status.legs]


async def test_legs_travel_with_the_message(
    client: Client, recorder: Recorder, sandbox: Sandbox
) -> None:
    """Each leg has its own content, sender and ttl, or the message's content."""
    message = Message(TO, "Code 4711", channel=Channel.VIBER, sender="Vb", ttl=30, fallback=ALL)

    accepted = await client.send(message)

    template = {"name": "code", "language": {"code": "en"}, "components": []}
    card = {
        "card_orientation": "VERTICAL",
        "thumbnail_image_alignment": "LEFT",
        "card_content": {"title": "4711"},
    }
    assert sent(recorder)[0]["messages"] == [
        {"channel": "viber", "text": "Code 4711", "sender": "Vb", "ttl": 30},
        {"channel": "whatsapp", "template": template, "sender": "Wa", "ttl": 40},
        {
            "channel": "rcs",
            "rich_card": {"standalone_card": card},
            "sender": SENDER,
            "ttl": 50,
        },
        {"channel": "sms", "text": "Code 4711", "sender": "Short", "ttl": 60},
    ]
    assert [("viber", "Vb"), ("whatsapp", "Wa"), ("rcs", SENDER), ("sms", "Short")] == [
        (leg.channel, leg.sender) for leg in accepted.legs
    ]
    assert 4 == len({leg.provider_id for leg in accepted.legs})
    status = await client.status(str(accepted.id))
    assert [leg.provider_id for leg in accepted.legs] == [leg.provider_id for leg in status.legs]


async def test_after_a_success_no_leg_is_tried(
    client: Client, sandbox: Sandbox, clock: Clock
) -> None:
    """After the first leg is delivered no other leg is sent, and the message is delivered."""
    accepted = await client.send(Message(TO, "Hi", channel=Channel.VIBER, ttl=60, fallback=ALL))
    clock.now += 1000

    status = await client.status(str(accepted.id))

    assert legs(status) == [
        (Channel.VIBER, Status.DELIVERED),
        (Channel.WHATSAPP, Status.ACCEPTED),
        (Channel.RCS, Status.ACCEPTED),
        (Channel.SMS, Status.ACCEPTED),
    ]
    assert Status.DELIVERED is status.status
    assert ["viber"] == [each.channel for each in sandbox.handsets.received(TO)]


async def test_a_failed_leg_is_followed_by_the_next(
    client: Client, sandbox: Sandbox, clock: Clock
) -> None:
    """After a failed Viber leg the SMS leg is sent, and the message is delivered."""
    to = magic_number(Scenario.NOT_ON_CHANNEL)
    message = Message(to, "Hi", channel=Channel.VIBER, fallback=(Leg(channel=Channel.SMS),))
    accepted = await client.send(message)

    statuses = []
    for _ in range(5):
        statuses.append(await client.status(str(accepted.id)))
        clock.now += PACE

    viber = [Status.ACCEPTED, *[Status.FAILED] * 4]
    sms = [Status.ACCEPTED, Status.ACCEPTED, Status.SENT, Status.DELIVERED, Status.DELIVERED]
    assert viber == [each.legs[0].status for each in statuses]
    assert sms == [each.legs[1].status for each in statuses]
    assert [Status.ACCEPTED, Status.ACCEPTED, *sms[2:]] == [each.status for each in statuses]
    assert Reason.RECIPIENT_UNREACHABLE is statuses[-1].legs[0].reason
    assert None is statuses[-1].reason
    (received,) = sandbox.handsets.received(to)
    assert ("sms", accepted.legs[1].provider_id) == (received.channel, received.id)


async def test_legs_that_outlive_their_ttl(client: Client, sandbox: Sandbox, clock: Clock) -> None:
    """Each leg expires after its own ttl, and the message expires with the last leg."""
    to = magic_number(Scenario.NEVER_SETTLES)
    message = Message(to, "Hi", channel=Channel.VIBER, ttl=30, fallback=ALL)
    accepted = await client.send(message)

    statuses = []
    for passed in (29, 30, 69, 70, 119, 120, 179, 180):
        clock.now = NOW + passed
        statuses.append(await client.status(str(accepted.id)))

    expired = [[leg.status is Status.EXPIRED for leg in each.legs].count(True) for each in statuses]
    assert [0, 1, 1, 2, 2, 3, 3, 4] == expired
    assert [*[False] * 7, True] == [each.status is Status.EXPIRED for each in statuses]
    last = statuses[-1]
    assert Reason.EXPIRED is last.reason
    assert [START + timedelta(seconds=seconds) for seconds in (30, 70, 120, 180)] == [
        min(leg.timeline.entries.values()) for leg in last.legs
    ]
    assert [] == sandbox.handsets.received(to)


async def test_parts_and_price_of_each_leg_and_of_all(client: Client, clock: Clock) -> None:
    """The message's usage is the sum of the usage of the legs that were sent."""
    accepted = await client.send(
        Message(TO, "x" * 161, fallback=(Leg(channel=Channel.VIBER, sender="Vb"),))
    )
    early = await client.status(str(accepted.id))
    clock.now += 5 * PACE

    late = await client.status(str(accepted.id))

    cost = Usage(parts=2, price=Decimal("0.10"))
    assert None is early.usage
    assert [cost, None] == [leg.usage for leg in late.legs]
    assert cost == late.usage


async def test_each_leg_has_its_own_ttl(client: Client, recorder: Recorder) -> None:
    """The message's ttl is sent for the first leg, and each other leg's own ttl for it."""
    message = Message(TO, "Hi", ttl=90, fallback=(Leg(channel=Channel.VIBER, ttl=60),))

    await client.send(message)

    assert [90, 60] == [leg["ttl"] for leg in sent(recorder)[0]["messages"]]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "channel twice": ({"fallback": (Leg(channel=Channel.SMS),)}, "fallback[0].channel"),
    "another's channel": ({"fallback": (Leg(channel=Channel.EMAIL),)}, "fallback[0].channel"),
    "content that the leg cannot say": (
        {"fallback": (Leg(channel=Channel.VIBER, content=Card(title="Hi")),)},
        "fallback[0].content",
    ),
    "the message's content, which the leg cannot say": (
        {
            "content": Media.link("image", URL),
            "channel": Channel.VIBER,
            "fallback": (Leg(channel=Channel.SMS),),
        },
        "fallback[0].content",
    ),
    "a button in the leg's content": (
        {
            "fallback": (
                Leg(
                    channel=Channel.VIBER,
                    content=Interactive("Hi", (OpenUrl("Open", URL, payload="x"),)),
                ),
            )
        },
        "fallback[0].content.actions[0].payload",
    ),
    "a sender too long": (
        {
            "channel": Channel.VIBER,
            "fallback": (Leg(channel=Channel.SMS, sender="TwelveLetter"),),
        },
        "fallback[0].sender",
    ),
}


@pytest.mark.parametrize(("fields", "path"), REFUSED.values(), ids=REFUSED)
async def test_unsupported_legs_are_refused(
    client: Client, sandbox: Sandbox, fields: dict[str, Any], path: str
) -> None:
    """A leg is checked against its own channel, and the path names the leg."""
    message = Message(TO, **{"content": "Hi", **fields})

    with pytest.raises(NotSentError) as caught:
        await client.send(message)

    assert path == caught.value.failure.path
    assert [] == list(sandbox.requests)
