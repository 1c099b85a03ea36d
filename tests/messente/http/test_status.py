"""Statuses: every status and every `err` of the API reference, and unknown ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from messente.cases import TO
from support.sandbox_fixtures import NOW, Clock

from omnimsg import Channel, Client, Message, MessageStatus, OperationError, Reason, Retry, Status
from omnimsg.domain.outcome import Usage
from omnimsg.domain.status import Evidence
from omnimsg.sandbox import LifecycleStep, Scenario, magic_number

if TYPE_CHECKING:
    from support.provider_http import Recorder

    from omnimsg import Accepted
    from omnimsg.sandbox import Sandbox
    from omnimsg_messente.emulator import MessenteEmulator

pytestmark = pytest.mark.anyio

DOCUMENTS = orjson.loads((Path(__file__).parents[2] / "data" / "messente.json").read_bytes())
START = datetime.fromtimestamp(NOW, UTC)
PACE = 10.0

# The meaning of each documented status without an `err`, and the reasons that an `err` adds.
MEANINGS: dict[str, tuple[Status, Reason | None]] = {
    "ACK": (Status.SENT, None),
    "ACCEPTD": (Status.SENT, None),
    "DELIVRD": (Status.DELIVERED, None),
    "SEEN": (Status.READ, None),
    "UNDELIV": (Status.FAILED, Reason.RECIPIENT_UNREACHABLE),
    "FAILED": (Status.FAILED, Reason.UNKNOWN),
    "UNKNOWN": (Status.UNKNOWN, Reason.UNKNOWN),
    "REJECTD": (Status.REJECTED, Reason.OPERATOR_BLOCKED),
    "NACK": (Status.REJECTED, Reason.UNKNOWN),
    "DELETED": (Status.CANCELLED, Reason.CANCELLED),
    "EXPIRED": (Status.EXPIRED, Reason.EXPIRED),
}
WHY: dict[int, Reason | None] = {
    0: None,
    1: None,
    2: Reason.EXPIRED,
    3: Reason.INVALID_RECIPIENT,
    4: Reason.INSUFFICIENT_FUNDS,
    5: Reason.INVALID_RECIPIENT,
    6: Reason.RECIPIENT_LIMIT,
    7: Reason.SENDER_NOT_ALLOWED,
    8: Reason.OPERATOR_BLOCKED,
    9: Reason.UNROUTABLE,
    10: None,
    999: Reason.PROVIDER_UNAVAILABLE,
}


@pytest.fixture
def pace() -> float:
    """Take ten seconds between two steps."""
    return PACE


def only_evidence(status: MessageStatus) -> tuple[Evidence, datetime]:
    """Return the only evidence of the only leg, and its time."""
    (leg,) = status.legs
    (found,) = leg.timeline.entries.items()
    assert (leg.status, leg.reason) == (status.status, status.reason)
    return found


def play(emulator: MessenteEmulator, accepted: Accepted, status: str, err: int | None) -> None:
    """Set a message's only status, from its creation on."""
    record = emulator.messages.get(accepted.legs[0].provider_id)
    assert record is not None
    record.steps = (LifecycleStep(status, detail={} if err is None else {"err": err}),)


def test_all_that_is_documented_is_here() -> None:
    """The tables of this module have every status and every `err` of the reference."""
    assert (set(DOCUMENTS["status"]), {int(err) for err in DOCUMENTS["err"]}) == (
        set(MEANINGS),
        set(WHY),
    )


@pytest.mark.parametrize("err", [None, *WHY])
@pytest.mark.parametrize("word", MEANINGS)
async def test_every_status_with_every_err(
    client: Client, emulator: MessenteEmulator, word: str, err: int | None
) -> None:
    """Each status has its unified status, and the reason of a failure is that of its `err`."""
    accepted = await client.send(Message(TO, "Hi"))
    play(emulator, accepted, word, err)

    status = await client.status(str(accepted.id))

    expected, reason = MEANINGS[word]
    err_reason = None if err is None else WHY[err]
    if expected.failed and err_reason is not None:
        reason = err_reason
    evidence, at = only_evidence(status)
    code = None if err in (None, 0, 10) else str(err)
    assert (expected, reason, word, code, START) == (
        status.status,
        status.reason,
        evidence.provider_status,
        evidence.code,
        at,
    )
    assert word == status.raw["statuses"][0]["status"]


async def test_a_null_status(client: Client) -> None:
    """A leg with a null status is accepted."""
    accepted = await client.send(Message(TO, "Hi"))

    status = await client.status(str(accepted.id))

    evidence, _ = only_evidence(status)
    assert Evidence(Status.ACCEPTED, "") == evidence
    assert (Channel.SMS, accepted.legs[0].provider_id, None) == (
        status.legs[0].channel,
        status.legs[0].provider_id,
        status.usage,
    )
    assert None is status.raw["statuses"][0]["status"]


