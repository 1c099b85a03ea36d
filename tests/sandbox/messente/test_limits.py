"""Every documented limit of the Messente emulator, from both sides, over plain HTTP."""

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from .payloads import (
    BUTTON,
    CARD,
    LINK,
    REPLY,
    TO,
    VIDEO,
    action,
    envelope,
    parameter,
    rcs,
    sms,
    viber,
)

pytestmark = pytest.mark.anyio

Build = Callable[[int], dict[str, Any]]

URL = "https://a.test/"
EVENT = {"start_time": "a", "end_time": "b", "title": "c", "description": "d"}


def url(length: int) -> str:
    """Return a URL of a length."""
    return URL.ljust(length, "x")


def reply(**more: Any) -> dict[str, Any]:
    """Return an RCS message with one reply."""
    return rcs(text="a", suggestions=[{"reply": REPLY | more}])


def event(**more: Any) -> dict[str, Any]:
    """Return an RCS message with one event."""
    return action(create_calendar_event_action=EVENT | more)


def standalone(**more: Any) -> dict[str, Any]:
    """Return an RCS message of one card with other members beside its content."""
    members = {
        "card_orientation": "VERTICAL",
        "thumbnail_image_alignment": "LEFT",
        "card_content": {},
    }
    return rcs(rich_card={"standalone_card": members | more})


def card(**more: Any) -> dict[str, Any]:
    """Return an RCS message of one card."""
    return standalone(card_content=more)


def cards(count: int) -> dict[str, Any]:
    """Return an RCS message of several cards."""
    return rcs(rich_card={"carousel_card": {"card_width": "SMALL", "card_contents": [{}] * count}})


def items(*found: Any) -> dict[str, Any]:
    """Return a Viber message of cards."""
    return viber(text="a", carousel={"items": list(found)})


def component(index: int) -> dict[str, Any]:
    """Return a WhatsApp template with a button."""
    body = parameter(text="a")
    body["messages"][0]["template"]["components"][0]["index"] = index
    return body


LIMITS: dict[str, tuple[Build, int | None, int | None]] = {
    # how to build a payload of a size, the least size and the greatest; None for no limit: not
    # even one, for the least
    "ttl": (lambda n: sms(ttl=n), 1, 14 * 24 * 3600),
    "validity": (lambda n: sms(validity=n), 1, 14 * 24 * 60),
    "sms text": (lambda n: sms(text="x" * n), 1, None),
    "sms sender's name": (lambda n: sms(sender="x" * n), 1, 11),
    "sms sender's number": (lambda n: sms(sender="1" * n), 1, 15),
    "sms sender's number with a plus": (lambda n: sms(sender="+" + "1" * n), None, 15),
    "viber sender": (lambda n: viber(text="a", sender="x" * n), 1, None),
    "viber text": (lambda n: viber(text="x" * n), 1, 1000),
    "viber text outside of the basic plane": (lambda n: viber(text="🍽" * n), 1, 1000),
    "viber video's bytes": (lambda n: viber(video=VIDEO | {"file_size": n}), 1, 200_000_000),
    "viber video's seconds": (lambda n: viber(video=VIDEO | {"duration": n}), 1, 600),
    "viber cards": (lambda n: items(*[CARD] * n), 2, 5),
    "viber card's title": (lambda n: items(CARD, CARD | {"title": "x" * n}), 2, 38),
    "viber card's label": (
        lambda n: items(CARD, CARD | {"secondary_button": BUTTON | {"label": "x" * n}}),
        1,
        None,
    ),
    "whatsapp index": (component, 0, None),
    "rcs text": (lambda n: rcs(text="x" * n), 1, 3072),
    "rcs suggestions": (lambda n: rcs(text="a", suggestions=[{"reply": REPLY}] * n), None, 11),
    "rcs label": (lambda n: reply(text="x" * n), 1, 25),
    "rcs label of an action": (
        lambda n: action(share_location_action={}, text="x" * n),
        1,
        25,
    ),
    "rcs postback data": (lambda n: reply(postback_data="x" * n), None, 2048),
    "rcs postback data of an action": (
        lambda n: action(share_location_action={}, postback_data="x" * n),
        None,
        2048,
    ),
    "rcs fallback URL": (
        lambda n: action(share_location_action={}, fallback_url=url(n)),
        None,
        2048,
    ),
    "rcs URL": (
        lambda n: action(open_url_action={"url": url(n), "application": "BROWSER"}),
        None,
        2048,
    ),
    "rcs event's title": (lambda n: event(title="x" * n), None, 100),
    "rcs event's description": (lambda n: event(description="x" * n), None, 500),
    "rcs card's title": (lambda n: card(title="x" * n), None, 200),
    "rcs card's description": (lambda n: card(description="x" * n), None, 2000),
    "rcs card's suggestions": (lambda n: card(suggestions=[{"reply": REPLY}] * n), None, 4),
    "rcs cards": (cards, 2, 10),
}


