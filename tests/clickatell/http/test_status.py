"""Statuses: the life of a message on each channel, and every status name of the vendor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from clickatell.cases import TO
from support.sandbox_fixtures import NOW, Clock

from omnimsg import Channel, Client, Message, MessageStatus, Reason, Status, Text
from omnimsg.sandbox import LifecycleStep, MessageRecord, Scenario, magic_number

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox
    from omnimsg_clickatell.emulator import ClickatellEmulator

pytestmark = pytest.mark.anyio

DATA = Path(__file__).parents[2] / "data"
START = datetime.fromtimestamp(NOW, UTC)
PACE = 10.0

Life = list[tuple[str, Status, Reason | None]]

ROAD: Life = [("QUEUED", Status.ACCEPTED, None), ("SENT_TO_SUPPLIER", Status.SENT, None)]
DELIVERED: Life = [*ROAD, ("DEVICE_ACK", Status.DELIVERED, None)]

LIVES: dict[tuple[Channel, Scenario], Life] = {
    (Channel.SMS, Scenario.DELIVERED): DELIVERED,
    (Channel.SMS, Scenario.READ): DELIVERED,
    (Channel.SMS, Scenario.UNDELIVERABLE): [
        *ROAD,
        ("DELIVERY_FAILURE", Status.FAILED, Reason.UNKNOWN),
    ],
    (Channel.SMS, Scenario.EXPIRED): [*ROAD, ("EXPIRED", Status.EXPIRED, Reason.EXPIRED)],
    (Channel.SMS, Scenario.PROVIDER_FAULT): [
        *ROAD,
        ("ROUTING_ERROR", Status.FAILED, Reason.UNROUTABLE),
    ],
    (Channel.SMS, Scenario.NEVER_SETTLES): ROAD,
    (Channel.WHATSAPP, Scenario.DELIVERED): DELIVERED,
    (Channel.WHATSAPP, Scenario.READ): [*DELIVERED, ("READ", Status.READ, None)],
    (Channel.WHATSAPP, Scenario.UNDELIVERABLE): [
        *ROAD,
        ("WHATSAPP_MESSAGE_UNDELIVERABLE", Status.FAILED, Reason.RECIPIENT_UNREACHABLE),
    ],
    (Channel.WHATSAPP, Scenario.EXPIRED): [*ROAD, ("EXPIRED", Status.EXPIRED, Reason.EXPIRED)],
    (Channel.WHATSAPP, Scenario.PROVIDER_FAULT): [
        *ROAD,
        ("WHATSAPP_SERVER_RATE_LIMIT", Status.REJECTED, Reason.RATE_LIMITED),
    ],
    (Channel.WHATSAPP, Scenario.NEVER_SETTLES): ROAD,
}

Seen = tuple[Channel | None, str, Status, Reason | None, datetime]


@pytest.fixture
def pace() -> float:
    """Take ten seconds between two steps."""
    return PACE


def seen(status: MessageStatus) -> Seen:
    """Return channel, the vendor's status, the unified status, reason and time of a look-up."""
    (leg,) = status.legs
    ((evidence, at),) = leg.timeline.entries.items()
    assert (leg.status, leg.reason) == (status.status, status.reason)
    return leg.channel, evidence.provider_status, status.status, status.reason, at


