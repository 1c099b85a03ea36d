"""Messages that the Bird emulator refuses or accepts, over plain HTTP and without an adapter."""

from typing import Any

import aiohttp
import pytest

from omnimsg.sandbox import Sandbox
from omnimsg_bird.emulator import CHANNELS

pytestmark = pytest.mark.anyio

PHONE = {"identifierKey": "phonenumber", "identifierValue": "+48500100200"}
MAILBOX = {"identifierKey": "emailaddress", "identifierValue": "a@example.test"}
LINK = "https://files.example.test/a"
HOUR = "2023-11-14T23:13:20Z"
CARD: dict[str, Any] = {
    "title": "Shoes",
    "mediaUrl": LINK,
    "actions": [{"type": "link", "link": {"text": "Buy", "url": LINK}}],
}
ROW = {"title": "Inside", "actions": [{"type": "postback", "postback": {"text": "A"}}]}


def typed(kind: str, content: Any) -> dict[str, Any]:
    """Return a body or an action."""
    return {"type": kind, kind: content}


def body(kind: str, content: Any) -> dict[str, Any]:
    """Return a message with a body."""
    return message(body=typed(kind, content))


def carousel(*cards: Any) -> dict[str, Any]:
    """Return a message with a carousel of these cards."""
    return body("carousel", {"text": "a", "items": list(cards)})


def text(**more: Any) -> dict[str, Any]:
    """Return a message with a text body of other content."""
    return body("text", {"text": "hi"} | more)


def action(kind: str, content: Any) -> dict[str, Any]:
    """Return a message with a text body and one action."""
    return text(actions=[typed(kind, content)])


def template(**fields: Any) -> dict[str, Any]:
    """Return a message with a template."""
    return message(body=None, template={"projectId": "p", "version": "latest"} | fields)


def parameter(kind: str, value: Any) -> dict[str, Any]:
    """Return a message with a template of one parameter."""
    return template(parameters=[{"type": kind, "key": "k", "value": value}])


def message(**more: Any) -> dict[str, Any]:
    """Return a message with other fields; None leaves a field out."""
    whole = {"receiver": {"contacts": [PHONE]}, "body": typed("text", {"text": "hi"})} | more
    return {name: value for name, value in whole.items() if value is not None}


def to(*contacts: Any) -> dict[str, Any]:
    """Return a message to these contacts."""
    return message(receiver={"contacts": list(contacts)})


CONTACT = ".receiver.contacts[0]"
ACTION = ".body.text.actions[0]"
PARAMETER = ".template.parameters[0]"

