"""Every kind of message that Bird takes, with its JSON in a request.

The JSON is written by hand from the Messaging page of the Channels API reference.
"""

from __future__ import annotations

from bird.cases import PROJECT, STORED, URL, Case, JsonObject
from bird.catalogue_interactive import WHATSAPP

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Attachment,
    Content,
    DateTimeParameter,
    Email,
    Media,
    MediaItem,
    MediaParameter,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.media import Inline, Link, MediaKind

BODIES: list[tuple[Channel, Content, JsonObject]] = [
    # Channel, content, and the body of the request.
    (Channel.SMS, Text("Hi"), {"type": "text", "text": {"text": "Hi"}}),
    (
        Channel.WHATSAPP,
        Text("Hi", preview_url=True),
        {"type": "text", "text": {"text": "Hi", "metadata": {"whatsapp": {"previewUrl": True}}}},
    ),
    (
        Channel.SMS,
        Media.link("image", URL),
        {"type": "image", "image": {"images": [{"mediaUrl": URL}]}},
    ),
    (
        Channel.WHATSAPP,
        Media(
            (
                MediaItem(MediaKind.IMAGE, Link(URL), alt_text="A cat"),
                MediaItem(MediaKind.IMAGE, STORED),
            ),
            "Look",
        ),
        {
            "type": "image",
            "image": {
                "images": [{"mediaUrl": URL, "altText": "A cat"}, {"mediaUrl": STORED.url}],
                "text": "Look",
            },
        },
    ),
    *(
        (
            Channel.WHATSAPP,
            Media.link(kind, URL, caption=caption, content_type=mime, file_name="a"),
            {
                "type": "file",
                "file": {
                    "files": [{"mediaUrl": URL, "contentType": mime, "filename": "a"}],
                    **({} if caption is None else {"text": caption}),
                },
            },
        )
        for kind, mime, caption in (
            ("video", "video/mp4", "Look"),
            ("audio", "audio/ogg", None),
            ("document", "application/pdf", "Look"),
        )
    ),
    (
        Channel.WHATSAPP,
        Media(
            (MediaItem(MediaKind.STICKER, Link(URL), content_type="image/webp", animated=False),)
        ),
        {"type": "image", "image": {"images": [{"mediaUrl": URL}]}},
    ),
    (
        Channel.SMS,
        Media((MediaItem(MediaKind.GIF, Link(URL), alt_text="A cat"),), "Look"),
        {"type": "gif", "gif": {"mediaUrl": URL, "text": "Look", "altText": "A cat"}},
    ),
    (
        Channel.EMAIL,
        Email(subject="S", html="<p>H</p>", text="H"),
        {
            "type": "html",
            "html": {"html": "<p>H</p>", "text": "H", "metadata": {"subject": "S"}},
        },
    ),
    (
        Channel.EMAIL,
        Email(subject="S", text="H"),
        {"type": "text", "text": {"text": "H", "metadata": {"subject": "S"}}},
    ),
    (
        Channel.EMAIL,
        Email(
            subject="S",
            text="H",
            headers={"X-A": "b"},
            attachments=(
                Attachment(STORED, "a.pdf"),
                Attachment(Link(URL), "b.png", content_id="logo"),
            ),
        ),
        {
            "type": "text",
            "text": {
                "text": "H",
                "attachments": [
                    {"mediaUrl": STORED.url, "filename": "a.pdf"},
                    {"mediaUrl": URL, "filename": "b.png", "contentId": "logo", "inline": True},
                ],
                "metadata": {"subject": "S", "headers": {"X-A": "b"}},
            },
        },
    ),
    (
        Channel.EMAIL,
        Email(
            subject="S",
            text="H",
            from_name="Shop",
            attachments=(
                Attachment(Inline(b"pdf"), "a.pdf", content_type="application/pdf"),
                Attachment(Link(URL), "b.png", content_type="image/png"),
            ),
        ),
        {
            "type": "html",
            "html": {
                "text": "H",
                "attachments": [
                    {"content": "cGRm", "contentType": "application/pdf", "filename": "a.pdf"},
                    {"mediaUrl": URL, "contentType": "image/png", "filename": "b.png"},
                ],
                "metadata": {"subject": "S", "emailFrom": {"displayName": "Shop"}},
            },
        },
    ),
    *(
        (Channel.WHATSAPP, content, {"type": kind, kind: inner})
        for content, kind, inner in WHATSAPP
    ),
]

TEMPLATES: list[tuple[Channel, Template, JsonObject]] = [
    # Channel, content, and the template of the request.
    (Channel.WHATSAPP, Template("plain"), {"name": "plain"}),
    (
        Channel.WHATSAPP,
        Template(PROJECT, "pt_BR"),
        {"projectId": PROJECT, "version": "latest", "locale": "pt-BR"},
    ),
    (
        Channel.WHATSAPP,
        Template(
            "pictured",
            header=MediaParameter(MediaItem(MediaKind.IMAGE, STORED), name="picture"),
            body=(DateTimeParameter("19:30", name="when"),),
        ),
        {
            "name": "pictured",
            "parameters": [
                {"type": "string", "key": "picture", "value": STORED.url},
                {"type": "string", "key": "when", "value": "19:30"},
            ],
        },
    ),
    (
        Channel.WHATSAPP,
        Template("named", "en", version="7", body=(TextParameter("Ola", name="who"),)),
        {
            "name": "named",
            "version": "7",
            "locale": "en",
            "parameters": [{"type": "string", "key": "who", "value": "Ola"}],
        },
    ),
    (
        Channel.EMAIL,
        Template("ready", "en", version="v-1"),
        {"name": "ready", "version": "v-1", "locale": "en"},
    ),
]

CATALOGUE: dict[str, Case] = {
    f"{channel.value}: {content.kind} {number}": Case(channel, content, member, json)
    for member, rows in (("body", BODIES), ("template", TEMPLATES))
    for number, (channel, content, json) in enumerate(rows)
}
