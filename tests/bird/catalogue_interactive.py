"""WhatsApp in the catalogue: buttons, locations, lists, carousels, sections, passwords."""

from __future__ import annotations

from decimal import Decimal

from bird.cases import STORED, URL, JsonObject

from omnimsg.domain.content import (
    Buy,
    Card,
    Carousel,
    Content,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    MediaItem,
    OpenUrl,
    Otp,
    Reply,
    RequestLocation,
    Section,
    Text,
)
from omnimsg.domain.media import Link, MediaKind

CARDS = Carousel(
    [
        Card(
            title=title,
            text="Menu",
            media=MediaItem(MediaKind.IMAGE, STORED, alt_text="A plate"),
            actions=[OpenUrl("Open", URL)],
        )
        for title in ("Tonight", "Tomorrow")
    ],
    "Our menus",
)
CARDS_JSON = {
    "text": "Our menus",
    "items": [
        {
            "title": title,
            "description": "Menu",
            "mediaUrl": STORED.url,
            "altText": "A plate",
            "actions": [{"type": "link", "link": {"text": "Open", "url": URL}}],
        }
        for title in ("Tonight", "Tomorrow")
    ],
}

WHATSAPP: list[tuple[Content, str, JsonObject]] = [
    (
        Interactive(
            "Pay",
            [
                Reply("Yes", description="Please", image_url=URL),
                Reply("No", "no"),
            ],
        ),
        "text",
        {
            "text": "Pay",
            "actions": [
                {
                    "type": "reply",
                    "reply": {
                        "text": "Yes",
                        "imageUrl": URL,
                        "metadata": {"description": {"label": "Please"}},
                    },
                },
                {"type": "postback", "postback": {"text": "No", "payload": "no"}},
            ],
        },
    ),
    *(
        (Interactive("Pay", [action]), "text", {"text": "Pay", "actions": [written]})
        for action, written in (
            (OpenUrl("Open", URL), {"type": "link", "link": {"text": "Open", "url": URL}}),
            (RequestLocation(), {"type": "locationRequest"}),
            (
                RequestLocation("Where"),
                {"type": "locationRequest", "locationRequest": {"text": "Where"}},
            ),
            (
                Buy("Buy", Decimal("9.90"), currency="EUR"),
                {"type": "buy", "buy": {"text": "Buy", "amountCents": 990, "currency": "EUR"}},
            ),
        )
    ),
    *(
        (
            Interactive("Look", [Reply("Yes")], header=item),
            kind,
            {
                **shown,
                "text": "Look",
                "actions": [{"type": "reply", "reply": {"text": "Yes"}}],
            },
        )
        for item, kind, shown in (
            (
                MediaItem(MediaKind.IMAGE, Link(URL)),
                "image",
                {"images": [{"mediaUrl": URL}]},
            ),
            (MediaItem(MediaKind.GIF, Link(URL)), "gif", {"mediaUrl": URL}),
            (
                MediaItem(MediaKind.VIDEO, Link(URL), content_type="video/mp4"),
                "file",
                {"files": [{"mediaUrl": URL, "contentType": "video/mp4"}]},
            ),
        )
    ),
    (
        Location(59.4, 24.7),
        "location",
        {"coordinates": {"latitude": 59.4, "longitude": 24.7}},
    ),
    (
        Location(59.4, 24.7, name="Shop", address="Pikk 1"),
        "location",
        {
            "coordinates": {"latitude": 59.4, "longitude": 24.7},
            "location": {"label": "Shop", "address": "Pikk 1"},
        },
    ),
    (
        ListPicker(
            "Choose",
            "Show",
            header="Tables",
            sections=[
                ListSection([ListItem("A", "a", description="First")], "Inside"),
                ListSection([ListItem("B", "b")], "Outside"),
            ],
        ),
        "list",
        {
            "title": "Tables",
            "text": "Choose",
            "items": [
                {
                    "title": "Inside",
                    "actions": [
                        {
                            "type": "postback",
                            "postback": {
                                "text": "A",
                                "payload": "a",
                                "metadata": {"description": {"label": "First"}},
                            },
                        }
                    ],
                },
                {
                    "title": "Outside",
                    "actions": [{"type": "postback", "postback": {"text": "B", "payload": "b"}}],
                },
            ],
            "metadata": {"button": {"label": "Show"}},
        },
    ),
    (
        CARDS,
        "carousel",
        CARDS_JSON,
    ),
    (
        Section([Text("Hi"), Section([CARDS, Location(1, 2)])]),
        "section",
        {
            "items": [
                {"type": "text", "text": {"text": "Hi"}},
                {
                    "type": "section",
                    "section": {
                        "items": [
                            {"type": "carousel", "carousel": CARDS_JSON},
                            {
                                "type": "location",
                                "location": {"coordinates": {"latitude": 1, "longitude": 2}},
                            },
                        ]
                    },
                },
            ]
        },
    ),
    (
        Otp(True, 10, actions=[Reply("Copy", "123456")]),
        "authentication",
        {
            "otp": {
                "disclaimer": True,
                "expirationTime": 10,
                "actions": [
                    {"type": "postback", "postback": {"text": "Copy", "payload": "123456"}}
                ],
            }
        },
    ),
    (Otp(False), "authentication", {"otp": {"disclaimer": False}}),
]
