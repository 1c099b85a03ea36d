"""Every kind of message, from our model to the handset that shows it, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from support.provider_http import NOW

from omnimsg import (
    Attachment,
    Buy,
    Card,
    Carousel,
    Client,
    Email,
    Inline,
    Interactive,
    Link,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    Media,
    MediaItem,
    MediaKind,
    MediaParameter,
    Message,
    OpenUrl,
    Otp,
    Reply,
    RequestLocation,
    Section,
    Status,
    Template,
    Text,
    TextParameter,
)

from .conftest import MAILBOX, PHONE

if TYPE_CHECKING:
    from support.provider_http import Recorder

    from omnimsg.domain.content import Content
    from omnimsg.sandbox import Sandbox


pytestmark = pytest.mark.anyio

URL = "https://files.example.test/a"
PICTURE = MediaItem(MediaKind.IMAGE, Link(f"{URL}.png"))
FILE = MediaItem(MediaKind.DOCUMENT, Link(f"{URL}.pdf"), content_type="application/pdf")
CARD = Card(title="Tonight", media=PICTURE, actions=[OpenUrl("Open", URL)])
CARDS = Carousel([CARD, CARD], "Menus")
PLACE = Location(59.4, 24.7, name="Shop", address="Pikk 1")

CONTENT: dict[str, tuple[str, Content, str, str]] = {
    # the channel, what is said, the kind that arrives, and the line by which it is recognised
    "text": ("sms", Text("Hi"), "text", "Hi"),
    "preview": ("whatsapp", Text(f"See {URL}", preview_url=True), "text", f"See {URL}"),
    "pictures": ("whatsapp", Media([PICTURE, PICTURE], "Look"), "image", "Look"),
    "files": ("whatsapp", Media([FILE, FILE], "Read"), "file", "Read"),
    "mms": ("sms", Media([PICTURE], "Look"), "image", "Look"),
    "gif": ("whatsapp", Media([MediaItem(MediaKind.GIF, Link(URL))], "Ha"), "gif", "Ha"),
    "sticker": (
        "whatsapp",
        Media([MediaItem(MediaKind.STICKER, Link(URL), content_type="image/webp", animated=True)]),
        "file",
        "file",
    ),
    "place": ("whatsapp", PLACE, "location", "location"),
    "buttons": (
        "whatsapp",
        Interactive(
            "Ready",
            [
                Reply("Yes"),
                Reply("No", "no", description="Cancel it", image_url=URL),
                OpenUrl("Open", URL),
                RequestLocation("Where"),
                Buy("Pay", Decimal("9.90"), currency="EUR"),
            ],
        ),
        "text",
        "Ready",
    ),
    "picture with a button": (
        "whatsapp",
        Interactive("Ready", [Reply("Yes", "yes")], header=PICTURE),
        "image",
        "Ready",
    ),
    "file with a button": (
        "whatsapp",
        Interactive(None, [Reply("Yes", "yes")], header=FILE),
        "file",
        "file",
    ),
    "list": (
        "whatsapp",
        ListPicker(
            "Choose",
            "Show",
            header="Tables",
            sections=[ListSection([ListItem("A", "a", description="First")], "Inside")],
        ),
        "list",
        "Choose",
    ),
    "carousel": ("whatsapp", CARDS, "carousel", "Menus"),
    "section": (
        "whatsapp",
        Section([Text("Hi"), Media([PICTURE]), Section([PLACE, CARDS])]),
        "section",
        "section",
    ),
    "otp": (
        "whatsapp",
        Otp(True, 10, actions=[Reply("Copy", "123")]),
        "authentication",
        "authentication",
    ),
    "plain mail": ("email", Email(subject="S", text="Hi", headers={"X-A": "b"}), "text", "S"),
    "mail": (
        "email",
        Email(
            subject="Hello",
            html="<p>Hi</p>",
            text="Hi",
            from_name="Shop",
            attachments=[
                Attachment(Link(URL), "a.pdf"),
                Attachment(Inline(b"png"), "b.png", content_type="image/png", content_id="b"),
            ],
        ),
        "html",
        "Hello",
    ),
    "template": (
        "whatsapp",
        Template(
            "ready",
            "pt_BR",
            header=MediaParameter(PICTURE, name="picture"),
            body=[TextParameter("Ola", name="who")],
        ),
        "template",
        "ready",
    ),
    "template by mail": ("email", Template("ready", "en", version="v-1"), "template", "ready"),
}


@pytest.mark.parametrize(("channel", "content", "kind", "line"), CONTENT.values(), ids=CONTENT)
async def test_content_arrives(
    client: Client,
    sandbox: Sandbox,
    recorder: Recorder,
    *,
    channel: str,
    content: Content,
    kind: str,
    line: str,
) -> None:
    """Each kind of content is taken, arrives whole, and is found delivered by its id."""
    to = MAILBOX if channel == "email" else PHONE

    accepted = await client.send(Message(to, content, channel=channel, reference="r-1"))

    (shown,) = sandbox.handsets.received(to)
    sent = orjson.loads(recorder.requests[0].body)
    assert (channel, kind, line, "r-1") == (shown.channel, shown.kind, shown.text, shown.reference)
    assert shown.content == sent.get("body", sent.get("template"))
    status = await client.status(str(accepted.id))
    assert (Status.DELIVERED, channel) == (status.status, status.legs[0].channel)


async def test_a_mail_reaches_everybody_it_names(client: Client, sandbox: Sandbox) -> None:
    """An e-mail is one message, and lies in every mailbox that it names."""
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


async def test_the_envelope_and_the_flags_arrive(client: Client, recorder: Recorder) -> None:
    """What the model has words for stands beside the body, and so does every flag of Bird's."""
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

    sent = orjson.loads(recorder.requests[0].body)
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
    """What stands in the account's extras goes with every message."""
    await client.send(Message(PHONE, "Hi", channel="sms"))

    sent = orjson.loads(recorder.requests[0].body)
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
async def test_extras_reach_inside(
    client: Client, recorder: Recorder, content: Content, extras: dict[str, Any]
) -> None:
    """What the model has no word for is merged into the place it belongs to."""
    await client.send(Message(PHONE, content, channel="whatsapp", extras={"bird": extras}))

    sent = orjson.loads(recorder.requests[0].body)
    assert _within(extras, sent)


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return all(name in whole and _within(each, whole[name]) for name, each in part.items())
    return bool(part == whole)


async def test_a_channel_without_an_id_is_refused(client: Client, recorder: Recorder) -> None:
    """A channel that the account has no id of is refused before anything leaves."""
    adapter = client.accounts["bird"]
    settings = attrs.evolve(adapter.account.settings, channels={"sms": "c-1"})
    narrow = type(adapter)(attrs.evolve(adapter.account, settings=settings))

    failure = narrow.check(Message(PHONE, "Hi", channel="whatsapp"))

    assert failure is not None
    assert "channel" == failure.path
    assert [] == recorder.requests
