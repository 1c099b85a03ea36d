"""Content to Bird's bodies: `{type, TYPE: {...}}`."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, TypeAlias

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
from omnimsg_bird.rules.media import BODIES
from omnimsg_bird.wire.actions import action, choice
from omnimsg_bird.wire.omit_missing import given

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.domain.content import Action, Attachment, Content
    from omnimsg.domain.media import Source

Wire: TypeAlias = dict[str, Any]


def body(content: Content) -> Wire:
    """Write content that `rules` let pass."""
    return _SAY[content.__class__](content)


def _typed(kind: str, said: Wire) -> Wire:
    return {"type": kind, kind: said}


def _actions(actions: Sequence[Action]) -> list[Wire] | None:
    return list(map(action, actions)) or None


def _text(content: Text) -> Wire:
    said: Wire = {"text": content.text}
    if content.preview_url is not None:
        said["metadata"] = {"whatsapp": {"previewUrl": content.preview_url}}
    return _typed("text", said)


def _media(content: Media) -> Wire:
    return _shown(content.items, content.caption)


def _interactive(content: Interactive) -> Wire:
    actions = _actions(content.actions)
    if isinstance(content.header, MediaItem):
        return _shown((content.header,), content.body, actions)
    return _typed("text", given(text=content.body, actions=actions))


def _shown(items: Sequence[MediaItem], text: str | None, actions: list[Wire] | None = None) -> Wire:
    kind = BODIES[items[0].kind]
    return _typed(kind, given(**_ITEMS[kind](items), text=text, actions=actions))


def _images(items: Sequence[MediaItem]) -> Wire:
    return {"images": [given(mediaUrl=url(each.source), altText=each.alt_text) for each in items]}


def _gif(items: Sequence[MediaItem]) -> Wire:
    (item,) = items
    return {"mediaUrl": url(item.source), "altText": item.alt_text}


def _files(items: Sequence[MediaItem]) -> Wire:
    return {"files": list(map(_file, items))}


def _file(item: MediaItem) -> Wire:
    moves = item.kind is MediaKind.STICKER and item.animated is not None
    return given(
        mediaUrl=url(item.source),
        contentType=item.content_type,
        filename=item.file_name,
        altText=item.alt_text,
        metadata={"isAnimated": item.animated} if moves else None,
    )


def _location(content: Location) -> Wire:
    return _typed(
        "location",
        given(
            coordinates={"latitude": content.latitude, "longitude": content.longitude},
            location=given(label=content.name, address=content.address) or None,
        ),
    )


def _carousel(content: Carousel) -> Wire:
    items = [
        given(
            title=card.title,
            description=card.text,
            mediaUrl=None if card.media is None else url(card.media.source),
            altText=None if card.media is None else card.media.alt_text,
            actions=_actions(card.actions),
        )
        for card in content.cards
    ]
    return _typed("carousel", given(text=content.text, items=items))


def _list(content: ListPicker) -> Wire:
    return _typed(
        "list",
        given(
            title=content.header,
            text=content.body,
            items=[
                given(title=section.title, actions=list(map(choice, section.items)))
                for section in content.sections
            ],
            metadata={"button": {"label": content.button}},
        ),
    )


def _section(content: Section) -> Wire:
    return _typed("section", {"items": list(map(body, content.items))})


def _otp(content: Otp) -> Wire:
    otp = given(
        disclaimer=content.disclaimer,
        expirationTime=content.expires_in,
        actions=_actions(content.actions),
    )
    return _typed("authentication", {"otp": otp})


def _email(content: Email) -> Wire:
    """Write an e-mail as `text` where that can hold it, as in Bird's own sample, else as `html`."""
    metadata = given(subject=content.subject, headers=dict(content.headers) or None)
    attachments = list(map(_attachment, content.attachments)) or None
    if content.html is None and content.from_name is None and _all_by_url(content.attachments):
        return _typed("text", given(text=content.text, attachments=attachments, metadata=metadata))
    if content.from_name is not None:
        metadata["emailFrom"] = {"displayName": content.from_name}
    return _typed(
        "html",
        given(html=content.html, text=content.text, attachments=attachments, metadata=metadata),
    )


def _all_by_url(attachments: Sequence[Attachment]) -> bool:
    """Whether a `text` body, which takes neither bytes nor types, can hold the attachments."""
    return all(
        not isinstance(each.source, Inline) and each.content_type is None for each in attachments
    )


def _attachment(each: Attachment) -> Wire:
    source = each.source
    return given(
        content=b64encode(source.data).decode() if isinstance(source, Inline) else None,
        mediaUrl=url(source),
        contentType=each.content_type,
        filename=each.file_name,
        contentId=each.content_id,
        inline=None if each.content_id is None else True,
    )


def url(source: Source) -> str | None:
    """Return the address of media, which bytes have none of."""
    return None if isinstance(source, Inline) else source.url


_ITEMS: dict[str, Callable[[Sequence[MediaItem]], Wire]] = {
    "image": _images,
    "gif": _gif,
    "file": _files,
}
_SAY: dict[type, Callable[[Any], Wire]] = {
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