Life = list[tuple[str, Status, Reason | None]]
ROAD: Life = [("", Status.ACCEPTED, None), ("ACK", Status.SENT, None)]
DELIVERED: Life = [*ROAD, ("DELIVRD", Status.DELIVERED, None)]
GONE: Life = ROAD[:1]
LIVES: dict[tuple[Channel, Scenario], Life] = {
    (Channel.SMS, Scenario.DELIVERED): DELIVERED,
    (Channel.VIBER, Scenario.READ): [*DELIVERED, ("SEEN", Status.READ, None)],
    (Channel.RCS, Scenario.READ): [*DELIVERED, ("SEEN", Status.READ, None)],
    (Channel.WHATSAPP, Scenario.NOT_ON_CHANNEL): [
        *GONE,
        ("UNDELIV", Status.FAILED, Reason.RECIPIENT_UNREACHABLE),
    ],
    (Channel.SMS, Scenario.INVALID_RECIPIENT): [
        *GONE,
        ("FAILED", Status.FAILED, Reason.INVALID_RECIPIENT),
    ],
    (Channel.SMS, Scenario.OPTED_OUT): [
        *GONE,
        ("REJECTD", Status.REJECTED, Reason.OPERATOR_BLOCKED),
    ],
    (Channel.SMS, Scenario.NO_FUNDS): [
        *GONE,
        ("REJECTD", Status.REJECTED, Reason.INSUFFICIENT_FUNDS),
    ],
    (Channel.SMS, Scenario.UNDELIVERABLE): [
        *ROAD,
        ("UNDELIV", Status.FAILED, Reason.RECIPIENT_UNREACHABLE),
    ],
    (Channel.SMS, Scenario.EXPIRED): [*ROAD, ("EXPIRED", Status.EXPIRED, Reason.EXPIRED)],
    (Channel.SMS, Scenario.PROVIDER_FAULT): [
        *ROAD,
        ("FAILED", Status.FAILED, Reason.PROVIDER_UNAVAILABLE),
    ],
    (Channel.SMS, Scenario.NEVER_SETTLES): ROAD,
}


@pytest.mark.parametrize(("channel", "scenario"), LIVES, ids=str)
async def test_lives(
    client: Client, sandbox: Sandbox, clock: Clock, channel: Channel, scenario: Scenario
) -> None:
    """Each status has its time, and the handset has the message only after delivery."""
    expected = LIVES[channel, scenario]
    to = magic_number(scenario)
    accepted = await client.send(Message(to, "Hi", channel=channel))

    statuses, deliveries = [], []
    for _ in expected:
        status = await client.status(str(accepted.id))
        evidence, at = only_evidence(status)
        statuses.append((evidence.provider_status, status.status, status.reason))
        deliveries.append(len(sandbox.handsets.received(to)))
        if evidence.provider_status:
            assert START + (len(statuses) - 1) * timedelta(seconds=PACE) == at
        clock.now += PACE

    assert expected == statuses
    assert [int(status.reached) for _, status, _ in expected] == deliveries


@pytest.mark.parametrize("count", [1, 160, 161, 306, 307])
async def test_parts_and_price(client: Client, clock: Clock, count: int) -> None:
    """Parts and price are the provider's, without a currency."""
    accepted = await client.send(Message(TO, "x" * count))
    clock.now += 5 * PACE

    status = await client.status(str(accepted.id))

    parts = {1: 1, 160: 1, 161: 2, 306: 2, 307: 3}[count]
    assert Usage(parts=parts, price=parts * Decimal("0.05")) == status.usage


@pytest.mark.parametrize("id_", ["00000000-0000-4000-8000-000000000000", "../balance?x#y/ü"])
async def test_an_unknown_id_is_no_error(client: Client, recorder: Recorder, id_: str) -> None:
    """An id is one segment of the path, whatever it contains; an unknown id is `NOT_FOUND`."""
    status = await client.status(f"messente:{id_}")

    assert (Status.UNKNOWN, Reason.NOT_FOUND) == (status.status, status.reason)
    assert "101" == status.raw["errors"][0]["code"]
    assert 1 == len(recorder.requests)


async def test_another_process_can_ask(
    client: Client, config: dict[str, Any], clock: Clock
) -> None:
    """A client that never saw the message can look it up by its id."""
    kept = str((await client.send(Message(TO, "Hi"))).id)
    clock.now += 5 * PACE

    async with Client.from_config(config) as other:
        assert Status.DELIVERED is (await other.status(kept)).status


async def test_unknown_names_are_kept(client: Client, recorder: Recorder) -> None:
    """An unknown channel is `None`; an unknown status and `err` are kept as text."""
    leg = {"channel": "fax", "status": "BEAMED", "err": 77, "message_id": "m", "to": TO, "x": 1}
    recorder.instead.append((200, {"to": TO, "omnimessage_id": "o", "statuses": [leg]}))

    status = await client.status("messente:o")

    evidence, _ = only_evidence(status)
    assert (Status.UNKNOWN, "BEAMED", "77", None) == (
        status.status,
        evidence.provider_status,
        evidence.code,
        status.legs[0].channel,
    )
    assert leg == status.raw["statuses"][0]


async def test_err_as_text(client: Client, recorder: Recorder) -> None:
    """An `err` given as text has the same meaning as the number."""
    leg = {"channel": "sms", "status": "REJECTD", "err": "7", "message_id": "m"}
    recorder.instead.append((200, {"to": TO, "omnimessage_id": "o", "statuses": [leg]}))

    assert Reason.SENDER_NOT_ALLOWED is (await client.status("messente:o")).reason


@pytest.mark.parametrize(
    ("code", "http", "reason", "retry"),
    [
        ("102", 403, Reason.FORBIDDEN, Retry.AFTER_FIX),
        ("103", 401, Reason.UNAUTHORIZED, Retry.AFTER_FIX),
        ("104", 500, Reason.PROVIDER_ERROR, Retry.SAFE),
        ("107", 405, Reason.MISCONFIGURED, Retry.AFTER_FIX),
    ],
)
async def test_a_look_up_that_fails(
    client: Client, recorder: Recorder, code: str, http: int, reason: Reason, retry: Retry
) -> None:
    """A refused look-up has the reason of its code; one that failed is safe to retry."""
    error = {"code": code, "title": "T", "detail": "Because", "source": None}
    recorder.instead.append((http, {"errors": [error]}))

    with pytest.raises(OperationError) as caught:
        await client.status("messente:o")

    failure = caught.value.failure
    assert (reason, retry, code, http) == (
        failure.reason,
        failure.retry,
        failure.code,
        failure.http_status,
    )
