"""The blocks in which the page shows each content, as each provider's adapter writes it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from omnimsg import Channel, Client
from omnimsg.sandbox import Emulator, LifecycleStep, MessageRecord, Sandbox
from omnimsg_bird.emulator import ACCESS_KEY, CHANNELS, WORKSPACE
from omnimsg_messente.emulator import PASSWORD, USERNAME

from .conftest import PHONE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .conftest import Http

pytestmark = pytest.mark.anyio

contents: Any = importlib.import_module("contents")
content_examples: Any = importlib.import_module("content_examples")

# The kinds of blocks of each content, the same for all providers.
BLOCKS = {
    "text": ["text"],
    "media by link": ["file"],
    "media inline": ["file", "text"],
    "template": ["template"],
    "location": ["place"],
    "contacts": ["contact"],
    "interactive: replies": ["text", "button", "button"],
    "interactive: link": ["text", "button"],
    "list": ["text", "list"],
    "card": ["file", "text", "text", "button"],
    "carousel": ["text", "cards"],
    "section": ["text", "place"],
    "email": ["html", "text", "file"],
    "otp": ["text", "text", "text"],
    "binary": ["text"],
}
WAYS: list[tuple[str, str, Channel]] = [
    (account, name, channel)
    for account, adapter in content_examples.accounts().items()
    for name in contents.CONTENTS
    for channel in content_examples.carried(adapter, name)
]
PICTURE = "https://shop.example.test/menu.png"


def button(label: str, action: str = "reply", **fields: Any) -> dict[str, Any]:
    """Return a button block as the page receives it."""
    return {
        "block": "button",
        "label": label,
        "action": action,
        "value": None,
        "payload": None,
        "description": None,
        **fields,
    }


class Plain(Emulator):
    """An emulator that accepts a list of numbers, and has no display of its own."""

    name = "plain"

    @classmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return an account."""
        return {"provider": "plain", "base_url": base_url}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the route of a send."""
        return [web.post("/send", self.send)]

    def is_send(self, request: web.Request) -> bool:
        """Treat everything as a send."""
        return bool(request.path)

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Return an empty response."""
        del request
        return web.Response(status=status)

    async def send(self, request: web.Request) -> web.Response:
        """Accept a list of numbers."""
        now = self.state.clock()
        for to in await request.json():
            record = MessageRecord(
                provider=self.name,
                id=self.state.hex_id(),
                channel="sms",
                to=to,
                kind="text",
                content="hello",
                text="hello",
                created=now,
                start=now,
                steps=(
                    LifecycleStep("queued"),
                    LifecycleStep("sent", 1),
                    LifecycleStep("there", 2, delivers=True),
                ),
            )
            self.accept(record)
        return web.Response()


async def shown(http: Http, number: str = PHONE) -> list[dict[str, Any]]:
    """Return the blocks of the latest message to a phone."""
    return list((await http.entries(number))[-1]["blocks"])


@pytest.mark.parametrize(
    ("account", "name", "channel"), WAYS, ids=[f"{a}-{c.value}-{n}" for a, n, c in WAYS]
)
async def test_each_content_is_shown(
    client: Client, http: Http, account: str, name: str, channel: Channel
) -> None:
    """The same content has the same kinds of blocks through every provider."""
    message = contents.message(name, channel)
    await client.send(message, account=account)

    blocks = await shown(http, message.to)

    assert BLOCKS[name] == [each["block"] for each in blocks]


@pytest.mark.parametrize(
    ("account", "channel"),
    [("clickatell", Channel.WHATSAPP), ("bird", Channel.WHATSAPP), ("messente", Channel.RCS)],
)
async def test_buttons_have_what_a_tap_sends(
    client: Client, http: Http, account: str, channel: Channel
) -> None:
    """Reply buttons are shown with their labels and payloads."""
    await client.send(contents.message("interactive: replies", channel), account=account)

    _, *buttons = await shown(http)

    assert [button("Yes", payload="yes-71"), button("No", payload="no-71")] == buttons


@pytest.mark.parametrize("account", ["clickatell", "bird"])
async def test_a_list_has_its_entries(client: Client, http: Http, account: str) -> None:
    """A list is shown with the label that opens it and its entries with payloads."""
    await client.send(contents.message("list", Channel.WHATSAPP), account=account)

    _, found = await shown(http)

    entries = [button("Soup", payload="soup"), button("Fish", payload="fish")]
    assert {"block": "list", "label": "Choose", "sections": [[None, entries]]} == found


