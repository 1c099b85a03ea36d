"""Every kind of message over HTTP, from the model to the handset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from bird.cases import MAILBOX, PHONE, URL, Case
from bird.catalogue import CATALOGUE
from support.sandbox_fixtures import NOW

from omnimsg import (
    Client,
    Email,
    Message,
    Section,
    Status,
    Template,
    Text,
)

if TYPE_CHECKING:
    from support.provider_http import Recorder

    from omnimsg.domain.content import Content
    from omnimsg.sandbox import Sandbox


pytestmark = pytest.mark.anyio


def shown_text(case: Case) -> str | None:
    """Return the text that a handset shows; None for content without one."""
    inner = {} if case.member == "template" else case.json[case.json["type"]]
    return inner.get("text") or inner.get("html")


@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE)
async def test_content_arrives(
    client: Client, sandbox: Sandbox, recorder: Recorder, case: Case
) -> None:
    """Each kind of content is written as documented, arrives, and is delivered."""
    accepted = await client.send(case.message())

    assert case.document() == recorder.requests[0].json
    (shown,) = sandbox.handsets.received(case.to)
    kind = case.json.get("type", "template")
    assert (case.channel, kind, case.json, "r-1") == (
        shown.channel,
        shown.kind,
        shown.content,
        shown.reference,
    )
    assert shown.text == (shown_text(case) or shown.text)
    assert str(accepted.id) == shown.message_id
    status = await client.status(str(accepted.id))
    assert (Status.DELIVERED, case.channel) == (status.status, status.legs[0].channel)


async def test_an_email_reaches_all_its_recipients(client: Client, sandbox: Sandbox) -> None:
    """An e-mail is one message, delivered to its recipient and to each copy."""
    mail = Email(subject="S", text="Hi", cc=["b@example.test"], bcc=["c@example.test"])

    await client.send(Message(MAILBOX, mail, channel="email", sender="shop"))

    assert {MAILBOX, "b@example.test", "c@example.test"} == {
        each.number for each in sandbox.handsets.all()
    }
    assert {"shop"} == {each.sender for each in sandbox.handsets.all()}


EXTRAS: dict[str, Any] = {
    "capFrequency": True,
    "enableLinkTracking": False,
    "ignoreQuietHours": True,
    "ignoreGlobalHoldout": True,
    "shortLinks": {"domain": "default"},
    "replyTo": {"id": "m-1", "type": "message", "order": 1},
    "meta": {"extraInformation": {"useCase": "marketing", "any": [1]}},
}


async def test_optional_fields_and_flags_arrive(client: Client, recorder: Recorder) -> None:
    """The fields of the model and the flags in the extras are sent beside the body."""
    when = datetime.fromtimestamp(NOW, UTC) + timedelta(hours=1)
    message = Message(
        PHONE,
        "Hi",
        channel="sms",
        reference="r-1",
        tags=("Parcel",),
        send_at=when,
        ttl=3600,
        callback_url="https://hooks.example.test/bird",
        extras={"bird": EXTRAS},
    )

    accepted = await client.send(message)

    sent = recorder.requests[0].json
    del sent["receiver"], sent["body"]
    assert sent == {
        "reference": "r-1",
        "tags": ["Parcel"],
        "scheduledFor": when.isoformat(),
        "validity": 3600,
        "notification": {"url": "https://hooks.example.test/bird"},
        **EXTRAS,
    }
    assert Status.SCHEDULED is (await client.status(str(accepted.id))).status
    assert accepted.raw["tags"] == ["parcel"]


@pytest.mark.parametrize("account", [{"extras": EXTRAS}])
async def test_an_accounts_flags_arrive(client: Client, recorder: Recorder) -> None:
    """The account's extras are sent with every message."""
    await client.send(Message(PHONE, "Hi", channel="sms"))

    sent = recorder.requests[0].json
    assert EXTRAS == {name: sent[name] for name in EXTRAS}


INSIDE: dict[str, tuple[Content, dict[str, Any]]] = {
    "attachments of a text": (
        Text("Hi"),
        {"body": {"text": {"attachments": [{"mediaUrl": URL, "filename": "a.pdf"}]}}},
    ),
    "what Telegram wants": (
        Text("Hi"),
        {"body": {"text": {"metadata": {"telegram": {"parseMode": "Markdown"}}}}},
    ),
    "variables and links of a template": (
        Template("ready"),
        {
            "template": {
                "variables": {"who": "Ola"},
                "shortLinks": {"enabled": True, "domain": "default"},
                "utmParameters": [
                    {"key": "source", "value": "spring"},
                    {"key": "medium", "reference": "channel_name"},
                ],
                "settings": {"disallowMmLite": True},
                "attachments": [{"mediaUrl": URL, "filename": "a.pdf"}],
            }
        },
    ),
    "typed parameters": (
        Template("ready"),
        {
            "template": {
                "parameters": [
                    {"type": "number", "key": "a", "value": 1.5},
                    {"type": "boolean", "key": "b", "value": True},
                    {"type": "object", "key": "c", "value": {"d": 1}},
                ]
            }
        },
    ),
    "configurations of a section": (
        Section([Text("Hi")]),
        {"body": {"section": {"configurations": {"a": "b"}}}},
    ),
}


@pytest.mark.parametrize(("content", "extras"), INSIDE.values(), ids=INSIDE)
async def test_extras_are_merged_into_nested_objects(
    client: Client, recorder: Recorder, content: Content, extras: dict[str, Any]
) -> None:
    """Extras are merged into nested objects."""
    await client.send(Message(PHONE, content, channel="whatsapp", extras={"bird": extras}))

    sent = recorder.requests[0].json
    assert _within(extras, sent)


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return all(name in whole and _within(each, whole[name]) for name, each in part.items())
    return bool(part == whole)


async def test_a_channel_without_an_id_is_refused(client: Client, recorder: Recorder) -> None:
    """A channel without an id is refused before any request."""
    adapter = client.accounts["bird"]
    settings = attrs.evolve(adapter.account.settings, channels={"sms": "c-1"})
    narrow = type(adapter)(attrs.evolve(adapter.account, settings=settings))

    failure = narrow.check(Message(PHONE, "Hi", channel="whatsapp"))

    assert failure is not None
    assert "channel" == failure.path
    assert [] == recorder.requests
