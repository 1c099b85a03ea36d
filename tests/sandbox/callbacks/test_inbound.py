"""Inbound messages from phones: each provider's form and signature, and undocumented forms."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest
from support.sandbox_fixtures import PACE

from omnimsg.sandbox import ReplyError, Sandbox
from omnimsg_bird.emulator import CHANNELS, WORKSPACE, BirdEmulator

from .conftest import TO

if TYPE_CHECKING:
    from support.callback_target import Target
    from support.sandbox_fixtures import Clock

    from .conftest import Api

pytestmark = pytest.mark.anyio

NOW_MS = 1_700_000_000_000
DIGITS = TO.removeprefix("+")
PNG = {"content_type": "image/png", "data": base64.b64encode(b"a picture").decode()}
PLACE = {"latitude": -33.92, "longitude": 18.42, "name": "Cafe", "address": "1 Long St"}
BUTTONS = {
    "body": "Shall we keep it?",
    "items": [
        {"type": "reply", "title": "Yes", "postbackData": "keep"},
        {"type": "reply", "title": "No", "postbackData": "free"},
    ],
}
BIRD_BUTTONS = {
    "type": "text",
    "text": {
        "text": "Shall we keep it?",
        "actions": [
            {"type": "postback", "postback": {"text": "Yes", "payload": "keep"}},
            {"type": "reply", "reply": {"text": "No"}},
        ],
    },
}


async def reply(api: Api, **fields: Any) -> Any:
    """Send something from the phone, and return the control API's answer."""
    status, answer = await api.control("POST", "inbound", {"from": TO, **fields})
    assert status == 201, answer
    await api.sandbox.callbacks.flush()
    return answer


async def refused(api: Api, **fields: Any) -> str:
    """Send something from the phone that is refused, and return the named field."""
    status, answer = await api.control("POST", "inbound", {"from": TO, **fields})
    assert status == 400, answer
    return str(answer["error"].partition(":")[0])


async def test_a_text_through_clickatell(api: Api, target: Target) -> None:
    """A text through Clickatell is `moText`, with numbers without a plus and the network."""
    answer = await reply(api, provider="clickatell", text="STOP")

    (call,) = target.calls
    assert {"moText"} == call.document["event"].keys()
    assert {
        "channel": "sms",
        "messageId": answer["id"],
        "relatedMessageId": None,
        "relatedClientMessageId": None,
        "from": DIGITS,
        "to": "27870000000",
        "timestamp": NOW_MS,
        "content": "STOP",
        "charset": "UTF-8",
        "sms": {"network": "65501"},
    } == call.clickatell


async def test_media_through_clickatell(api: Api, target: Target) -> None:
    """Media through Clickatell is `moMedia` with a file that the account's key can fetch."""
    await reply(api, provider="clickatell", text="The receipt", media={**PNG, "file_name": "r.png"})

    entry = target.calls[0].clickatell
    (file,) = entry["files"]
    key = api.sandbox.config()["accounts"]["clickatell"]["api_key"]
    async with api.session.get(file["downloadUrl"], headers={"Authorization": key}) as response:
        fetched = response.status, response.content_type, await response.read()
    digest = hashlib.sha256(b"a picture").hexdigest()
    assert ("whatsapp", "The receipt") == (entry["channel"], entry["caption"])
    assert {"profileName": "Sandbox phone"} == entry["whatsapp"]
    assert ("image/png", digest, 9, "r.png") == tuple(
        file[name] for name in ("contentType", "sha256Hash", "byteSize", "fileName")
    )
    assert (200, "image/png", b"a picture") == fetched


async def test_media_inside_a_callback(api: Api, target: Target) -> None:
    """Media through Clickatell can be inline, in base64: its second documented form."""
    await reply(api, provider="clickatell", media={**PNG, "inline": True})

    entry = target.calls[0].clickatell
    assert (PNG["content_type"], PNG["data"]) == (entry["contentType"], entry["content"])
    assert "files" not in entry