async def test_a_file_of_the_sandbox_is_fetched_from_it(client: Client, http: Http) -> None:
    """An inline file can be fetched from the sandbox with its original bytes."""
    await client.send(contents.message("media inline", Channel.WHATSAPP), account="clickatell")
    file, _ = await shown(http)

    async with http.session.get(f"/_sandbox/media/clickatell/{file['media']}") as response:
        served = response.content_type, await response.read()

    assert ("image", "menu.png") == (file["kind"], file["name"])
    assert ("image/png", contents.CONTENTS["media inline"].items[0].source.data) == served


async def test_a_file_of_another_host_is_only_named(client: Client, http: Http) -> None:
    """A file of another host is shown by its URL, without media in the sandbox."""
    await client.send(contents.message("media by link", Channel.WHATSAPP), account="bird")

    (file,) = await shown(http)

    assert ("image", None, PICTURE) == (file["kind"], file["media"], file["url"])


MESSENTE = [
    (
        {
            "channel": "viber",
            "text": "Hi",
            "image_url": PICTURE,
            "button_text": "Open",
            "button_url": PICTURE,
        },
        ["file", "text", "button"],
    ),
    (
        {
            "channel": "viber",
            "text": "Hi",
            "video": {"url": PICTURE, "thumbnail": PICTURE, "file_size": 1, "duration": 1},
        },
        ["file", "text"],
    ),
    (
        {"channel": "viber", "template": {"id": "t", "lang": "en", "params": {"a": "b"}}},
        ["template"],
    ),
    (
        {
            "channel": "viber",
            "text": "Hi",
            "carousel": {
                "items": [
                    {
                        "title": "One",
                        "image_url": PICTURE,
                        "primary_button": {"label": "Open", "action_url": PICTURE},
                    },
                    {
                        "title": "Two",
                        "image_url": PICTURE,
                        "primary_button": {"label": "Open", "action_url": PICTURE},
                        "secondary_button": {"label": "More", "action_url": PICTURE},
                    },
                ]
            },
        },
        ["text", "cards"],
    ),
    ({"channel": "whatsapp", "document": {"link": PICTURE, "caption": "Menu"}}, ["file", "text"]),
    (
        {
            "channel": "whatsapp",
            "template": {
                "name": "t",
                "language": {"code": "en"},
                "components": [
                    {
                        "type": "header",
                        "parameters": [{"type": "image", "image": {"link": PICTURE}}],
                    },
                    {"type": "header", "parameters": [{"type": "text", "text": "Hello"}]},
                    {
                        "type": "body",
                        "parameters": [
                            {
                                "type": "currency",
                                "currency": {
                                    "fallback_value": "5 EUR",
                                    "code": "EUR",
                                    "amount_1000": "5000",
                                },
                            }
                        ],
                    },
                    {
                        "type": "button",
                        "sub_type": "quick_reply",
                        "index": 0,
                        "parameters": [{"type": "payload", "payload": "yes"}],
                    },
                ],
            },
        },
        ["file", "text", "template", "button"],
    ),
    (
        {
            "channel": "rcs",
            "sender": "Cafe",
            "text": "Hi",
            "suggestions": [
                {
                    "action": {
                        "text": "Call",
                        "postback_data": "c",
                        "dial_action": {"phone_number": PHONE},
                    }
                },
                {"action": {"text": "Share", "postback_data": "s", "share_location_action": {}}},
            ],
        },
        ["text", "button", "button"],
    ),
    (
        {
            "channel": "rcs",
            "sender": "Cafe",
            "rich_card": {
                "carousel_card": {
                    "card_width": "SMALL",
                    "card_contents": [{"title": "One"}, {"description": "Two"}],
                }
            },
        },
        ["cards"],
    ),
    ({"channel": "sms", "text": "Hi", "udh": "050003010101"}, ["text", "text"]),
]


@pytest.mark.parametrize(("message", "kinds"), MESSENTE)
async def test_what_only_messente_has(
    http: Http, message: dict[str, Any], kinds: list[str]
) -> None:
    """Each content of Messente's channels that other providers lack is shown."""
    status, answer = await http.call(
        "POST",
        "/messente/v1/omnimessage",
        json={"to": PHONE, "messages": [message]},
        headers={"Authorization": aiohttp.encode_basic_auth(USERNAME, PASSWORD)},
    )

    blocks = await shown(http)

    assert (201, kinds) == (status, [each["block"] for each in blocks]), answer


