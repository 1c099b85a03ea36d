"""Messages to Bird's JSON.

Every member is written by hand from the Messaging page of the Channels API reference. The request
is closed: a member that Bird does not know refuses the whole message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from omnimsg.adapter import merged
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.content import Email, Media, Template, Text
from omnimsg.domain.media import Inline, MediaKind
from omnimsg_bird.rules import BODIES, keyed

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Adapter, Context
    from omnimsg.domain.content import MediaItem
    from omnimsg.domain.media import Source
    from omnimsg.domain.message import Message

Wire: TypeAlias = dict[str, Any]

LATEST = "latest"


def request(message: Message, adapter: Adapter[Any], context: Context) -> Wire:
    """Write one message."""
    content = message.content
    document: Wire = {"receiver": {"contacts": _contacts(message)}}
    if isinstance(content, Template):
        document["template"] = _template(content, adapter)
    else:
        document["body"] = _SAY[content.__class__](content)
    document["reference"] = message.reference
    sender = message.sender or adapter.account.sender
    if sender is not None and "sender" in _fields(message, adapter):
        document["sender"] = {"connector": {"identifierValue": sender}}
    if message.tags:
        document["tags"] = list(message.tags)
    if message.send_at is not None:
        document["scheduledFor"] = message.send_at.isoformat()
    ttl = context.ttl(message)
    if ttl is not None:
        document["validity"] = ttl
    if message.callback_url is not None:
        document["notification"] = {"url": message.callback_url}
    merged(document, adapter.account.extras)
    return merged(document, adapter.extras_of(message))


def _fields(message: Message, adapter: Adapter[Any]) -> frozenset[str]:
    channel = adapter.channel_of(message)
    can = None if channel is None else adapter.capabilities.channels.get(channel)
    return frozenset() if can is None else can.fields


def _contacts(message: Message) -> list[Wire]:
    first = _contact(message.to)
    content = message.content
    if not isinstance(content, Email) or not (content.cc or content.bcc):
        return [first]
    return [
        {**first, "type": "to"},
        *({**_contact(each), "type": "cc"} for each in content.cc),
        *({**_contact(each), "type": "bcc"} for each in content.bcc),
    ]


def _contact(to: str | ProviderContact) -> Wire:
    if isinstance(to, ProviderContact):
        return _given(id=to.id, identifierKey=to.key, identifierValue=to.value)
    key = "phonenumber" if to.startswith("+") else "emailaddress"
    return {"identifierKey": key, "identifierValue": to}


def _text(content: Text) -> Wire:
    said: Wire = {"text": content.text}
    if content.preview_url is not None:
        said["metadata"] = {"whatsapp": {"previewUrl": content.preview_url}}
    return {"type": "text", "text": said}


def _media(content: Media) -> Wire:
    kind = BODIES[content.items[0].kind]
    return {"type": kind, kind: _BODIES[kind](content)}


def _image(content: Media) -> Wire:
    images = [_given(mediaUrl=_url(item.source), altText=item.alt_text) for item in content.items]
    return _given(images=images, text=content.caption)


def _gif(content: Media) -> Wire:
    (item,) = content.items
    return _given(mediaUrl=_url(item.source), text=content.caption, altText=item.alt_text)


def _files(content: Media) -> Wire:
    return _given(files=list(map(_file, content.items)), text=content.caption)


def _file(item: MediaItem) -> Wire:
    moves = item.kind is MediaKind.STICKER and item.animated is not None
    return _given(
        mediaUrl=_url(item.source),
        contentType=item.content_type,
        filename=item.file_name,
        altText=item.alt_text,
        metadata={"isAnimated": item.animated} if moves else None,
    )


def _email(content: Email) -> Wire:
    metadata = {"subject": content.subject}
    if content.html is None:
        return {"type": "text", "text": {"text": content.text, "metadata": metadata}}
    return {
        "type": "html",
        "html": _given(html=content.html, text=content.text, metadata=metadata),
    }


def _template(content: Template, adapter: Adapter[Any]) -> Wire:
    mapping = adapter.template_of(content.name)
    return _given(
        projectId=mapping.id or mapping.name or content.name,
        version=mapping.version or content.version or LATEST,
        locale=mapping.language or content.language,
        parameters=[
            {"type": "string", "key": key, "value": parameter.text}
            for _, parameter, key in keyed(content, mapping)
        ]
        or None,
    )


def _url(source: Source) -> str | None:
    return None if isinstance(source, Inline) else source.url


def _given(**members: Any) -> Wire:  # noqa: ANN401 - JSON values
    """Leave out what was not given."""
    return {name: value for name, value in members.items() if value is not None}


_BODIES: dict[str, Callable[[Media], Wire]] = {"image": _image, "gif": _gif, "file": _files}
_SAY: dict[type, Callable[[Any], Wire]] = {Text: _text, Media: _media, Email: _email}
