"""Lists, pages and interactions, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bird.cases import MAILBOX, PHONE
from support.sandbox_fixtures import NOW

from omnimsg import (
    Channel,
    Client,
    Direction,
    Email,
    HistoryQuery,
    InteractionKind,
    Message,
    OperationError,
    PastMessage,
    Reason,
    Status,
)
from omnimsg.sandbox import Scenario, magic_number
from omnimsg_bird.emulator import CHANNELS

if TYPE_CHECKING:
    from support.provider_http import Recorder
    from support.sandbox_fixtures import Clock

pytestmark = pytest.mark.anyio

START = datetime.fromtimestamp(NOW, UTC)
UNKNOWN = magic_number(Scenario.INVALID_RECIPIENT)
NAVIGATOR = "0b8c6f0e-58a7-4b5e-9d55-5b8e8a6f1c11"


async def listed(client: Client, query: HistoryQuery | None = None) -> list[PastMessage]:
    """Return all messages that a query lists."""
    return [each async for each in client.history(query)]


async def send_some(client: Client, clock: Clock) -> None:
    """Send four messages a second apart: SMS, failing SMS, WhatsApp and e-mail."""
    for message in (
        Message(PHONE, "Hi", channel="sms", reference="text", tags=("Parcel",)),
        Message(UNKNOWN, "Hi", channel="sms", reference="failed"),
        Message(
            PHONE,
            "Hi",
            channel="whatsapp",
            reference="whatsapp",
            extras={"bird": {"meta": {"navigatorId": NAVIGATOR}}},
        ),
        Message(
            MAILBOX,
            Email(subject="Hello there", text="Hi"),
            channel="email",
            reference="mail",
            sender="shop",
        ),
    ):
        await client.send(message)
        clock.now += 1


QUERIES: dict[str, tuple[HistoryQuery, str]] = {
    "all": (HistoryQuery(), "mail whatsapp failed text"),
    "a channel": (HistoryQuery(channel=Channel.SMS), "failed text"),
    "to": (HistoryQuery(to=PHONE), "whatsapp text"),
    "from": (HistoryQuery(sender="shop"), "mail"),
    "since": (HistoryQuery(since=START + timedelta(seconds=2)), "mail whatsapp"),
    "until": (HistoryQuery(until=START + timedelta(seconds=1)), "failed text"),
    "a tag": (HistoryQuery(tag="parcel"), "text"),
    "a tag as it was sent": (HistoryQuery(tag="Parcel"), "text"),
    "incoming": (HistoryQuery(direction=Direction.INCOMING), ""),
    "outgoing": (HistoryQuery(direction=Direction.OUTGOING), "mail whatsapp failed text"),
    "failed": (HistoryQuery(status=Status.FAILED), "failed"),
    "accepted": (HistoryQuery(status=Status.ACCEPTED), ""),
    "a batch": (HistoryQuery(batch_id=NAVIGATOR), ""),
    "both": (HistoryQuery(to=PHONE, channel=Channel.WHATSAPP), "whatsapp"),
    **{
        name: (HistoryQuery(extras={"bird": filters}), expected)
        for name, filters, expected in (
            ("platform", {"platform": "email"}, "mail"),
            ("platforms", {"platform": ["email", "whatsapp"]}, "mail whatsapp"),
            ("reverse", {"reverse": True}, "text failed whatsapp mail"),
            ("not reverse", {"reverse": False}, "mail whatsapp failed text"),
            ("subject", {"emailSubject": "hello"}, "mail"),
            ("statuses", {"status": ["delivered", "sent"]}, "mail whatsapp text"),
            ("bodies", {"messageType": ["text"]}, "mail whatsapp failed text"),
            ("failure", {"failureCode": [15005, 12001]}, "failed"),
            ("source", {"failureSourceName": ["sms-messagebird"]}, "failed"),
            ("its code", {"failureSourceCode": "1"}, "failed"),
            ("country", {"countryCode": ["PL"]}, ""),
            ("id", {"id": [NAVIGATOR]}, ""),
            ("channels", {"channelId": [CHANNELS["email"], CHANNELS["sms"]]}, "mail failed text"),
            ("people", {"to": [PHONE, MAILBOX]}, "mail whatsapp text"),
            ("page size", {"limit": 1}, "mail whatsapp failed text"),
            ("another provider's", {}, "mail whatsapp failed text"),
        )
    },
    "navigator": (
        HistoryQuery(channel=Channel.WHATSAPP, extras={"bird": {"navigatorId": NAVIGATOR}}),
        "whatsapp",
    ),
}


@pytest.mark.parametrize(("query", "expected"), QUERIES.values(), ids=QUERIES)
async def test_filters(client: Client, clock: Clock, query: HistoryQuery, expected: str) -> None:
    """Every filter of the model and of Bird narrows the list."""
    await send_some(client, clock)

    found = await listed(client, query)

    assert expected.split() == [each.reference for each in found]


async def test_a_past_message_is_whole(client: Client, clock: Clock) -> None:
    """A past message has all fields of Bird's list, and its id can be looked up."""
    await send_some(client, clock)

    (found,) = await listed(client, HistoryQuery(tag="parcel"))

    assert (Direction.OUTGOING, (PHONE,), "+37255509999", "text", START) == (
        found.direction,
        found.to,
        found.sender,
        found.reference,
        found.created,
    )
    assert (Channel.SMS, Status.DELIVERED) == (found.leg.channel, found.leg.status)
    assert found.raw["body"] == {"type": "text", "text": {"text": "Hi"}}
    assert Status.DELIVERED is (await client.status(str(found.id))).status


