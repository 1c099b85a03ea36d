"""The phones and their conversations, as the page receives them."""

from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from support.sandbox_fixtures import PACE

from omnimsg import Channel, Leg, Message, RejectedError, Template
from omnimsg.sandbox import Limits, Sandbox

from .conftest import PHONE

if TYPE_CHECKING:
    from support.callback_target import Target
    from support.sandbox_fixtures import Clock

    from omnimsg import Client

    from .conftest import Http

pytestmark = pytest.mark.anyio

OTHER = "+27820001001"
REFUSED = "+27820990003"


def said(entry: dict[str, Any]) -> str | None:
    """Return the text of an entry of either direction."""
    if entry["direction"] == "out":
        (block,) = entry["blocks"]
        return str(block["text"])
    return str(entry["text"])


async def test_the_phone_with_the_latest_news_comes_first(client: Client, http: Http) -> None:
    """Phones are listed by their latest message, with its text, their counts and their routes."""
    await client.send(Message(PHONE, "One"), account="clickatell")
    await client.send(Message(OTHER, "Two"), account="messente")
    await client.send(Message(PHONE, "Three", channel=Channel.SMS), account="bird")

    listed = await http.get("phones")

    shown = [(each["number"], each["total"], each["last"]["text"]) for each in listed["phones"]]
    ways = [(way["provider"], way["channel"]) for way in listed["phones"][0]["routes"]]
    assert (2, [(PHONE, 2, "Three"), (OTHER, 1, "Two")]) == (listed["count"], shown)
    assert [("clickatell", "sms"), ("bird", "sms")] == ways


async def test_a_conversation_has_what_both_sides_said(
    client: Client, sandbox: Sandbox, http: Http, clock: Clock
) -> None:
    """A conversation has messages, refusals and replies in chronological order."""
    await client.send(Message(REFUSED, "Hello", channel=Channel.WHATSAPP), account="messente")
    clock.now += 1
    with pytest.raises(RejectedError):
        await client.send(Message(REFUSED, "Again"), account="clickatell")
    clock.now += 1
    sandbox.reply(REFUSED, "Who is this?", provider="messente", channel="sms")

    entries = await http.entries(REFUSED)

    shown = [(each["direction"], each["provider"], said(each)) for each in entries]
    assert [
        ("out", "messente", "Hello"),
        ("refused", "clickatell", "Again"),
        ("in", "messente", "Who is this?"),
    ] == shown


@pytest.mark.parametrize("number", ["{{phone}}", "{number}", "082/1234567", "50% of it"])
async def test_every_number_can_be_looked_at(sandbox: Sandbox, http: Http, number: str) -> None:
    """Any recipient of a refused message has a page, such as an unfilled placeholder."""
    key = sandbox.config()["accounts"]["clickatell"]["api_key"]
    body = {"messages": [{"to": number, "content": "Hello"}]}
    await http.call("POST", "/clickatell/v1/message", json=body, headers={"Authorization": key})

    shown = await http.get(f"phones/{quote(number, safe='')}")

    assert (number, ["refused"]) == (
        shown["number"],
        [each["direction"] for each in shown["entries"]],
    )


async def test_a_refused_message_is_shown_with_its_text(sandbox: Sandbox, http: Http) -> None:
    """The text of a refused message is found, whatever member of it holds that."""
    key = sandbox.config()["accounts"]["clickatell"]["api_key"]
    contents: list[dict[str, Any]] = [
        {"content": "A"},
        {"button": {"body": "B"}},
        {"listPicker": {"subtitle": "C"}},
        {"actionUrl": {"body": "D"}},
        {"media": {"caption": "E"}, "content": "bytes"},
    ]
    body = {"messages": [{"to": REFUSED, "channel": "whatsapp", **each} for each in contents]}
    await http.call("POST", "/clickatell/v1/message", json=body, headers={"Authorization": key})

    entries = await http.entries(REFUSED)

    assert [*"ABCDE"] == [said(each) for each in entries]


