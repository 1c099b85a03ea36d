"""Everything that can be said to Messente: our message, and what it must be on the wire.

The right-hand sides are written by hand from the OpenAPI document, without `channel` and `sender`,
which every leg has.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs

from omnimsg import (
    ButtonKind,
    Card,
    Carousel,
    CurrencyParameter,
    DateTimeParameter,
    Dial,
    Interactive,
    Link,
    Media,
    MediaItem,
    MediaKind,
    MediaParameter,
    Message,
    OpenMedia,
    OpenUrl,
    Reply,
    RequestLocation,
    ShowLocation,
    Stored,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.content import (
    Action,
    Autoconvert,
    CardHeight,
    CardLayout,
    CardWidth,
    Content,
    CreateEvent,
)

from .conftest import TO

Wire = dict[str, Any]

URL = "https://files.example.test/a"
STILL = "https://files.example.test/still.png"
PAGE = "https://shop.example.test/menu?x=1"
OTHER = "https://shop.example.test/other"
BERLIN = timezone(timedelta(hours=2))

PICTURE = MediaItem(MediaKind.IMAGE, Link(URL))
FILM = MediaItem(MediaKind.VIDEO, Link(URL), thumbnail_url=STILL, size=200_000_000, duration=600)
VIDEO = {"url": URL, "thumbnail": STILL, "file_size": 200_000_000, "duration": 600}
BUTTON = OpenUrl("Open", PAGE)


@attrs.frozen
class Case:
    """A message, and its one leg on the wire."""

    channel: str
    content: Content
    wire: Wire

    def message(self, to: str = TO) -> Message:
        """Build the message."""
        return Message(to, self.content, channel=self.channel)


def _files() -> dict[str, Case]:
    """Return each kind of WhatsApp file by its address and by its id."""
    told: dict[str, tuple[dict[str, Any], str | None, Wire]] = {
        "image": ({"content_type": "image/png"}, "Look", {"mime_type": "image/png"}),
        "video": ({"content_type": "video/mp4"}, "Look", {"mime_type": "video/mp4"}),
        "audio": ({"content_type": "audio/ogg"}, None, {"mime_type": "audio/ogg"}),
        "document": ({"file_name": "menu.pdf"}, "Read", {"file_name": "menu.pdf"}),
        "sticker": ({"animated": True}, None, {"animated": True}),
    }
    found = {}
    for name, (options, caption, wire) in told.items():
        words = {} if caption is None else {"caption": caption}
        for how, source, given in (
            ("link", Link(URL), {"link": URL}),
            ("id", Stored(account="messente", id="4711"), {"id": "4711"}),
        ):
            item = MediaItem(MediaKind(name), source, **options)
            found[f"whatsapp: {name} by {how}"] = Case(
                "whatsapp", Media((item,), caption), {name: given | words | wire}
            )
    return found


def _suggested(name: str, action: Action, wire: Wire) -> dict[str, Case]:
    """Return one suggestion below a text."""
    content = Interactive("Choose", (action,))
    return {f"rcs: {name}": Case("rcs", content, {"text": "Choose", "suggestions": [wire]})}


def _label(text: str, payload: str, **action: Any) -> Wire:
    return {"action": {"text": text, "postback_data": payload, **action}}


def _rows() -> dict[str, Case]:
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
    for height, said in (
        (None, "MEDIUM"),
        (CardHeight.SHORT, "SHORT"),
        (CardHeight.MEDIUM, "MEDIUM"),
        (CardHeight.TALL, "TALL"),
    ):
        card = {
            "card_orientation": "VERTICAL",
            "thumbnail_image_alignment": "LEFT",
            "card_content": {"media": {"height": said, "content_info": info}},
        }
        found[f"rcs: card with a picture {height}"] = Case(
            "rcs", Card(media=PICTURE, height=height), {"rich_card": {"standalone_card": card}}
        )
    for width, said in (
        (None, "MEDIUM"),
        (CardWidth.SMALL, "SMALL"),
        (CardWidth.MEDIUM, "MEDIUM"),
    ):
        row = {"card_width": said, "card_contents": [{"title": "One"}, {"title": "Two"}]}
        found[f"rcs: cards {width}"] = Case(
            "rcs",
            Carousel((Card(title="One"), Card(title="Two")), width=width),
            {"rich_card": {"carousel_card": row}},
        )
    return found


def _component(type_: str, *parameters: Wire, **more: Any) -> Wire:
    return {"type": type_, **more, "parameters": list(parameters)}


def _headers() -> dict[str, Case]:
    """Return a template below each kind of header."""
    found = {}
    for name in ("image", "video", "document"):
        for how, source, given in (
            ("link", Link(URL), {"link": URL}),
            ("id", Stored(account="messente", id="4711"), {"id": "4711"}),
        ):
            file_name = "menu.pdf" if name == "document" else None
            wire = given | ({"filename": file_name} if file_name else {})
            item = MediaItem(MediaKind(name), source, file_name=file_name)
            template = {
                "name": "seen",
                "language": {"code": "en"},
                "components": [_component("header", {"type": name, name: wire})],
            }
            found[f"whatsapp: template below a {name} by {how}"] = Case(
                "whatsapp",
                Template("seen", "en", header=MediaParameter(item)),
                {"template": template},
            )
    return found


CATALOGUE: dict[str, Case] = {
    "sms": Case("sms", Text("Your table is ready"), {"text": "Your table is ready"}),
    "sms: other alphabets": Case("sms", Text("Grüße, стол 🍽"), {"text": "Grüße, стол 🍽"}),
    "sms: header": Case(
        "sms", Text("Part", udh="050003A10201"), {"text": "Part", "udh": "050003A10201"}
    ),
    **{
        f"sms: autoconvert {each}": Case(
            "sms", Text("“Hi”", autoconvert=each), {"text": "“Hi”", "autoconvert": each.value}
        )
        for each in Autoconvert
    },
    # Viber's combinations, in the order of the document.
    "viber: image": Case("viber", Media((PICTURE,)), {"image_url": URL}),
    "viber: text": Case("viber", Text("x" * 1000), {"text": "x" * 1000}),
    "viber: text, button": Case(
        "viber",
        Interactive("Hi", (BUTTON,)),
        {"text": "Hi", "button_text": "Open", "button_url": PAGE},
    ),
    "viber: text, image, button": Case(
        "viber",
        Interactive("Hi", (BUTTON,), header=PICTURE),
        {"text": "Hi", "image_url": URL, "button_text": "Open", "button_url": PAGE},
    ),
    "viber: video": Case("viber", Media((FILM,)), {"video": VIDEO}),
    "viber: video, text": Case("viber", Media((FILM,), "Hi"), {"video": VIDEO, "text": "Hi"}),
    "viber: video, text, button": Case(
        "viber",
        Interactive("Hi", (OpenMedia("Watch"),), header=FILM),
        {"video": VIDEO, "text": "Hi", "button_text": "Watch"},
    ),
    "viber: video, text, button elsewhere": Case(
        "viber",
        Interactive("Hi", (BUTTON,), header=FILM),
        {"video": VIDEO, "text": "Hi", "button_text": "Open", "button_url": PAGE},
    ),
    "viber: carousel": Case(
        "viber",
        Carousel(
            (
                Card(title="Fi", media=PICTURE, actions=(BUTTON,)),
                Card(title="x" * 38, media=PICTURE, actions=(BUTTON, OpenUrl("More", OTHER))),
            ),
            "Tonight",
        ),
        {
            "text": "Tonight",
            "carousel": {
                "items": [
                    {
                        "title": "Fi",
                        "image_url": URL,
                        "primary_button": {"label": "Open", "action_url": PAGE},
                    },
                    {
                        "title": "x" * 38,
                        "image_url": URL,
                        "primary_button": {"label": "Open", "action_url": PAGE},
                        "secondary_button": {"label": "More", "action_url": OTHER},
                    },
                ]
            },
        },
    ),
    "viber: carousel of five": Case(
        "viber",
        Carousel(tuple([Card(title="Fish", media=PICTURE, actions=(BUTTON,))] * 5), "Tonight"),
        {
            "text": "Tonight",
            "carousel": {
                "items": [
                    {
                        "title": "Fish",
                        "image_url": URL,
                        "primary_button": {"label": "Open", "action_url": PAGE},
                    }
                ]
                * 5
            },
        },
    ),
    "viber: template": Case(
        "viber", Template("t-1", "en"), {"template": {"id": "t-1", "lang": "en"}}
    ),
    "viber: template, filled": Case(
        "viber",
        Template(
            "t-1", "de", body=[TextParameter("Ola", name="guest"), TextParameter("", name="b")]
        ),
        {"template": {"id": "t-1", "lang": "de", "params": {"guest": "Ola", "b": ""}}},
    ),
    "whatsapp": Case("whatsapp", Text("*Hi*"), {"text": {"body": "*Hi*"}}),
    "whatsapp: with a preview": Case(
        "whatsapp",
        Text("Hi", preview_url=True),
        {"text": {"body": "Hi", "preview_url": True}},
    ),
    "whatsapp: without a preview": Case(
        "whatsapp",
        Text("Hi", preview_url=False),
        {"text": {"body": "Hi", "preview_url": False}},
    ),
    **_files(),
    "whatsapp: bare template": Case(
        "whatsapp",
        Template("welcome", "en"),
        {"template": {"name": "welcome", "language": {"code": "en"}, "components": []}},
    ),
    "whatsapp: whole template": Case(
        "whatsapp",
        Template(
            "order",
            "pt_BR",
            header=TextParameter("4711"),
            body=[
                "Ola",
                CurrencyParameter("9.90 EUR", "EUR", amount_1000=9900),
                DateTimeParameter("1 May"),
                MediaParameter(PICTURE),
                TextParameter(""),
            ],
            buttons=[
                TemplateButton(1, ButtonKind.URL, value="tail"),
                TemplateButton(2, ButtonKind.REPLY, value="yes"),
                TemplateButton(4, ButtonKind.COUPON, value="SAVE"),
                TemplateButton(5, ButtonKind.OTP, value="0815"),
            ],
        ),
        {
            "template": {
                "name": "order",
                "language": {"code": "pt_BR"},
                "components": [
                    _component("header", {"type": "text", "text": "4711"}),
                    _component(
                        "body",
                        {"type": "text", "text": "Ola"},
                        {
                            "type": "currency",
                            "currency": {
                                "fallback_value": "9.90 EUR",
                                "code": "EUR",
                                "amount_1000": "9900",
                            },
                        },
                        {"type": "date_time", "date_time": {"fallback_value": "1 May"}},
                        {"type": "image", "image": {"link": URL}},
                        {"type": "text", "text": ""},
                    ),
                    _component("button", {"type": "text", "text": "tail"}, sub_type="url", index=0),
                    _component(
                        "button",
                        {"type": "payload", "payload": "yes"},
                        sub_type="quick_reply",
                        index=1,
                    ),
                    _component(
                        "button",
                        {"type": "coupon_code", "coupon_code": "SAVE"},
                        sub_type="copy_code",
                        index=3,
                    ),
                    _component("button", {"type": "text", "text": "0815"}, sub_type="url", index=4),
                ],
            }
        },
    ),
    **_headers(),
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
        "question for the place",
        RequestLocation("Here", payload="here", fallback_url=OTHER),
        _label("Here", "here", fallback_url=OTHER, share_location_action={}),
    ),
    **_rows(),
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