async def test_a_place_through_clickatell(api: Api, target: Target) -> None:
    """A location through Clickatell has its coordinates as strings."""
    await reply(api, provider="clickatell", location=PLACE)

    entry = target.calls[0].clickatell
    assert ("-33.92", "18.42", "Cafe", "1 Long St") == tuple(
        entry[name] for name in ("latitude", "longitude", "locationName", "locationAddress")
    )


async def test_a_button_of_clickatell_is_a_guess(api: Api, target: Target, clock: Clock) -> None:
    """A tap through Clickatell, which documents no form, is refused unless `guess` is set."""
    message_id = await api.clickatell(channel="whatsapp", button=BUTTONS)
    clock.now += 2 * PACE
    await api.sandbox.callbacks.flush()
    target.calls.clear()

    status, answer = await api.control("POST", "inbound", {"from": TO, "button": {"label": "Yes"}})
    await reply(api, button={"label": "Yes"}, guess=True)

    (call,) = target.calls
    assert (400, True) == (status, "publishes no form" in answer["error"])
    assert (message_id, "Yes", "keep") == tuple(
        call.clickatell[name] for name in ("relatedMessageId", "title", "postbackData")
    )


async def test_a_text_answers_a_message(api: Api, target: Target, clock: Clock) -> None:
    """A text with `reply_to` names the message's id and reference in the callback."""
    message_id = await api.clickatell(channel="whatsapp")
    clock.now += 2 * PACE
    await api.sandbox.callbacks.flush()
    target.calls.clear()

    await reply(api, text="Yes", reply_to=f"clickatell:{message_id}")

    assert (message_id, "order-1", "whatsapp") == tuple(
        target.calls[0].clickatell[name]
        for name in ("relatedMessageId", "relatedClientMessageId", "channel")
    )


async def test_a_text_through_messente(api: Api, target: Target) -> None:
    """A text through Messente is signed with the Shared Secret; only its sender has a plus."""
    answer = await reply(api, provider="messente", text="STOP")

    (call,) = target.calls
    document = call.document
    secret = api.sandbox.config()["accounts"]["messente"]["inbound_secrets"][0]
    signature = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
    assert {
        "msg_id": answer["id"],
        "sub_msg_id": document["sub_msg_id"],
        "channel": "sms",
        "recipient": "37255509999",
        "time": "2023-11-14T22:13:20.000000Z",
        "text": "STOP",
        "sender": TO,
    } == document
    assert signature == call.headers["X-Messente-Signature"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"media": PNG}, "media"),
        ({"location": PLACE}, "location"),
        ({"button": {"label": "Yes"}}, "button"),
        ({"interaction": {"kind": "read"}}, "interaction"),
        ({"text": "Yes", "channel": "whatsapp"}, "channel"),
        ({"text": "Yes", "channel": "pigeon", "guess": True}, "channel"),
    ],
)
async def test_messente_documents_inbound_sms_only(
    api: Api, target: Target, fields: dict[str, Any], named: str
) -> None:
    """Anything but an SMS through Messente is refused with the field's name."""
    assert named == await refused(api, provider="messente", **fields)
    assert [] == target.calls


async def test_another_channel_of_messente_is_a_guess(api: Api, target: Target) -> None:
    """With `guess` another channel through Messente has the form of an SMS."""
    await reply(api, provider="messente", channel="whatsapp", text="Yes", guess=True)

    assert ["whatsapp"] == [document["channel"] for document in target.documents]


async def test_a_text_through_bird(api: Api, target: Target) -> None:
    """A text through Bird is `sms.inbound` with a message whose sender is a contact."""
    answer = await reply(api, provider="bird", text="STOP")

    (document,) = target.documents
    payload = document["payload"]
    assert ("channels", "sms.inbound") == (document["service"], document["event"])
    assert (answer["id"], CHANNELS["sms"], "incoming", "delivered") == tuple(
        payload[name] for name in ("id", "channelId", "direction", "status")
    )
    assert TO == payload["sender"]["contact"]["identifierValue"]
    assert "+37255509999" == payload["receiver"]["connector"]["identifierValue"]
    assert {"type": "text", "text": {"text": "STOP"}} == payload["body"]
    assert "replyTo" not in payload