async def test_a_message_for_the_end_of_time(sandbox: Sandbox, http: Http) -> None:
    """A message whose statuses are beyond the last representable date is shown."""
    key = sandbox.config()["accounts"]["clickatell"]["api_key"]
    message = {
        "to": PHONE.removeprefix("+"),
        "content": "Hello",
        "scheduledDeliveryTime": "9999-12-31T23:59:59Z",
    }
    body = {"messages": [message]}
    await http.call("POST", "/clickatell/v1/message", json=body, headers={"Authorization": key})

    (entry,) = await http.entries()

    assert "9999-12-31T23:59:59.999Z" == entry["life"][-1]["at"]


async def test_the_pictures_of_phones_are_kept_within_the_limit_of_media(
    target: Target,
) -> None:
    """Pictures from phones count against the limit of media, and no callback keeps a copy."""
    limits = Limits(media_bytes=1_000_000)
    async with Sandbox(callbacks=target.url, limits=limits) as sandbox:
        tracemalloc.start()
        for number in range(20):
            picture = bytes([number]) * 500_000
            media = {"content_type": "image/png", "data": picture, "inline": True}
            sandbox.reply(PHONE, provider="clickatell", channel="whatsapp", media=media)
        del picture, media
        await sandbox.callbacks.flush()
        target.calls.clear()
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert kept < 3_000_000


async def test_a_message_has_its_life(client: Client, http: Http, clock: Clock) -> None:
    """A message's steps are marked as planned until the clock reaches them."""
    await client.send(Message(PHONE, "Hello"), account="clickatell")
    clock.now += PACE

    (entry,) = await http.entries()

    life = [(each["stage"], each["status"], each["is_planned"]) for each in entry["life"]]
    assert [
        ("accepted", "QUEUED", False),
        ("sent", "SENT_TO_SUPPLIER", False),
        ("delivered", "DEVICE_ACK", True),
    ] == life
    assert ("sent", None) == (entry["stage"], entry["arrived"])


async def test_a_fallback_that_is_not_needed_says_so(client: Client, http: Http) -> None:
    """A fallback leg that is not attempted is shown as unused."""
    message = Message(PHONE, "Hello", channel=Channel.VIBER, fallback=(Leg(channel=Channel.SMS),))
    await client.send(message, account="messente")

    entries = await http.entries()

    assert [("viber", "accepted"), ("sms", "unused")] == [
        (each["channel"], each["stage"]) for each in entries
    ]
    assert [] == entries[1]["outcomes"]


async def test_an_sms_says_how_it_travels(client: Client, http: Http) -> None:
    """An SMS is shown with its encoding, its parts and the characters that force UCS-2."""
    await client.send(Message(PHONE, "Dinner's ready: “soup”"), account="clickatell")

    (entry,) = await http.entries()

    assert {
        "encoding": "UCS-2",
        "units": 22,
        "parts": 1,
        "capacity": 70,
        "forced_by": "“”",
    } == entry["sms"]


async def test_codes_and_links_are_picked_out(client: Client, http: Http) -> None:
    """The code and the link of a text are listed."""
    text = "Your code is 482 913, or open https://cafe.example.test/in?t=771122."
    await client.send(Message(PHONE, text), account="clickatell")

    (entry,) = await http.entries()

    assert (["482913"], ["https://cafe.example.test/in?t=771122"]) == (
        entry["codes"],
        entry["links"],
    )


async def test_a_template_is_worded_as_far_as_it_is_known(client: Client, http: Http) -> None:
    """A template is shown in its configured text; named parameters count by position too."""
    for account in ("clickatell", "bird"):
        template = Template("table_ready", "en", body=("Thandi", "19:30"))
        await client.send(Message(PHONE, template, channel=Channel.WHATSAPP), account=account)
    changed = {"text": "{{1}} at {{time}}"}
    before = [each["blocks"][0]["text"] for each in await http.entries()]

    await http.call("PUT", "/_sandbox/templates/table_ready", json=changed)

    after = [each["blocks"][0]["text"] for each in await http.entries()]
    assert ["Hello Thandi, your table is ready at 19:30."] * 2 == before
    assert ["Thandi at {{time}}", "Thandi at 19:30"] == after


@pytest.mark.parametrize("search", ["0001001", "SOUP", "%20soup%20"])
async def test_phones_are_searched(client: Client, http: Http, search: str) -> None:
    """A part of a number or of a text finds the phone, in any case of letters."""
    await client.send(Message(PHONE, "Fish"), account="clickatell")
    await client.send(Message(OTHER, "Soup of the day"), account="clickatell")

    found = await http.get(f"phones?search={search}")

    assert [OTHER] == [each["number"] for each in found["phones"]]


