"""RCS in the catalogue: text, files and cards, with suggestions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from messente.cases import OTHER, PAGE, PICTURE, STILL, URL, Case, JsonObject

from omnimsg import (
    Card,
    Carousel,
    Dial,
    Interactive,
    Link,
    Media,
    MediaItem,
    MediaKind,
    OpenUrl,
    Reply,
    RequestLocation,
    ShowLocation,
    Text,
)
from omnimsg.domain.content import (
    Action,
    CardHeight,
    CardLayout,
    CardWidth,
    CreateEvent,
)

BERLIN = timezone(timedelta(hours=2))


def _suggested(name: str, action: Action, wire: JsonObject) -> dict[str, Case]:
    """Return one suggestion below a text."""
    content = Interactive("Choose", (action,))
    return {f"rcs: {name}": Case("rcs", content, {"text": "Choose", "suggestions": [wire]})}


def _label(text: str, payload: str, **action: Any) -> JsonObject:
    return {"action": {"text": text, "postback_data": payload, **action}}


def _layouts() -> dict[str, Case]:
    """Return cards in each layout, height and width."""
    info = {"file_url": URL, "force_refresh": False}
    found = {}
    for layout, orientation, alignment in (
        (None, "VERTICAL", "LEFT"),
        (CardLayout.VERTICAL, "VERTICAL", "LEFT"),
        (CardLayout.LEFT, "HORIZONTAL", "LEFT"),
        (CardLayout.RIGHT, "HORIZONTAL", "RIGHT"),
    ):
        card = {
            "card_orientation": orientation,
            "thumbnail_image_alignment": alignment,
            "card_content": {"title": "Tonight", "description": "Fish"},
        }
        found[f"rcs: card {layout}"] = Case(
            "rcs",
            Card(title="Tonight", text="Fish", layout=layout),
            {"rich_card": {"standalone_card": card}},
        )
    for height, written in (
        (None, "MEDIUM"),
        (CardHeight.SHORT, "SHORT"),
        (CardHeight.MEDIUM, "MEDIUM"),
        (CardHeight.TALL, "TALL"),
    ):
        card = {
            "card_orientation": "VERTICAL",
            "thumbnail_image_alignment": "LEFT",
            "card_content": {"media": {"height": written, "content_info": info}},
        }
        found[f"rcs: card with a picture {height}"] = Case(
            "rcs", Card(media=PICTURE, height=height), {"rich_card": {"standalone_card": card}}
        )
    for width, written in (
        (None, "MEDIUM"),
        (CardWidth.SMALL, "SMALL"),
        (CardWidth.MEDIUM, "MEDIUM"),
    ):
        row = {"card_width": written, "card_contents": [{"title": "One"}, {"title": "Two"}]}
        found[f"rcs: cards {width}"] = Case(
            "rcs",
            Carousel((Card(title="One"), Card(title="Two")), width=width),
            {"rich_card": {"carousel_card": row}},
        )
    return found


RCS: dict[str, Case] = {
    "rcs": Case("rcs", Text("x" * 3072), {"text": "x" * 3072}),
    **{
        f"rcs: {kind}": Case(
            "rcs",
            Media((MediaItem(kind, Link(URL)),)),
            {"content_info": {"file_url": URL, "force_refresh": False}},
        )
        for kind in MediaKind
        if kind is not MediaKind.STICKER
    },
    "rcs: fresh file with a still": Case(
        "rcs",
        Media((MediaItem(MediaKind.VIDEO, Link(URL), thumbnail_url=STILL, refresh=True),)),
        {"content_info": {"file_url": URL, "force_refresh": True, "thumbnail_url": STILL}},
    ),
    "rcs: suggestions below a file": Case(
        "rcs",
        Interactive(None, (Reply("Yes", "y"),), header=PICTURE),
        {
            "content_info": {"file_url": URL, "force_refresh": False},
            "suggestions": [{"reply": {"text": "Yes", "postback_data": "y"}}],
        },
    ),
    "rcs: eleven suggestions": Case(
        "rcs",
        Interactive("Choose", tuple(Reply(f"No {n}", "x" * 2048) for n in range(11))),
        {
            "text": "Choose",
            "suggestions": [
                {"reply": {"text": f"No {n}", "postback_data": "x" * 2048}} for n in range(11)
            ],
        },
    ),
    **_suggested(
        "reply without a payload",
        Reply("x" * 25),
        {"reply": {"text": "x" * 25, "postback_data": "x" * 25}},
    ),
    **_suggested(
        "page",
        OpenUrl("Open", PAGE),
        _label("Open", "Open", open_url_action={"url": PAGE, "application": "BROWSER"}),
    ),
    **{
        name: case
        for view in ("FULL", "HALF", "TALL")
        for name, case in _suggested(
            f"page in a {view} web view",
            OpenUrl(
                "Open",
                PAGE,
                payload="opened",
                fallback_url=OTHER,
                application="WEBVIEW",
                view=view,
                description="The menu",
            ),
            _label(
                "Open",
                "opened",
                fallback_url=OTHER,
                open_url_action={
                    "url": PAGE,
                    "application": "WEBVIEW",
                    "webview_view_mode": view,
                    "description": "The menu",
                },
            ),
        ).items()
    },
    **_suggested(
        "call",
        Dial("Call", "+37255500002", payload="called", fallback_url=OTHER),
        _label("Call", "called", fallback_url=OTHER, dial_action={"phone_number": "+37255500002"}),
    ),
    **_suggested(
        "pin",
        ShowLocation("Where", latitude=59.437, longitude=-0.0001, label="Café", payload="w"),
        _label(
            "Where",
            "w",
            view_location_action={
                "lat_long": {"latitude": 59.437, "longitude": -0.0001},
                "label": "Café",
            },
        ),
    ),
    **_suggested(
        "search on the map",
        ShowLocation("Where", query="Café in Tallinn", fallback_url=OTHER),
        _label(
            "Where",
            "Where",
            fallback_url=OTHER,
            view_location_action={"query": "Café in Tallinn"},
        ),
    ),
    **_suggested(
        "entry in the calendar",
        CreateEvent(
            "Note it",
            "x" * 100,
            start=datetime(2030, 5, 1, 9, tzinfo=BERLIN),
            end=datetime(2030, 5, 1, 8, 30, tzinfo=UTC),
            description="y" * 500,
            payload="noted",
        ),
        _label(
            "Note it",
            "noted",
            create_calendar_event_action={
                "start_time": "2030-05-01T09:00:00+02:00",
                "end_time": "2030-05-01T08:30:00+00:00",
                "title": "x" * 100,
                "description": "y" * 500,
            },
        ),
    ),
    **_suggested(
        "location request",
        RequestLocation("Here", payload="here", fallback_url=OTHER),
        _label("Here", "here", fallback_url=OTHER, share_location_action={}),
    ),
    **_layouts(),
    "rcs: card with buttons inside and below": Case(
        "rcs",
        Card(
            title="x" * 200,
            text="y" * 2000,
            media=MediaItem(MediaKind.GIF, Link(URL), thumbnail_url=STILL, refresh=True),
            actions=tuple(Reply(f"No {n}", f"{n}") for n in range(4)),
            suggestions=(Reply("Bye", "bye"),),
        ),
        {
            "rich_card": {
                "standalone_card": {
                    "card_orientation": "VERTICAL",
                    "thumbnail_image_alignment": "LEFT",
                    "card_content": {
                        "title": "x" * 200,
                        "description": "y" * 2000,
                        "media": {
                            "height": "MEDIUM",
                            "content_info": {
                                "file_url": URL,
                                "force_refresh": True,
                                "thumbnail_url": STILL,
                            },
                        },
                        "suggestions": [
                            {"reply": {"text": f"No {n}", "postback_data": f"{n}"}}
                            for n in range(4)
                        ],
                    },
                }
            },
            "suggestions": [{"reply": {"text": "Bye", "postback_data": "bye"}}],
        },
    ),
    "rcs: ten cards with buttons inside and below": Case(
        "rcs",
        Carousel(
            tuple(Card(title=f"{n}", actions=(Reply("This", f"{n}"),)) for n in range(10)),
            suggestions=(Reply("None", "none"),),
        ),
        {
            "rich_card": {
                "carousel_card": {
                    "card_width": "MEDIUM",
                    "card_contents": [
                        {
                            "title": f"{n}",
                            "suggestions": [{"reply": {"text": "This", "postback_data": f"{n}"}}],
                        }
                        for n in range(10)
                    ],
                }
            },
            "suggestions": [{"reply": {"text": "None", "postback_data": "none"}}],
        },
    ),
}
