"""Templates, lists and buttons of the catalogue."""

from __future__ import annotations

from typing import Any

from clickatell.cases import Case, Files, JsonObject, case

from omnimsg import (
    ButtonKind,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    LocationParameter,
    MediaParameter,
    OpenUrl,
    Reply,
    RequestLocation,
    Template,
    TemplateButton,
    TextParameter,
)


def _extras(**buttons: Any) -> dict[str, Any]:
    return {"clickatell": {"template": {"buttons": buttons}}}


def _with_header(name: str) -> tuple[Case, Case]:
    """Return reply buttons, and a link, with a stored file as the header."""

    def header(files: Files) -> JsonObject:
        return {"type": "media", "media": {"type": name, "fileId": files.id(name)}}

    return (
        Case(
            "whatsapp",
            lambda files: Interactive("Fits?", (Reply("Yes", "y"),), header=files.item(name)),
            lambda files: {
                "button": {
                    "header": header(files),
                    "body": "Fits?",
                    "items": [{"type": "reply", "title": "Yes", "postbackData": "y"}],
                }
            },
        ),
        Case(
            "whatsapp",
            lambda files: Interactive(
                "Look", (OpenUrl("Open", "https://example.test/a"),), header=files.item(name)
            ),
            lambda files: {
                "actionUrl": {
                    "header": header(files),
                    "body": "Look",
                    "title": "Open",
                    "url": "https://example.test/a",
                }
            },
        ),
    )


def _template_with(name: str) -> Case:
    return Case(
        "whatsapp",
        lambda files: Template("seen", "en", header=MediaParameter(files.item(name))),
        lambda files: {
            "template": {
                "templateName": "seen",
                "language": "en",
                "header": {"type": "media", "media": {"fileId": files.id(name)}},
                "body": {},
            }
        },
    )


HEADED = {name: _with_header(name) for name in ("image", "video", "document")}

INTERACTIVE: dict[str, Case] = {
    "bare template": case(
        "whatsapp", Template("hello"), {"template": {"templateName": "hello", "body": {}}}
    ),
    "full template": case(
        "whatsapp",
        Template(
            "table_ready",
            "en",
            header=TextParameter("Thandi"),
            body=("19:30", "4"),
            buttons=(
                TemplateButton(5, ButtonKind.OTP, value="123456"),
                TemplateButton(1, ButtonKind.URL, value="booking/71"),
                TemplateButton(3, ButtonKind.REPLY, value="cancel-71"),
                TemplateButton(4, ButtonKind.COUPON, value="TENOFF"),
            ),
        ),
        {
            "template": {
                "templateName": "table_ready",
                "language": "en",
                "header": {"type": "text", "text": {"parameters": {"1": "Thandi"}}},
                "body": {"parameters": {"1": "19:30", "2": "4"}},
                "templateButtons": [
                    {"index": 1, "type": "url", "url": {"url": "booking/71"}},
                    {
                        "index": 3,
                        "type": "suggestedResponse",
                        "suggestedResponse": {"postbackData": "cancel-71"},
                    },
                    {"index": 4, "type": "couponCode", "couponCode": {"code": "TENOFF"}},
                    {"index": 5, "type": "otp", "otp": {"code": "123456"}},
                ],
            }
        },
    ),
    "template with a location": case(
        "whatsapp",
        Template(
            "here",
            "pt_BR",
            header=LocationParameter(Location(1.5, -2.25, name="Café", address="1 Long St")),
        ),
        {
            "template": {
                "templateName": "here",
                "language": "pt_BR",
                "header": {
                    "type": "location",
                    "location": {
                        "latitude": "1.5",
                        "longitude": "-2.25",
                        "name": "Café",
                        "address": "1 Long St",
                    },
                },
                "body": {},
            }
        },
    ),
    **{f"template with {name}": _template_with(name) for name in HEADED},
    "deprecated replies": case(
        "whatsapp",
        Template("old"),
        {
            "template": {
                "templateName": "old",
                "body": {},
                "buttons": {"suggestedResponse": {"postbackData": {"1": "yes", "2": "no"}}},
            }
        },
        extras=_extras(suggestedResponse={"postbackData": {"1": "yes", "2": "no"}}),
    ),
    "deprecated links": case(
        "whatsapp",
        Template("old"),
        {
            "template": {
                "templateName": "old",
                "body": {},
                "buttons": {
                    "websiteUrl": [
                        {"listPosition": 1, "parameters": {"1": "tail"}},
                        {"listPosition": 2},
                    ]
                },
            }
        },
        extras=_extras(
            websiteUrl=[{"listPosition": 1, "parameters": {"1": "tail"}}, {"listPosition": 2}]
        ),
    ),
    "list": case(
        "whatsapp",
        ListPicker(
            "Choose a time",
            "Times",
            header="Tonight",
            footer="Kitchen closes at 22:00",
            sections=(
                ListSection((ListItem("19:30", "t-1930", description="Window"),), "Early"),
                ListSection((ListItem("21:00", "t-2100"), ListItem("21:30", "t-2130")), "Late"),
            ),
        ),
        {
            "listPicker": {
                "title": "Tonight",
                "subtitle": "Choose a time",
                "footer": "Kitchen closes at 22:00",
                "button": "Times",
                "sections": [
                    {
                        "title": "Early",
                        "items": [
                            {"title": "19:30", "postbackData": "t-1930", "subtitle": "Window"}
                        ],
                    },
                    {
                        "title": "Late",
                        "items": [
                            {"title": "21:00", "postbackData": "t-2100"},
                            {"title": "21:30", "postbackData": "t-2130"},
                        ],
                    },
                ],
            }
        },
    ),
    "list without titles": case(
        "whatsapp",
        ListPicker("Choose", "Times", sections=(ListSection((ListItem("19:30", "t"),)),)),
        {
            "listPicker": {
                "subtitle": "Choose",
                "button": "Times",
                "sections": [{"items": [{"title": "19:30", "postbackData": "t"}]}],
            }
        },
    ),
    "replies": case(
        "whatsapp",
        Interactive(
            "Still coming?",
            (Reply("Yes", "y"), Reply("No", "n"), Reply("Maybe")),
            header="Table 7",
            footer="Reply by 18:00",
        ),
        {
            "button": {
                "header": {"type": "text", "text": "Table 7"},
                "body": "Still coming?",
                "footer": "Reply by 18:00",
                "items": [
                    {"type": "reply", "title": "Yes", "postbackData": "y"},
                    {"type": "reply", "title": "No", "postbackData": "n"},
                    {"type": "reply", "title": "Maybe", "postbackData": "Maybe"},
                ],
            }
        },
    ),
    "link": case(
        "whatsapp",
        Interactive(
            "See the menu",
            (OpenUrl("Menu", "https://example.test/menu?t=7"),),
            header="Café",
            footer="Prices in ZAR",
        ),
        {
            "actionUrl": {
                "header": {"type": "text", "text": "Café"},
                "body": "See the menu",
                "footer": "Prices in ZAR",
                "title": "Menu",
                "url": "https://example.test/menu?t=7",
            }
        },
    ),
    **{f"replies with {name}": replies for name, (replies, _) in HEADED.items()},
    **{f"link with {name}": link for name, (_, link) in HEADED.items()},
    "location request": case(
        "whatsapp",
        Interactive("Where are you?", (RequestLocation(),)),
        {"locationRequest": {"body": "Where are you?"}},
    ),
}
