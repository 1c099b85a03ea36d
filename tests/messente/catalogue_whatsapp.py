"""WhatsApp in the catalogue: text, files and templates."""

from __future__ import annotations

from typing import Any

from messente.cases import PICTURE, URL, Case, JsonObject

from omnimsg import (
    ButtonKind,
    CurrencyParameter,
    DateTimeParameter,
    Link,
    Media,
    MediaItem,
    MediaKind,
    MediaParameter,
    Stored,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)


def _files() -> dict[str, Case]:
    """Return each kind of WhatsApp file by its address and by its id."""
    kinds: dict[str, tuple[dict[str, Any], str | None, JsonObject]] = {
        # Messente has `animated` for stickers only.
        "image": (
            {"content_type": "image/png", "animated": True},
            "Look",
            {"mime_type": "image/png"},
        ),
        "video": ({"content_type": "video/mp4"}, "Look", {"mime_type": "video/mp4"}),
        "audio": ({"content_type": "audio/ogg"}, None, {"mime_type": "audio/ogg"}),
        "document": ({"file_name": "menu.pdf"}, "Read", {"file_name": "menu.pdf"}),
        "sticker": ({"animated": True}, None, {"animated": True}),
    }
    found = {}
    for name, (options, caption, members) in kinds.items():
        caption_member = {} if caption is None else {"caption": caption}
        for how, source, source_member in (
            ("link", Link(URL), {"link": URL}),
            # The URL of a stored file is one that only its provider serves.
            ("id", Stored(account="messente", id="4711", url=URL), {"id": "4711"}),
        ):
            item = MediaItem(MediaKind(name), source, **options)
            found[f"whatsapp: {name} by {how}"] = Case(
                "whatsapp",
                Media((item,), caption),
                {name: source_member | caption_member | members},
            )
    return found


def _component(type_: str, *parameters: JsonObject, **more: Any) -> JsonObject:
    return {"type": type_, **more, "parameters": list(parameters)}


def _headers() -> dict[str, Case]:
    """Return a template below each kind of header."""
    found = {}
    for name in ("image", "video", "document"):
        for how, source, source_member in (
            ("link", Link(URL), {"link": URL}),
            ("id", Stored(account="messente", id="4711"), {"id": "4711"}),
        ):
            file_name = "menu.pdf" if name == "document" else None
            members = source_member | ({"filename": file_name} if file_name else {})
            item = MediaItem(MediaKind(name), source, file_name=file_name)
            template = {
                "name": "seen",
                "language": {"code": "en"},
                "components": [_component("header", {"type": name, name: members})],
            }
            found[f"whatsapp: template below a {name} by {how}"] = Case(
                "whatsapp",
                Template("seen", "en", header=MediaParameter(item)),
                {"template": template},
            )
    return found


WHATSAPP: dict[str, Case] = {
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
}