async def test_what_a_phone_said_is_searched(sandbox: Sandbox, http: Http) -> None:
    """A phone that has only sent messages is listed, and found by their text."""
    sandbox.reply(OTHER, "Where are you?", provider="clickatell")

    found = await http.get("phones?search=where")

    assert [(OTHER, "in")] == [
        (each["number"], each["last"]["direction"]) for each in found["phones"]
    ]


async def test_lists_have_a_limit(client: Client, http: Http) -> None:
    """Lists show the latest entries up to the limit, and the total count."""
    for text in ("One", "Two", "Three"):
        await client.send(Message(PHONE, text), account="clickatell")
    await client.send(Message(OTHER, "Four"), account="clickatell")

    phones = await http.get("phones?limit=1")
    phone = await http.get(f"phones/{PHONE.replace('+', '%2B')}?limit=2")
    refused, _ = await http.call("GET", "/_sandbox/phones?limit=0")

    assert (2, [OTHER]) == (phones["count"], [each["number"] for each in phones["phones"]])
    assert (3, ["Two", "Three"]) == (phone["count"], [said(each) for each in phone["entries"]])
    assert refused == 400


async def test_a_phone_without_news_is_not_found(http: Http) -> None:
    """A phone that has neither received nor sent anything is not found."""
    status, body = await http.call("GET", "/_sandbox/phones/%2B27820001000")

    assert (404, "number") == (status, body["error"].partition(":")[0])


async def test_whatsapps_window_is_shown(client: Client, sandbox: Sandbox, http: Http) -> None:
    """The WhatsApp window is shown for each provider that wrote to the phone on WhatsApp."""
    await client.send(Message(OTHER, "Hello", channel=Channel.WHATSAPP), account="messente")
    before = (await http.get("phones/27820001001"))["windows"]

    sandbox.reply(OTHER, "Hi", provider="messente", channel="whatsapp", guess=True)

    after = (await http.get("phones/27820001001"))["windows"]
    assert ({"messente": False}, {"messente": True}) == (before, after)


async def test_each_kind_of_reply_is_shown(sandbox: Sandbox, http: Http) -> None:
    """A location, a picture with a caption and an opened window are shown."""
    place = {"latitude": -33.92, "longitude": 18.42, "name": "Cafe"}
    picture = {"content_type": "image/png", "data": b"a picture", "file_name": "a.png"}
    common = {"provider": "bird", "channel": "whatsapp"}
    sandbox.reply(PHONE, location=place, **common)
    sandbox.reply(PHONE, "Here", media=picture, **common)
    sandbox.reply(PHONE)

    entries = await http.entries()
    previews = [(await http.get(f"phones?search={text}"))["count"] for text in ("cafe", "here")]

    kinds = [each["kind"] for each in entries]
    assert ["inbound.location", "inbound.media", "window"] == kinds
    assert ("Cafe", "Here", "2") == (
        entries[0]["location"]["name"],
        entries[1]["text"],
        entries[1]["media"]["media"],
    )
    assert [1, 1] == previews


async def test_a_callback_is_shown_beside_what_it_reports(
    client: Client, sandbox: Sandbox, http: Http
) -> None:
    """A message is shown with the attempts of its callbacks."""
    await client.send(Message(PHONE, "Hello"), account="clickatell")
    await sandbox.callbacks.flush()

    (entry,) = await http.entries()

    assert [("status.QUEUED", 200)] == [
        (each["kind"], each["status"]) for each in entry["callbacks"]
    ]


async def test_a_reset_forgets_all(client: Client, sandbox: Sandbox, http: Http) -> None:
    """A reset clears phones, requests and templates, and increases the page's `era`."""
    await client.send(Message(PHONE, "Hello"), account="clickatell")
    await http.call("PUT", "/_sandbox/templates/parcel", json={"text": "It is there"})

    sandbox.reset()

    about = await http.get("about")
    assert (1, ["table_ready"]) == (about["era"], list(about["templates"]))
    assert [] == (await http.get("phones"))["phones"]
    assert [] == (await http.get("exchanges"))["exchanges"]
