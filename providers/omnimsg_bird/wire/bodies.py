"""Write content as Bird's bodies: `{type, TYPE: {...}}`."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, TypeAlias

from omnimsg.adapter import omit_missing
from omnimsg.domain.content import (
    Carousel,
    Email,
    Interactive,
    ListPicker,
    Location,
    Media,
    MediaItem,
    Otp,
    Section,
    Text,
)
from omnimsg.domain.media import Inline, MediaKind
from omnimsg_bird.wire.actions import write_action, write_list_item

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.domain.content import Action, Attachment, Content
    from omnimsg.domain.media import Source

JsonObject: TypeAlias = dict[str, Any]

# By kind of media: the type of the body that contains it. A message has one body.
BODIES = {
    MediaKind.IMAGE: "image",
    MediaKind.GIF: "gif",
    MediaKind.VIDEO: "file",
    MediaKind.AUDIO: "file",
    MediaKind.DOCUMENT: "file",
    MediaKind.STICKER: "image",
}


def body(content: Content) -> JsonObject:
    """Write content that passed `rules`."""
    return _WRITERS[content.__class__](content)


def _typed(kind: str, members: JsonObject) -> JsonObject:
    return {"type": kind, kind: members}


def _actions(actions: Sequence[Action]) -> list[JsonObject] | None:
    return list(map(write_action, actions)) or None


def _text(content: Text) -> JsonObject:
    members: JsonObject = {"text": content.text}
    if content.preview_url is not None:
        members["metadata"] = {"whatsapp": {"previewUrl": content.preview_url}}
    return _typed("text", members)


def _media(content: Media) -> JsonObject:
    return _media_body(content.items, content.caption)


def _interactive(content: Interactive) -> JsonObject:
    actions = _actions(content.actions)
    if isinstance(content.header, MediaItem):
        return _media_body((content.header,), content.body, actions)
    return _typed("text", omit_missing(text=content.body, actions=actions))


def _media_body(
    items: Sequence[MediaItem], text: str | None, actions: list[JsonObject] | None = None
) -> JsonObject:
    kind = BODIES[items[0].kind]
    return _typed(kind, omit_missing(**_ITEMS[kind](items), text=text, actions=actions))


def _images(items: Sequence[MediaItem]) -> JsonObject:
    return {
        "images": [omit_missing(mediaUrl=url(item.source), altText=item.alt_text) for item in items]
    }


def _gif(items: Sequence[MediaItem]) -> JsonObject:
    (item,) = items
    return {"mediaUrl": url(item.source), "altText": item.alt_text}


def _files(items: Sequence[MediaItem]) -> JsonObject:
    return {"files": list(map(_file, items))}


def _file(item: MediaItem) -> JsonObject:
    return omit_missing(
        mediaUrl=url(item.source),
        contentType=item.content_type,
        filename=item.file_name,
        altText=item.alt_text,
    )


def _location(content: Location) -> JsonObject:
    return _typed(
        "location",
        omit_missing(
            coordinates={"latitude": content.latitude, "longitude": content.longitude},
            location=omit_missing(label=content.name, address=content.address) or None,
        ),
    )


def _carousel(content: Carousel) -> JsonObject:
    items = [
        omit_missing(
            title=card.title,
            description=card.text,
            mediaUrl=None if card.media is None else url(card.media.source),
            altText=None if card.media is None else card.media.alt_text,
            actions=_actions(card.actions),
        )
        for card in content.cards
    ]
    return _typed("carousel", omit_missing(text=content.text, items=items))


def _list(content: ListPicker) -> JsonObject:
    return _typed(
        "list",
        omit_missing(
            title=content.header,
            text=content.body,
            items=[
                omit_missing(title=section.title, actions=list(map(write_list_item, section.items)))
                for section in content.sections
            ],
            metadata={"button": {"label": content.button}},
        ),
    )


def _section(content: Section) -> JsonObject:
    return _typed("section", {"items": list(map(body, content.items))})


def _otp(content: Otp) -> JsonObject:
    otp = omit_missing(
        disclaimer=content.disclaimer,
        expirationTime=content.expires_in,
        actions=_actions(content.actions),
    )
    return _typed("authentication", {"otp": otp})


def _email(content: Email) -> JsonObject:
    """Write an e-mail as a `text` body if possible, as in Bird's own sample; else as `html`."""
    metadata = omit_missing(subject=content.subject, headers=dict(content.headers) or None)
    attachments = list(map(_attachment, content.attachments)) or None
    if content.html is None and content.from_name is None and _all_by_url(content.attachments):
        return _typed(
            "text", omit_missing(text=content.text, attachments=attachments, metadata=metadata)
        )
    if content.from_name is not None:
        metadata["emailFrom"] = {"displayName": content.from_name}
    return _typed(
        "html",
        omit_missing(
            html=content.html, text=content.text, attachments=attachments, metadata=metadata
        ),
    )


def _all_by_url(attachments: Sequence[Attachment]) -> bool:
    """Whether the attachments fit into a `text` body, which takes neither bytes nor media types."""
    return all(
        not isinstance(attachment.source, Inline) and attachment.content_type is None
        for attachment in attachments
    )


def _attachment(attachment: Attachment) -> JsonObject:
    source = attachment.source
    return omit_missing(
        content=b64encode(source.data).decode() if isinstance(source, Inline) else None,
        mediaUrl=url(source),
        contentType=attachment.content_type,
        filename=attachment.file_name,
        contentId=attachment.content_id,
        inline=None if attachment.content_id is None else True,
    )


def url(source: Source) -> str | None:
    """Return the URL of a file; `None` for inline bytes."""
    return None if isinstance(source, Inline) else source.url


_ITEMS: dict[str, Callable[[Sequence[MediaItem]], JsonObject]] = {
    "image": _images,
    "gif": _gif,
    "file": _files,
}
_WRITERS: dict[type, Callable[[Any], JsonObject]] = {
    Text: _text,
    Media: _media,
    Interactive: _interactive,
    ListPicker: _list,
    Carousel: _carousel,
    Section: _section,
    Location: _location,
    Otp: _otp,
    Email: _email,
}