INVALID: list[tuple[str, str, Any, str]] = [
    # the mistake, the platform, the body, the path of the error
    ("not an object", "sms", [], "."),
    ("no receiver", "sms", message(receiver=None), ".receiver"),
    ("contacts not a list", "sms", message(receiver={"contacts": PHONE}), ".receiver.contacts"),
    ("contact of nobody", "sms", to({}), CONTACT),
    ("list instead of a contact", "sms", to(PHONE | {"listId": "l"}), CONTACT),
    ("two receivers", "sms", to(PHONE, PHONE), ".receiver.contacts"),
    ("two receivers", "whatsapp", to(PHONE, PHONE), ".receiver.contacts"),
    ("mailbox", "sms", to(MAILBOX), f"{CONTACT}.identifierKey"),
    ("mailbox", "whatsapp", to(MAILBOX), f"{CONTACT}.identifierKey"),
    ("phone", "email", to(PHONE), f"{CONTACT}.identifierKey"),
    (
        "keyless mailbox",
        "sms",
        to({"identifierValue": "a@example.test"}),
        f"{CONTACT}.identifierValue",
    ),
    ("no plus", "sms", to(PHONE | {"identifierValue": "485001"}), f"{CONTACT}.identifierValue"),
    ("copy", "sms", to(PHONE | {"type": "cc"}), f"{CONTACT}.type"),
    ("unknown copy", "email", to(MAILBOX | {"type": "fcc"}), f"{CONTACT}.type"),
    ("neither body nor template", "sms", message(body=None), "."),
    ("body and template", "sms", message(template={"name": "n"}), ".template"),
    ("ttl is no field", "sms", message(ttl=60), "."),
    ("tag with a dot", "sms", message(tags=["a.b"]), ".tags[0]"),
    ("time without offset", "sms", message(scheduledFor="2023-11-14T23:13:20"), ".scheduledFor"),
    ("36 days ahead", "sms", message(scheduledFor="2023-12-20T22:13:20Z"), ".scheduledFor"),
    ("no URL", "sms", message(notification={"url": "here"}), ".notification.url"),
    ("cap of no marketing", "sms", message(capFrequency=True), ".capFrequency"),
    ("navigator no UUID", "sms", message(meta={"navigatorId": "n"}), ".meta.navigatorId"),
    ("flow", "sms", message(meta={"flow": {"id": "f"}}), ".meta.flow.id"),
    ("interactive", "sms", body("interactive", {}), ".body.type"),
    ("template inside the body", "sms", body("template", {}), ".body"),
    ("action body", "sms", body("action", {}), ".body"),
    (
        "username with an umlaut",
        "email",
        to(MAILBOX)
        | {"body": typed("html", {"html": "a", "metadata": {"emailFrom": {"username": "ö"}}})},
        ".body.html.metadata.emailFrom.username",
    ),
    (
        "one card",
        "whatsapp",
        body("carousel", {"text": "a", "items": [CARD]}),
        ".body.carousel.items",
    ),
    ("eleven cards", "whatsapp", carousel(*[CARD] * 11), ".body.carousel.items"),
    ("no text", "whatsapp", body("carousel", {"items": [CARD, CARD]}), ".body.carousel.text"),
    (
        "empty text above cards",
        "whatsapp",
        body("carousel", {"text": "", "items": [CARD, CARD]}),
        ".body.carousel.text",
    ),
    (
        "card without title",
        "whatsapp",
        carousel(CARD, {name: CARD[name] for name in ("mediaUrl", "actions")}),
        ".body.carousel.items[1].title",
    ),
    (
        "card with an empty title",
        "whatsapp",
        carousel(CARD, CARD | {"title": ""}),
        ".body.carousel.items[1].title",
    ),
    (
        "card without picture",
        "whatsapp",
        carousel(CARD, {name: CARD[name] for name in ("title", "actions")}),
        ".body.carousel.items[1].mediaUrl",
    ),
    (
        "card with no action",
        "whatsapp",
        carousel(CARD, CARD | {"actions": []}),
        ".body.carousel.items[1].actions",
    ),
    (
        "card with two links",
        "whatsapp",
        carousel(CARD, CARD | {"actions": CARD["actions"] * 2}),
        ".body.carousel.items[1].actions",
    ),
    (
        "card without action",
        "whatsapp",
        body("carousel", {"text": "a", "items": [CARD, {"title": "b", "mediaUrl": LINK}]}),
        ".body.carousel.items[1].actions",
    ),
    (
        "card that replies",
        "whatsapp",
        body(
            "carousel",
            {"text": "a", "items": [CARD, CARD | {"actions": [typed("reply", {"text": "a"})]}]},
        ),
        ".body.carousel.items[1].actions[0].type",
    ),
    (
        "section of html",
        "sms",
        body("section", {"items": [typed("html", {"html": "a"})]}),
        ".body.section.items[0].type",
    ),
    (
        "section too deep",
        "sms",
        body(
            "section", {"items": [typed("section", {"items": [typed("section", {"items": []})]})]}
        ),
        ".body.section.items[0].section.items[0].type",
    ),
    ("unknown action", "sms", action("call", {"text": "a"}), f"{ACTION}.type"),
    ("link nowhere", "sms", action("link", {"text": "a", "url": "shop"}), f"{ACTION}.link.url"),
    ("text with U+0000", "sms", text(text="Hel\0lo"), ".body.text.text"),
    (
        "U+0000 in what is free-form",
        "sms",
        message(meta={"extraInformation": {"a": [{"b": "\0"}]}}),
        ".meta.extraInformation.a[0].b",
    ),
    (
        "notification over plain HTTP",
        "sms",
        message(notification={"url": "http://a.example.test/"}),
        ".notification.url",
    ),
    ("text of 4097", "whatsapp", text(text="x" * 4097), ".body.text.text"),
    (
        "text of 1025 with a button",
        "whatsapp",
        text(text="x" * 1025, actions=[typed("reply", {"text": "a"})]),
        ".body.text.text",
    ),
    (
        "caption of 1025",
        "whatsapp",
        body("image", {"images": [{"mediaUrl": LINK}], "text": "x" * 1025}),
        ".body.image.text",
    ),
    (
        "list's text of 4097",
        "whatsapp",
        body("list", {"text": "x" * 4097, "items": [ROW]}),
        ".body.list.text",
    ),
    (
        "list's title of 61",
        "whatsapp",
        body("list", {"text": "a", "title": "x" * 61, "items": [ROW]}),
        ".body.list.title",
    ),
    (
        "section's title of 25",
        "whatsapp",
        body("list", {"text": "a", "items": [ROW, ROW | {"title": "x" * 25}]}),
        ".body.list.items[1].title",
    ),
    (
        "reply of 21 below a password",
        "whatsapp",
        body(
            "authentication",
            {"otp": {"disclaimer": True, "actions": [typed("reply", {"text": "x" * 21})]}},
        ),
        ".body.authentication.otp.actions[0].reply.text",
    ),
    (
        "four replies",
        "whatsapp",
        text(actions=[typed("reply", {"text": "a"})] * 2 + [typed("postback", {"text": "a"})] * 2),
        ".body.text.actions",
    ),
    (
        "four replies below an image",
        "whatsapp",
        body(
            "image",
            {"images": [{"mediaUrl": LINK}], "actions": [typed("reply", {"text": "a"})] * 4},
        ),
        ".body.image.actions",
    ),
    (
        "reply of 21",
        "whatsapp",
        action("reply", {"text": "x" * 21}),
        f"{ACTION}.reply.text",
    ),
    (
        "postback of 21",
        "whatsapp",
        action("postback", {"text": "x" * 21}),
        f"{ACTION}.postback.text",
    ),
    (
        "link of 21",
        "whatsapp",
        action("link", {"text": "x" * 21, "url": LINK}),
        f"{ACTION}.link.text",
    ),
    (
        "card's link of 21",
        "whatsapp",
        body(
            "carousel",
            {
                "text": "a",
                "items": [
                    CARD,
                    CARD | {"actions": [typed("link", {"text": "x" * 21, "url": LINK})]},
                ],
            },
        ),
        ".body.carousel.items[1].actions[0].link.text",
    ),
    (
        "eleven rows",
        "whatsapp",
        body(
            "list",
            {
                "text": "a",
                "items": [
                    {"title": "b", "actions": [typed("reply", {"text": "a"})] * 6},
                    {"title": "c", "actions": [typed("reply", {"text": "a"})] * 5},
                ],
            },
        ),
        ".body.list.items",
    ),
    (
        "row of 25",
        "whatsapp",
        body(
            "list",
            {"text": "a", "items": [{"actions": [typed("postback", {"text": "x" * 25})]}]},
        ),
        ".body.list.items[0].actions[0].postback.text",
    ),
    (
        "row of 25 in no section",
        "whatsapp",
        body("list", {"text": "a", "actions": [typed("reply", {"text": "x" * 25})]}),
        ".body.list.actions[0].reply.text",
    ),
    (
        "text of 4097 in a section",
        "whatsapp",
        body("section", {"items": [typed("text", {"text": "x" * 4097})]}),
        ".body.section.items[0].text.text",
    ),
    ("template of nothing", "sms", message(body=None, template={}), ".template"),
    (
        "key given twice",
        "sms",
        template(
            parameters=[
                {"type": "string", "key": "a", "value": "b"},
                {"type": "number", "key": "a", "value": 1},
            ]
        ),
        ".template.parameters[1].key",
    ),
    ("locale", "sms", template(locale="pl_PL"), ".template.locale"),
    ("parameter of money", "sms", parameter("currency", "1"), f"{PARAMETER}.type"),
]


