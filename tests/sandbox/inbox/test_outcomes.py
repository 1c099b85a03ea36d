"""Outcomes that the page sets for a message: its status, its reports and its look-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.sandbox_fixtures import PACE

from omnimsg import Channel, Email, Message, Status
from omnimsg_bird.emulator import ACCESS_KEY, CHANNELS, WORKSPACE

from .conftest import PHONE

if TYPE_CHECKING:
    from support.callback_target import Target
    from support.sandbox_fixtures import Clock

    from omnimsg import Client
    from omnimsg.sandbox import Sandbox

    from .conftest import Http

pytestmark = pytest.mark.anyio

NEVER_SETTLES = "+27820990011"

Case = tuple[str, Channel, str, Status, str]

CASES: list[Case] = [
    ("clickatell", Channel.SMS, "delivered", Status.DELIVERED, "DEVICE_ACK"),
    ("clickatell", Channel.SMS, "failed", Status.FAILED, "DELIVERY_FAILURE"),
    ("clickatell", Channel.WHATSAPP, "failed", Status.FAILED, "WHATSAPP_MESSAGE_UNDELIVERABLE"),
    ("clickatell", Channel.WHATSAPP, "read", Status.READ, "READ"),
    ("clickatell", Channel.SMS, "expired", Status.EXPIRED, "EXPIRED"),
    ("messente", Channel.SMS, "delivered", Status.DELIVERED, "DELIVRD"),
    ("messente", Channel.VIBER, "read", Status.READ, "SEEN"),
    ("messente", Channel.RCS, "failed", Status.FAILED, "UNDELIV"),
    ("messente", Channel.SMS, "expired", Status.EXPIRED, "EXPIRED"),
    ("bird", Channel.SMS, "delivered", Status.DELIVERED, "delivered"),
    ("bird", Channel.SMS, "failed", Status.FAILED, "delivery_failed"),
    ("bird", Channel.WHATSAPP, "expired", Status.EXPIRED, "delivery_failed"),
    ("bird", Channel.WHATSAPP, "read", Status.DELIVERED, "read"),
]


async def sent(
    client: Client, http: Http, account: str, channel: Channel, to: str = NEVER_SETTLES
) -> dict[str, Any]:
    """Send a message and return its entry on the page."""
    sender = "Cafe" if channel is Channel.RCS else None
    await client.send(Message(to, "Hello", channel=channel, sender=sender), account=account)
    return (await http.entries(to))[-1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case[:3])))
async def test_an_outcome_is_looked_up_and_reported(
    client: Client, sandbox: Sandbox, http: Http, clock: Clock, target: Target, case: Case
) -> None:
    """An outcome set on the page is found by a look-up and reported in the provider's terms."""
    account, channel, outcome, status, reported = case
    entry = await sent(client, http, account, channel)
    clock.now += 5 * PACE
    await sandbox.callbacks.flush()

    answer = await http.decide(entry, outcome)

    await sandbox.callbacks.flush()
    found = await client.status(entry["message_id"])
    (shown,) = await http.entries(NEVER_SETTLES)
    assert (201, {"provider": account, "id": entry["id"]}) == answer
    assert (status, outcome) == (found.status, shown["stage"])
    assert (outcome in {"failed", "expired"}) == shown["is_settled"]
    assert reported == target.statuses[-1]


@pytest.mark.parametrize("account", ["clickatell", "messente", "bird"])
async def test_each_report_is_sent_once(
    client: Client, sandbox: Sandbox, http: Http, clock: Clock, target: Target, account: str
) -> None:
    """Setting an outcome sends one report; earlier ones are not repeated, planned ones dropped."""
    entry = await sent(client, http, account, Channel.SMS, PHONE)
    clock.now += PACE
    await sandbox.callbacks.flush()
    before = len(target.calls)
    await http.decide(entry, "failed")
    await sandbox.callbacks.flush()
    clock.now += 10 * PACE

    await sandbox.callbacks.flush()

    (shown,) = await http.entries()
    assert before + 1 == len(target.calls)
    assert (None, "failed") == (shown["arrived"], shown["stage"])


async def test_one_outcome_may_follow_another(
    client: Client, sandbox: Sandbox, http: Http, clock: Clock, target: Target
) -> None:
    """Several outcomes set in turn are each reported, even after the planned steps."""
    entry = await sent(client, http, "clickatell", Channel.WHATSAPP, PHONE)
    clock.now += 5 * PACE
    await sandbox.callbacks.flush()

    for outcome in ("expired", "delivered", "read"):
        await http.decide(entry, outcome)
        clock.now += 1
        await sandbox.callbacks.flush()

    assert ["DEVICE_ACK", "EXPIRED", "DEVICE_ACK", "READ"] == target.statuses[-4:]