HEADER = {
    "type": "location",
    "location": {"latitude": "1", "longitude": "2", "name": "A", "address": "B"},
}
CLICKATELL = [
    (
        {
            "template": {
                "templateName": "table_ready",
                "body": {"parameters": {"1": "A", "2": "B"}},
                "header": HEADER,
                "templateButtons": [
                    {"index": 2, "type": "otp", "otp": {"code": "482913"}},
                    {"index": 1, "type": "url", "url": {"url": "71"}},
                ],
            }
        },
        ["place", "template", "button", "button"],
    ),
    (
        {
            "template": {
                "templateName": "table_ready",
                "body": {"parameters": {"1": "A", "2": "B"}},
                "header": {"type": "text", "text": {"parameters": {"1": "Tonight"}}},
            }
        },
        ["text", "template"],
    ),
    (
        {
            "button": {
                "body": "Hi",
                "header": {"type": "text", "text": "Title"},
                "footer": "Foot",
                "items": [{"title": "Yes", "postbackData": "y"}],
            }
        },
        ["text", "text", "text", "button"],
    ),
    ({"locationRequest": {"body": "Where are you?"}}, ["text", "button"]),
    (
        {
            "listPicker": {
                "button": "Choose",
                "title": "Menu",
                "subtitle": "Hi",
                "footer": "Foot",
                "sections": [
                    {"items": [{"title": "Soup", "postbackData": "s", "subtitle": "hot"}]}
                ],
            }
        },
        ["text", "text", "text", "list"],
    ),
    (
        {
            "contacts": [
                {
                    "name": {"first": "A", "last": "B"},
                    "org": {"company": "C"},
                    "birthday": "2000-01-01",
                    "emails": [{"email": "a@example.test"}],
                }
            ]
        },
        ["contact"],
    ),
]


@pytest.mark.parametrize(("fields", "kinds"), CLICKATELL)
async def test_what_only_clickatell_has(
    http: Http, sandbox: Sandbox, fields: dict[str, Any], kinds: list[str]
) -> None:
    """Headers, footers, template buttons and all fields of a contact of Clickatell are shown."""
    key = sandbox.config()["accounts"]["clickatell"]["api_key"]
    message = {"to": PHONE.removeprefix("+"), "channel": "whatsapp", **fields}
    status, answer = await http.call(
        "POST",
        "/clickatell/v1/message",
        json={"messages": [message]},
        headers={"Authorization": key},
    )

    blocks = await shown(http)

    assert (202, kinds) == (status, [each["block"] for each in blocks]), answer


async def test_a_templates_buttons_say_what_they_do(http: Http, sandbox: Sandbox) -> None:
    """Each button has its action; a one-time code that stands only in one is found."""
    key = sandbox.config()["accounts"]["clickatell"]["api_key"]
    template = {
        "templateName": "table_ready",
        "body": {"parameters": {"1": "A", "2": "B"}},
        "templateButtons": [
            {"index": 1, "type": "otp", "otp": {"code": "482913"}},
            {"index": 2, "type": "url", "url": {"url": "71"}},
            {"index": 3, "type": "couponCode", "couponCode": {"code": "SPRING"}},
            {"index": 4, "type": "suggestedResponse", "suggestedResponse": {"postbackData": "y"}},
        ],
    }
    message = {"to": PHONE.removeprefix("+"), "channel": "whatsapp", "template": template}
    await http.call(
        "POST",
        "/clickatell/v1/message",
        json={"messages": [message]},
        headers={"Authorization": key},
    )

    (entry,) = await http.entries()

    _, *buttons = entry["blocks"]
    actions = ["copy", "end of a link", "copy", "quick reply"]
    assert actions == [each["action"] for each in buttons]
    assert ["482913"] == entry["codes"]


async def test_an_emulator_without_a_display_shows_texts() -> None:
    """A third-party emulator without a display is shown with its texts and statuses."""
    async with Sandbox([Plain]) as sandbox, aiohttp.ClientSession(sandbox.url) as session:
        async with session.post("/plain/send", json=[PHONE]) as response:
            assert response.status == 200
        async with session.get("/_sandbox/phones/27820001000") as response:
            (entry,) = (await response.json())["entries"]

    assert [{"block": "text", "text": "hello", "role": "body"}] == entry["blocks"]
    assert ["accepted", "sent", "delivered"] == [each["stage"] for each in entry["life"]]
    assert [] == entry["outcomes"]


async def test_a_rejected_entry_of_a_batch_is_shown(http: Http) -> None:
    """An entry of a Bird batch that is rejected later is shown, even without a valid body."""
    receiver = {"contacts": [{"identifierValue": PHONE}]}
    status, _ = await http.call(
        "POST",
        f"/bird/workspaces/{WORKSPACE}/channels/{CHANNELS['sms']}/batch/messages",
        json={"messageRequests": [{"receiver": receiver, "body": 7}]},
        headers={"Authorization": f"AccessKey {ACCESS_KEY}"},
    )

    (block,) = await shown(http)

    assert (202, "note") == (status, block["role"])