@pytest.mark.parametrize(
    ("platform", "payload", "path"),
    [row[1:] for row in INVALID],
    ids=[f"{row[1]}: {row[0]}" for row in INVALID],
)
async def test_invalid_payload(
    sandbox: Sandbox, http: aiohttp.ClientSession, platform: str, payload: Any, path: str
) -> None:
    """A payload that violates Bird's closed schema is refused with the path of the violation."""
    async with http.post(f"channels/{CHANNELS[platform]}/messages", json=payload) as response:
        answer = await response.json()

    assert (response.status, answer["code"]) == (422, "InvalidPayload")
    assert answer["message"] == "One or more fields provided in the request body are malformed"
    assert path in answer["details"]
    assert all(isinstance(one, str) for lines in answer["details"].values() for one in lines)
    assert len(sandbox.emulators["bird"].messages) == 0


async def test_quoted_refusals(http: aiohttp.ClientSession) -> None:
    """The errors that were reported from the live API have the same text here."""
    quoted = [
        to(PHONE | {"listId": "l"}),
        body("interactive", {}),
        message(receiver={"contacts": PHONE}),
    ]
    seen: list[Any] = []

    for payload in quoted:
        async with http.post(f"channels/{CHANNELS['sms']}/messages", json=payload) as response:
            seen.append((await response.json())["details"])

    types = (
        "text, html, image, file, gif, location, carousel, list, section, authentication, "
        "template, action"
    )
    assert seen == [
        {".receiver.contacts[0]": ['property "listId" is unsupported']},
        {".body.type": [f'Invalid value: "interactive", expected one of: {types}']},
        {".receiver.contacts": ["value must be an array"]},
    ]