@pytest.mark.parametrize(("build", "least", "greatest"), LIMITS.values(), ids=LIMITS)
async def test_limit(
    http: aiohttp.ClientSession, build: Build, least: int | None, greatest: int | None
) -> None:
    """A limit itself is accepted; what is one less, or one more, is refused."""
    expected = {0: 201} if least is None else {least - 1: 400, least: 201}
    if greatest is not None:
        expected |= {greatest: 201, greatest + 1: 400}
    found = {}

    for size in expected:
        async with http.post("omnimessage", json=build(size)) as response:
            found[size] = response.status

    assert expected == found


NAMES: dict[str, tuple[Callable[[str], dict[str, Any]], list[str]]] = {
    "autoconvert": (lambda name: sms(autoconvert=name), ["on", "full", "off"]),
    "webview_view_mode": (
        lambda name: action(
            open_url_action={"url": LINK, "application": "WEBVIEW", "webview_view_mode": name}
        ),
        ["FULL", "HALF", "TALL"],
    ),
    "application": (
        lambda name: action(open_url_action={"url": LINK, "application": name}),
        ["BROWSER", "WEBVIEW"],
    ),
    "card_width": (
        lambda name: rcs(
            rich_card={"carousel_card": {"card_width": name, "card_contents": [{}, {}]}}
        ),
        ["SMALL", "MEDIUM"],
    ),
    "height": (
        lambda name: card(
            media={"height": name, "content_info": {"file_url": LINK, "force_refresh": False}}
        ),
        ["SHORT", "MEDIUM", "TALL"],
    ),
    "card_orientation": (
        lambda name: standalone(card_orientation=name),
        ["VERTICAL", "HORIZONTAL"],
    ),
    "thumbnail_image_alignment": (
        lambda name: standalone(thumbnail_image_alignment=name),
        ["LEFT", "RIGHT"],
    ),
    "text_store": (lambda name: envelope(text_store=name), ["nostore", "plaintext", "sha256"]),
    "priority": (lambda name: envelope(priority=name), ["low", "regular", "high"]),
}


@pytest.mark.parametrize(("build", "names"), NAMES.values(), ids=NAMES)
async def test_names(
    http: aiohttp.ClientSession, build: Callable[[str], dict[str, Any]], names: list[str]
) -> None:
    """Every value of an enumeration is accepted, exactly as it is written, and no other."""
    expected = {**dict.fromkeys(names, 201), names[0].swapcase(): 400, f"{names[0]} ": 400}
    found = {}

    for name in expected:
        async with http.post("omnimessage", json=build(name)) as response:
            found[name] = response.status

    assert expected == found


async def test_the_number_to_dial(http: aiohttp.ClientSession) -> None:
    """The number that a button dials is in E.164 form."""
    found = []

    for number in (TO, TO.removeprefix("+"), "112"):
        async with http.post(
            "omnimessage", json=action(dial_action={"phone_number": number})
        ) as response:
            found.append(response.status)

    assert [201, 400, 400] == found