@pytest.mark.parametrize(
    ("media", "kind", "listed"),
    [
        (PNG, "image", {"images": [{}]}),
        (
            {**PNG, "content_type": "application/pdf", "file_name": "a.pdf"},
            "file",
            {"files": [{"contentType": "application/pdf", "filename": "a.pdf"}]},
        ),
    ],
)
async def test_media_through_bird(
    api: Api, target: Target, media: dict[str, str], kind: str, listed: dict[str, Any]
) -> None:
    """Media through Bird is an image or a file, at a URL that redirects with the key."""
    await reply(api, provider="bird", text="Look", media=media)

    (document,) = target.documents
    payload = document["payload"]
    assert ("whatsapp.inbound", kind) == (document["event"], payload["body"]["type"])
    content = payload["body"][kind]
    (name,) = listed
    (file,) = content[name]
    url = file.pop("mediaUrl")
    assert listed | {"text": "Look"} == content
    path = f"/bird/workspaces/{WORKSPACE}/messages/{payload['id']}/media/"
    assert url.startswith(f"{api.sandbox.url}{path}")
    key = {"Authorization": "AccessKey sandbox-access-key"}
    async with api.session.get(url, headers=key, allow_redirects=False) as response:
        location = response.headers["Location"]
    async with api.session.get(location) as response:
        fetched = response.content_type, await response.read()
    assert (media["content_type"], b"a picture") == fetched