ACCEPTED: list[tuple[str, str, dict[str, Any]]] = [
    ("text", "sms", text(metadata={"whatsapp": {"previewUrl": True}})),
    ("keyless phone", "whatsapp", to({"identifierValue": "+48500100200"})),
    ("business id", "whatsapp", to({"identifierKey": "whatsappbsuid", "identifierValue": "B.1"})),
    (
        "everything around it",
        "sms",
        message(
            reference="r",
            tags=["A b-c_1"],
            validity=0,
            shortLinks={"domain": "default"},
            scheduledFor=HOUR,
            notification={"url": LINK},
            capFrequency=True,
            ignoreQuietHours=True,
            ignoreGlobalHoldout=True,
            enableLinkTracking=False,
            sender={"connector": {"identifierValue": "Acme", "annotations": {"name": "A"}}},
            replyTo={"id": "m", "type": "message", "order": 1},
            meta={"extraInformation": {"useCase": "marketing", "any": [1]}},
        ),
    ),
    (
        "mails with copies",
        "email",
        to(*({"identifierValue": "a@example.test", "type": kind} for kind in ("to", "cc", "bcc")))
        | {
            "body": typed(
                "html",
                {
                    "html": "<p>a</p>",
                    "text": "a",
                    "metadata": {"subject": "s"},
                    "attachments": [
                        {"content": "YQ==", "contentType": "text/plain", "filename": "a"}
                    ],
                },
            )
        },
    ),
    ("image", "sms", body("image", {"images": [{"mediaUrl": LINK, "altText": "a"}]})),
    ("file", "whatsapp", body("file", {"files": [{"mediaUrl": LINK, "contentType": "audio/ogg"}]})),
    ("gif", "sms", body("gif", {"mediaUrl": LINK})),
    (
        "place",
        "whatsapp",
        body(
            "location",
            {"coordinates": {"latitude": -90, "longitude": 180}, "location": {"label": "a"}},
        ),
    ),
    ("carousel", "whatsapp", body("carousel", {"text": "a", "items": [CARD, CARD]})),
    (
        "ten cards",
        "whatsapp",
        carousel(*[CARD | {"description": "a", "altText": "b"}] * 10),
    ),
    ("list", "whatsapp", body("list", {"text": "a", "items": [{"title": "b"}]})),
    (
        "section",
        "sms",
        body("section", {"items": [typed("section", {"items": [typed("text", {"text": "a"})]})]}),
    ),
    ("otp", "whatsapp", body("authentication", {"otp": {"disclaimer": True}})),
    ("long text on SMS", "sms", text(text="x" * 4097)),
    ("text of 4096", "whatsapp", text(text="x" * 4096)),
    (
        "text of 1024 with a button",
        "whatsapp",
        text(text="x" * 1024, actions=[typed("reply", {"text": "a"})]),
    ),
    ("text without buttons", "whatsapp", text(text="x" * 4096, actions=[])),
    (
        "caption of 1024",
        "whatsapp",
        body("image", {"images": [{"mediaUrl": LINK}], "text": "x" * 1024}),
    ),
    (
        "long caption on SMS",
        "sms",
        body("image", {"images": [{"mediaUrl": LINK}], "text": "x" * 1025}),
    ),
    (
        "list as long as can be",
        "whatsapp",
        body(
            "list",
            {"text": "x" * 4096, "title": "x" * 60, "items": [ROW | {"title": "x" * 24}]},
        ),
    ),
    ("three replies of 20", "whatsapp", text(actions=[typed("reply", {"text": "x" * 20})] * 3)),
    (
        "ten rows of 24",
        "whatsapp",
        body(
            "list",
            {"text": "a", "items": [{"actions": [typed("reply", {"text": "x" * 24})] * 10}]},
        ),
    ),
    (
        "actions",
        "whatsapp",
        text(
            actions=[
                typed("link", {"text": "a", "url": "{{link}}"}),
                typed("link", {"text": "a", "url": "tel:+48500100200"}),
                typed("reply", {"text": "a"}),
                {"type": "locationRequest"},
                typed("buy", {"text": "a", "amountCents": 1, "currency": "EUR"}),
                typed("postback", {"text": "a", "payload": "p"}),
            ]
        ),
    ),
    (
        "template",
        "whatsapp",
        template(
            locale="pl-PL",
            parameters=[
                {"type": "string", "key": "a", "value": "b"},
                {"type": "number", "key": "b", "value": 1.5},
                {"type": "object", "key": "c", "value": {"b": 1}},
                {"type": "boolean", "key": "d"},
            ],
        ),
    ),
]


@pytest.mark.parametrize(
    ("platform", "payload"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED]
)
async def test_documented_payload(
    http: aiohttp.ClientSession, platform: str, payload: dict[str, Any]
) -> None:
    """A payload that Bird documents is accepted."""
    async with http.post(f"channels/{CHANNELS[platform]}/messages", json=payload) as response:
        answer = await response.json()

    assert response.status == 202, answer


async def test_the_log_says_why(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """The request log names each violation with its path."""
    url = f"channels/{CHANNELS['sms']}/messages"
    async with http.post(url, json=text(text="\0") | {"ttl": 60}):
        pass
    async with http.post(url, data=b"{}"):
        pass
    async with http.get("channels/nowhere/messages"):
        pass

    first, *others = [each["refused"] for each in sandbox.requests]
    assert set(first.split("; ")) == {
        '.ttl: property "ttl" is unsupported',
        ".body.text.text: value must not contain the character U+0000",
    }
    assert others == [
        "BadRequest: Content-Type must be application/json",
        "NotFound: The requested resource does not exist: channel not found",
    ]