async def test_reading_an_email_is_told_by_an_interaction(
    client: Client, sandbox: Sandbox, http: Http, clock: Clock, target: Target
) -> None:
    """An e-mail set as read is reported as delivered, then as opened by an interaction."""
    mailbox = "guest@example.test"
    content = Email(subject="Hi", html="<p>Hi</p>")
    await client.send(Message(mailbox, content, channel=Channel.EMAIL), account="bird")
    (entry,) = await http.entries(mailbox)
    clock.now += 1

    await http.decide(entry, "read")

    await sandbox.callbacks.flush()
    (shown,) = await http.entries(mailbox)
    assert ["accepted", "delivered", "opened"] == target.statuses
    assert ("read", "opened") == (shown["stage"], shown["life"][-1]["status"])


async def test_a_contradiction_is_a_report_only(
    client: Client, sandbox: Sandbox, http: Http, clock: Clock, target: Target
) -> None:
    """A contradiction changes only the report; a look-up still finds the former status."""
    entry = await sent(client, http, "messente", Channel.SMS, PHONE)
    clock.now += 5 * PACE
    await sandbox.callbacks.flush()

    await http.decide(entry, "contradicted")

    await sandbox.callbacks.flush()
    found = await client.status(entry["message_id"])
    assert (Status.DELIVERED, "UNDELIV") == (found.status, target.statuses[-1])


async def test_what_can_become_of_a_message(
    client: Client, sandbox: Sandbox, http: Http, clock: Clock
) -> None:
    """Only outcomes that the message's channel, status and callbacks allow are offered."""
    sms = await sent(client, http, "clickatell", Channel.SMS)
    clock.now += 5 * PACE
    viber = await sent(client, http, "messente", Channel.VIBER, PHONE)
    clock.now += 5 * PACE
    await http.decide(viber, "read")
    read = (await http.entries())[-1]
    sandbox.callbacks.switch_off()
    silent = (await http.entries())[-1]

    assert ["delivered", "failed", "expired"] == sms["outcomes"]
    assert ["delivered", "read", "failed", "expired"] == viber["outcomes"]
    assert ["failed", "expired"] == read["outcomes"] == silent["outcomes"]


async def test_outcomes_without_callbacks(
    client: Client, sandbox: Sandbox, http: Http, clock: Clock
) -> None:
    """Without callbacks an outcome is found by a look-up, and a contradiction is refused."""
    sandbox.callbacks.switch_off()
    entry = await sent(client, http, "clickatell", Channel.SMS, PHONE)
    clock.now += 1

    await http.decide(entry, "failed")

    refused, body = await http.decide(entry, "contradicted")
    assert Status.FAILED is (await client.status(entry["message_id"])).status
    assert (400, "outcome") == (refused, body["error"].partition(":")[0])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"provider": "nobody"}, "provider"),
        ({"provider": None}, "provider"),
        ({"id": "none"}, "id"),
        ({"id": 7}, "id"),
        ({"outcome": "eaten"}, "outcome"),
        ({"outcome": []}, "outcome"),
        ({"outcome": "read"}, "outcome"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_an_impossible_outcome_is_refused(
    client: Client, http: Http, change: dict[str, Any], named: str
) -> None:
    """An impossible outcome is refused with the field's name, and the message is unchanged."""
    entry = await sent(client, http, "clickatell", Channel.SMS, PHONE)
    body = {"provider": "clickatell", "id": entry["id"], "outcome": "failed", **change}

    status, answer = await http.call("POST", "/_sandbox/outcomes", json=body)

    assert (400, named) == (status, answer["error"].partition(":")[0])
    assert [entry["life"]] == [each["life"] for each in await http.entries()]


async def test_every_recipient_of_an_email_is_told_that_it_was_opened(http: Http) -> None:
    """An outcome of an e-mail is shown at each of its recipients."""
    contacts = [{"identifierValue": to} for to in ("ola@example.test", "thandi@example.test")]
    body = {"type": "html", "html": {"text": "Hello"}}
    _, message = await http.call(
        "POST",
        f"/bird/workspaces/{WORKSPACE}/channels/{CHANNELS['email']}/messages",
        json={"receiver": {"contacts": contacts}, "body": body},
        headers={"Authorization": f"AccessKey {ACCESS_KEY}"},
    )

    await http.decide({"provider": "bird", "id": message["id"]}, "read")

    shown = [await http.entries(each["identifierValue"]) for each in contacts]
    opened = [[m for m in entry["life"] if m["status"] == "opened"] for (entry,) in shown]
    assert [False, False] == [m["is_planned"] for moments in opened for m in moments]