@pytest.mark.parametrize(("limit", "pages"), [(2, 4), (3, 3), (7, 1), (100, 1)])
async def test_pages(
    client: Client, clock: Clock, recorder: Recorder, limit: int, pages: int
) -> None:
    """Each page is requested once, always with the page size."""
    for number in range(7):
        await client.send(Message(PHONE, "Hi", channel="sms", reference=str(number)))
        clock.now += 1
    recorder.requests.clear()
    extras: dict[str, Any] = {} if limit == 100 else {"bird": {"limit": limit}}

    found = await listed(client, HistoryQuery(channel=Channel.SMS, extras=extras))

    assert list("6543210") == [each.reference for each in found]
    asked = [dict(each.query) for each in recorder.requests]
    assert [str(limit)] * pages == [each["limit"] for each in asked]
    assert pages - 1 == len({each["pageToken"] for each in asked[1:]})


async def test_pages_are_asked_for_as_they_are_needed(client: Client, recorder: Recorder) -> None:
    """No further page is requested after the caller stops reading."""
    for _ in range(3):
        await client.send(Message(PHONE, "Hi", channel="sms"))
    recorder.requests.clear()

    async for _ in client.history(HistoryQuery(extras={"bird": {"limit": 1}})):
        break

    assert 1 == len(recorder.requests)


REFUSED: dict[str, tuple[HistoryQuery, str]] = {
    "a status that Bird has no word for": (HistoryQuery(status=Status.READ), "status"),
    "a channel without an id": (HistoryQuery(channel=Channel.VIBER), "channel"),
    "a page": (HistoryQuery(extras={"bird": {"pageToken": "x"}}), "extras.bird.pageToken"),
}


@pytest.mark.parametrize(("query", "path"), REFUSED.values(), ids=REFUSED)
async def test_unsupported_filters(
    client: Client, recorder: Recorder, query: HistoryQuery, path: str
) -> None:
    """An unsupported filter is refused with its path, without a request."""
    with pytest.raises(OperationError) as caught:
        await listed(client, query)

    assert path == caught.value.failure.path
    assert [] == recorder.requests


async def test_a_filter_that_bird_does_not_know(client: Client) -> None:
    """A filter that Bird refuses is an error with Bird's own text."""
    with pytest.raises(OperationError) as caught:
        await listed(client, HistoryQuery(extras={"bird": {"colour": "red"}}))

    assert (422, Reason.INVALID_MESSAGE) == (
        caught.value.failure.http_status,
        caught.value.reason,
    )
    assert "colour" in caught.value.failure.detail


@pytest.mark.parametrize(
    ("channel", "kind", "word"),
    [
        ("whatsapp", InteractionKind.READ, "read"),
        ("email", InteractionKind.OPENED, "opened"),
        ("sms", None, ""),
    ],
)
async def test_interactions(
    client: Client, channel: str, kind: InteractionKind | None, word: str
) -> None:
    """Interactions are returned with their message; a message may have none."""
    number = magic_number(Scenario.READ)
    mail = Email(subject="S", text="Hi")
    accepted = await client.send(
        Message(f"ola{number[-6:]}@example.test", mail, channel=channel)
        if channel == "email"
        else Message(number, "Hi", channel=channel)
    )

    found = [each async for each in client.interactions(str(accepted.id))]

    assert ([(accepted.id, kind, word, channel, START)] if kind else []) == [
        (each.message_id, each.kind, each.provider_kind, each.channel, each.at) for each in found
    ]


async def test_interactions_of_no_message(client: Client) -> None:
    """Asking for the interactions of an unknown message is a `NOT_FOUND` error."""
    with pytest.raises(OperationError) as caught:
        await anext(client.interactions(f"bird:{CHANNELS['sms']}/{NAVIGATOR}"))

    assert (Reason.NOT_FOUND, 404) == (caught.value.reason, caught.value.failure.http_status)