@pytest.mark.parametrize(
    ("data", "animated"),
    [
        (b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\x02", True),
        (b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\x10", False),
        (b"RIFF\x1a\0\0\0WEBPVP8L", False),
        (b"a sticker", False),
    ],
)
async def test_a_sticker_through_bird(
    api: Api, target: Target, data: bytes, animated: bool
) -> None:
    """A sticker through Bird is a file that says whether it is animated, not an image."""
    media = {"content_type": "image/webp", "data": base64.b64encode(data).decode()}
    await reply(api, provider="bird", media=media)

    body = target.documents[0]["payload"]["body"]
    (file,) = body["file"]["files"]
    assert ("file", "image/webp", {"isAnimated": animated}) == (
        body["type"],
        file["contentType"],
        file["metadata"],
    )


async def test_media_somewhere_else(api: Api, target: Target) -> None:
    """Media may be at another URL through Bird, but not through Clickatell, which needs a hash."""
    media = {"content_type": "image/png", "url": "https://cdn.example.test/a.png"}
    await reply(api, provider="bird", media=media)

    body = target.documents[0]["payload"]["body"]
    assert [{"mediaUrl": media["url"]}] == body["image"]["images"]
    assert "media.data" == await refused(api, provider="clickatell", media=media)
    assert "media.inline" == await refused(api, provider="bird", media={**PNG, "inline": True})


async def test_a_place_through_bird(api: Api, target: Target) -> None:
    """A location through Bird has the body of an outbound location."""
    await reply(api, provider="bird", location=PLACE)

    assert {
        "type": "location",
        "location": {
            "coordinates": {"latitude": -33.92, "longitude": 18.42},
            "location": {"label": "Cafe", "address": "1 Long St"},
        },
    } == target.documents[0]["payload"]["body"]


@pytest.mark.parametrize(
    ("button", "label", "payload"),
    [
        ({"label": "Yes"}, "Yes", "keep"),
        ({"payload": "keep"}, "Yes", "keep"),
        ({"label": "No"}, "No", "No"),
    ],
)
async def test_a_button_of_bird(
    api: Api,
    target: Target,
    clock: Clock,
    button: dict[str, str],
    label: str,
    payload: str,
) -> None:
    """A tap through Bird is a text with a postback, in reply to the last message with buttons."""
    message_id = await api.bird(channel="whatsapp", body=BIRD_BUTTONS)
    await api.bird(channel="whatsapp")
    clock.now += 4 * PACE
    await api.sandbox.callbacks.flush()
    target.calls.clear()

    await reply(api, button=button)

    (document,) = target.documents
    assert "whatsapp.inbound" == document["event"]
    assert {"id": message_id, "order": 0, "type": "click"} == document["payload"]["replyTo"]
    assert {
        "type": "text",
        "text": {
            "text": label,
            "actions": [{"type": "postback", "postback": {"text": label, "payload": payload}}],
        },
    } == document["payload"]["body"]


async def test_a_quoted_message_of_bird(api: Api, target: Target, clock: Clock) -> None:
    """A text that quotes a message names it in `replyTo`, with the type of a message."""
    message_id = await api.bird(channel="whatsapp")
    clock.now += 4 * PACE
    await api.sandbox.callbacks.flush()
    target.calls.clear()

    await reply(api, text="This one", reply_to=message_id)

    (document,) = target.documents
    assert {"id": message_id, "order": 0, "type": "message"} == document["payload"]["replyTo"]


async def test_a_button_of_an_older_message(api: Api, target: Target, clock: Clock) -> None:
    """`reply_to` of a tap selects an older message with the same button."""
    first = await api.bird(channel="whatsapp", body=BIRD_BUTTONS)
    await api.bird(channel="whatsapp", body=BIRD_BUTTONS)
    clock.now += 4 * PACE
    await api.sandbox.callbacks.flush()
    target.calls.clear()

    await reply(api, button={"label": "Yes", "reply_to": first})

    assert first == target.documents[0]["payload"]["replyTo"]["id"]


async def test_a_button_that_is_not_there(api: Api, clock: Clock) -> None:
    """A tap without a message with buttons, or on a button it lacks, is refused."""
    without = await refused(api, provider="bird", channel="whatsapp", button={"label": "Yes"})
    await api.bird(channel="whatsapp", body=BIRD_BUTTONS)
    clock.now += 4 * PACE

    _, answer = await api.control("POST", "inbound", {"from": TO, "button": {"label": "Perhaps"}})

    assert "button" == without
    assert "button: the message has no such button; it has 'Yes', 'No'" == answer["error"]


async def test_an_interaction_of_bird(api: Api, target: Target, clock: Clock) -> None:
    """A Bird interaction is an event of its own, and the look-up of interactions lists it."""
    message_id = await api.bird(channel="whatsapp")
    clock.now += 4 * PACE
    await api.sandbox.callbacks.flush()
    target.calls.clear()

    await reply(api, interaction={"kind": "clicked", "payload": "keep"})

    (document,) = target.documents
    key = {"Authorization": "AccessKey sandbox-access-key"}
    path = f"/bird/workspaces/{WORKSPACE}/channels/{CHANNELS['whatsapp']}/messages/{message_id}"
    _, listed = await api.call("GET", f"{path}/interactions", headers=key)
    assert "whatsapp.interaction" == document["event"]
    assert (message_id, "clicked", "item_1_clicked", {"button": {"payload": "keep"}}) == tuple(
        document["payload"][name] for name in ("messageId", "type", "details", "metadata")
    )
    assert [document["payload"]] == listed["results"]


@pytest.mark.parametrize(
    ("interaction", "named"),
    [
        ({"kind": "brand-new"}, "interaction.kind"),
        ({"kind": "conversion"}, "interaction.kind"),
        ({}, "interaction.kind"),
        ({"kind": "read", "reply_to": "x"}, "reply_to"),
    ],
)
async def test_interactions_that_are_not_documented(
    api: Api, clock: Clock, interaction: dict[str, str], named: str
) -> None:
    """An interaction of a kind not documented for the channel is refused."""
    await api.bird(channel="whatsapp")
    clock.now += 4 * PACE

    assert named == await refused(api, interaction=interaction)


async def test_an_interaction_with_nothing(api: Api) -> None:
    """An interaction on a phone that has received no message is refused."""
    fields = {"channel": "whatsapp", "interaction": {"kind": "read"}}

    assert "interaction" == await refused(api, provider="bird", **fields)


async def test_a_phone_answers_who_wrote_last(api: Api, target: Target, clock: Clock) -> None:
    """A reply uses the provider, channel and number of the phone's last message."""
    sender = {"connector": {"identifierValue": "+37255501234"}}
    await api.messente()
    clock.now += 4 * PACE
    await api.bird(channel="whatsapp", sender=sender)
    clock.now += 4 * PACE
    await api.sandbox.callbacks.flush()
    target.calls.clear()

    answer = await reply(api, text="Yes")

    (document,) = target.documents
    connector = document["payload"]["receiver"]["connector"]
    assert ("bird", "whatsapp", "inbound.text") == tuple(
        answer[name] for name in ("provider", "channel", "kind")
    )
    assert "+37255501234" == connector["identifierValue"]


async def test_a_phone_that_nobody_wrote_to(api: Api) -> None:
    """A reply of a phone without messages must name its provider."""
    assert "provider" == await refused(api, text="Yes")
    assert "provider" == await refused(api, text="Yes", provider="nobody")


async def test_an_only_provider_need_not_be_named() -> None:
    """In a sandbox of one provider, a reply need not name it."""
    async with Sandbox([BirdEmulator]) as sandbox:
        sent = sandbox.reply(TO, "Yes")

    assert ("bird", "sms", None) == (sent.provider, sent.channel, sent.sent_to)


@pytest.mark.parametrize(
    ("provider", "channel", "expected"),
    [
        ("clickatell", "whatsapp", True),
        ("bird", "whatsapp", True),
        ("clickatell", "sms", False),
        ("bird", "sms", False),
    ],
)
async def test_a_reply_by_whatsapp_opens_the_window(
    sandbox: Sandbox, provider: str, channel: str, expected: bool
) -> None:
    """A WhatsApp reply opens the service window of its own provider only."""
    sandbox.reply("+27820000009", "Hi", provider=provider, channel=channel)

    is_open = {
        name: each.windows.is_open("+27820000009") for name, each in sandbox.emulators.items()
    }
    assert {name: name == provider and expected for name in is_open} == is_open


async def test_a_number_alone_opens_every_window(
    sandbox: Sandbox, api: Api, target: Target
) -> None:
    """An inbound request with only a number opens all windows and sends nothing."""
    status, answer = await api.control("POST", "inbound", {"from": "27820000009"})
    await sandbox.callbacks.flush()

    assert (201, {"from": "+27820000009"}) == (status, answer)
    assert all(each.windows.is_open("+27820000009") for each in sandbox.emulators.values())
    assert [] == target.calls


async def test_what_is_sent_is_answered(api: Api, target: Target) -> None:
    """The answer to a reply has the callback's document, and its address without the secret."""
    answer = await reply(api, provider="clickatell", text="Yes")

    assert target.documents == [answer["callback"]]
    assert f"{target.url}/callbacks/clickatell/***" == answer["sent_to"]


async def test_without_an_address_it_is_not_sent(clock: Clock) -> None:
    """Without an address for callbacks a reply opens the window and is not sent."""
    async with Sandbox(clock=clock) as sandbox:
        sent = sandbox.reply(TO, "Yes", provider="bird", channel="whatsapp")
        await sandbox.callbacks.flush()

        assert (None, 0) == (sent.sent_to, sandbox.callbacks.counts["attempts"])
        assert sandbox.emulators["bird"].windows.is_open(TO)


async def test_a_phone_of_python(sandbox: Sandbox, target: Target) -> None:
    """`Sandbox.reply` does the same from Python, where media may be bytes."""
    media = {"content_type": "image/png", "data": b"a picture", "inline": True}
    sandbox.reply(TO, provider="clickatell", media=media)
    await sandbox.callbacks.flush()

    assert PNG["data"] == target.calls[0].clickatell["content"]
    with pytest.raises(ReplyError, match="from: must be"):
        sandbox.reply("Ola", "Yes")


async def test_the_texts_of_a_phone_keep_their_order(sandbox: Sandbox, target: Target) -> None:
    """Texts of one phone are delivered in the order in which they were sent."""
    texts = [f"text {number}" for number in range(20)]
    for text in texts:
        sandbox.reply(TO, text, provider="messente")
    await sandbox.callbacks.flush()

    assert texts == [document["text"] for document in target.documents]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"text": ""}, "text"),
        ({"text": 1}, "text"),
        ({"text": "a\x00"}, "text"),
        ({"txt": "Yes"}, "txt"),
        ({"provider": "bird"}, "text"),
        ({"text": "Yes", "location": PLACE}, "text"),
        ({"media": PNG, "location": PLACE}, "location"),
        ({"media": []}, "media"),
        ({"media": {"content_type": "image/png"}}, "media.data"),
        ({"media": {**PNG, "url": "http://a.test"}}, "media.data"),
        ({"media": {**PNG, "data": "!"}}, "media.data"),
        ({"media": {"data": "AA=="}}, "media.content_type"),
        ({"media": {**PNG, "content_type": "image/png\n"}}, "media.content_type"),
        ({"media": {"content_type": "image/png", "url": "a"}}, "media.url"),
        ({"media": {**PNG, "name": "a"}}, "media.name"),
        ({"media": {**PNG, "inline": 1}}, "media.inline"),
        ({"location": {"latitude": 91, "longitude": 0}}, "location.latitude"),
        ({"location": {"latitude": -91, "longitude": 0}}, "location.latitude"),
        ({"location": {"latitude": 1, "longitude": -181}}, "location.longitude"),
        ({"location": {"latitude": 1, "longitude": "0"}}, "location.longitude"),
        ({"location": {"latitude": 1}}, "location.longitude"),
        ({"location": {"latitude": True, "longitude": 0}}, "location.latitude"),
        ({"button": {}}, "button.label"),
        ({"button": {"title": "Yes"}}, "button.title"),
        ({"interaction": {"kind": 1}}, "interaction.kind"),
        ({"text": "Yes", "reply_to": "x", "provider": "bird"}, "reply_to"),
        ({"text": "Yes", "channel": "pigeon", "provider": "bird"}, "channel"),
        ({"text": "Yes", "channel": "viber", "provider": "clickatell"}, "channel"),
        ({"media": PNG, "channel": "sms", "provider": "bird"}, "media"),
        ({"location": PLACE, "channel": "sms", "provider": "clickatell"}, "location"),
        ({"interaction": {"kind": "read"}, "provider": "clickatell"}, "interaction"),
    ],
)
async def test_invalid_replies(
    api: Api, target: Target, fields: dict[str, Any], named: str
) -> None:
    """An invalid reply is refused with the field's name, and nothing is sent."""
    assert named == await refused(api, **fields)
    assert [] == target.calls


async def test_files_are_where_the_client_finds_them(
    sandbox: Sandbox, api: Api, target: Target
) -> None:
    """A file's URL has the host by which the account last reached the sandbox."""
    host = {"Host": f"sandbox.test:{sandbox.port}"}
    await api.call("GET", "/clickatell/v1/balance", headers=host)

    await reply(api, provider="clickatell", media=PNG)

    url = target.calls[0].clickatell["files"][0]["downloadUrl"]
    assert url.startswith(f"http://sandbox.test:{sandbox.port}/clickatell/v1/media?")


async def test_an_entry_of_a_list(api: Api, target: Target, clock: Clock) -> None:
    """An entry of a list is tapped like a button."""
    entries = [{"title": "Soup", "postbackData": "s"}, {"title": "Fish", "postbackData": "f"}]
    picker = {"button": "Choose", "subtitle": "What?", "sections": [{"items": entries}]}
    await api.clickatell(channel="whatsapp", listPicker=picker)
    clock.now += 2 * PACE
    await api.sandbox.callbacks.flush()
    target.calls.clear()

    await reply(api, button={"payload": "f"}, guess=True)

    assert "Fish" == target.calls[0].clickatell["title"]