@pytest.mark.parametrize(("channel", "scenario"), LIVES, ids=str)
async def test_lives(
    client: Client, sandbox: Sandbox, clock: Clock, channel: Channel, scenario: Scenario
) -> None:
    """Each status has its time, and the handset has the message only after delivery."""
    expected = LIVES[channel, scenario]
    to = magic_number(scenario)
    accepted = await client.send(Message(to, "hello", channel=channel))

    statuses, deliveries = [], []
    for _ in expected:
        statuses.append(seen(await client.status(str(accepted.id))))
        deliveries.append(len(sandbox.handsets.received(to)))
        clock.now += PACE

    assert [
        (channel, *step, START + n * timedelta(seconds=PACE)) for n, step in enumerate(expected)
    ] == statuses
    assert [int(status.reached) for _, status, _ in expected] == deliveries
    assert statuses[-1] == seen(await client.status(str(accepted.id)))


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
async def test_scheduled(client: Client, sandbox: Sandbox, clock: Clock, channel: Channel) -> None:
    """A scheduled message does not arrive before its time."""
    at = START + timedelta(hours=1)
    accepted = await client.send(Message(TO, "later", channel=channel, send_at=at))

    statuses = []
    for later in (0, 3599, 3600, 3600 + 2 * PACE):
        clock.now = NOW + later
        statuses.append(
            (seen(await client.status(str(accepted.id))), sandbox.handsets.received(TO))
        )

    assert [Status.SCHEDULED, Status.SCHEDULED, Status.ACCEPTED, Status.DELIVERED] == [
        status for (_, _, status, _, _), _ in statuses
    ]
    assert [0, 0, 0, 1] == [len(received) for _, received in statuses]


async def test_unknown_messages(client: Client) -> None:
    """An unknown id is not an error but an unknown status without a channel."""
    status = await client.status("clickatell:0123456789abcdef0123456789abcdef")

    assert (None, "UNKNOWN", Status.UNKNOWN, Reason.NOT_FOUND, START) == seen(status)


async def test_ids_that_need_escaping(client: Client) -> None:
    """An id is quoted as one segment of the path, whatever characters it has."""
    status = await client.status("clickatell:../balance?x=1#y/ü")

    assert Reason.NOT_FOUND is status.reason


async def test_another_process_can_ask(client: Client, sandbox: Sandbox, clock: Clock) -> None:
    """A client that never saw the message can look it up by its id."""
    kept = str((await client.send(Message(TO, "hello"))).id)
    clock.now += 5 * PACE

    async with Client.from_config(sandbox.config()) as other:
        assert Status.DELIVERED is (await other.status(kept)).status


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"service_window": True}, Reason.WINDOW_CLOSED), ({"service_window": False}, None)],
    ids=["closed", "open"],
)
async def test_the_service_window(
    client: Client, sandbox: Sandbox, clock: Clock, reason: Reason | None
) -> None:
    """Outside the service window WhatsApp text is accepted, then fails, and never arrives."""
    accepted = await client.send(Message(TO, Text("hello"), channel="whatsapp"))
    clock.now += 5 * PACE

    status = await client.status(str(accepted.id))

    assert reason is status.reason
    assert int(reason is None) == len(sandbox.handsets.received(TO))


async def test_every_documented_name(client: Client, emulator: ClickatellEmulator) -> None:
    """All 61 names of the vendor's document have a unified status, on both channels."""
    names = _documented()
    expected = orjson.loads((DATA / "clickatell-statuses.json").read_bytes())

    statuses = {}
    for name in names:
        for channel in ("sms", "whatsapp"):
            emulator.messages.add(_record(name, channel))
            status = await client.status(f"clickatell:{name}-{channel}")
            found = seen(status)
            statuses[name] = [found[2], found[3]]
            assert (channel, name, START) == (found[0], found[1], found[4])

    assert (61, list(expected)) == (len(names), names)
    assert expected == statuses


async def test_unknown_names_are_kept(client: Client, emulator: ClickatellEmulator) -> None:
    """A status name that is not in the table is `UNKNOWN`, and the name is kept."""
    emulator.messages.add(_record("BEAMED_UP", "sms"))

    found = seen(await client.status("clickatell:BEAMED_UP-sms"))

    assert (Channel.SMS, "BEAMED_UP", Status.UNKNOWN, Reason.UNKNOWN, START) == found


def _documented() -> list[str]:
    document = orjson.loads((DATA / "clickatell-schema.json").read_bytes())
    entry = document["components"]["schemas"]["OmniMessageStatusEntry"]["properties"]
    names: list[str] = entry["status"]["enum"]
    return names


def _record(name: str, channel: str) -> MessageRecord:
    return MessageRecord(
        provider="clickatell",
        id=f"{name}-{channel}",
        channel=channel,
        to=TO,
        kind="text",
        content="hello",
        text="hello",
        created=NOW,
        start=NOW,
        steps=(LifecycleStep(name),),
    )
