"""Build values of the model from untrusted inbound data. No function raises.

The model is strict, because it is written for the messages that we send. An inbound message is not
refused for a file name with a line break: a part that the model cannot hold is left out, and stays
in the event's `raw`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.domain.address import is_e164
from omnimsg.domain.content import Location, MediaItem, Reply
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.events import UnparsedEvent, event_key
from omnimsg.domain.media import Inline, MediaKind, Stored
from omnimsg.domain.message_id import MessageId

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter.callback import Callback
    from omnimsg.adapter.context import Context

T = TypeVar("T")

_ANY_TYPE = "application/octet-stream"
_KINDS = {each.value: each for each in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO)}


def text_or_none(value: object) -> str | None:
    """Return a text that is not empty; `None` for anything else."""
    return value if isinstance(value, str) and value else None


def address_of(value: object) -> str | None:
    """Read a number or another address; a number that lacks its plus gets it.

    Clickatell writes `27820000001`. A short code is not in E.164 form and stays unchanged. A JSON
    number is read as its digits, and spaces around an address are dropped: without its sender, or
    with another one, a STOP would be lost.
    """
    text = address_text(value)
    return f"+{text}" if text is not None and is_e164(f"+{text}") else text


def address_text(value: object) -> str | None:
    """Read an address as the provider writes it, as text or a JSON number, without outer spaces."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return text_or_none(str(value).strip()) if is_number or isinstance(value, str) else None


def message_id_of(account: str, *parts: object) -> MessageId | None:
    """Build a message id from the provider's parts; `None` unless each is text and not empty."""
    texts: list[str] = []
    for each in parts:
        if not isinstance(each, str) or not each:
            return None
        texts.append(each)
    return MessageId.of(account, "/".join(texts))


def stored_file(
    account: str, url: object, *, sha256: object = None, client_encrypted: bool = False
) -> Stored | None:
    """Build a file that can be downloaded; `None` if its URL cannot be used."""
    file = _build_if_valid(
        lambda: Stored(account=account, url=text_or_none(url), client_encrypted=client_encrypted)
    )
    return None if file is None else _set_valid_fields(file, sha256=sha256)


def media_item(
    source: Inline | Stored | None,
    content_type: object,
    *,
    kind: MediaKind | None = None,
    **fields: object,
) -> MediaItem | None:
    """Build a media item; its kind follows from its media type unless it is given.

    Args:
        source: Where the bytes are; `None` gives no item.
        content_type: The provider's media type.
        kind: The kind, if the provider states it elsewhere.
        fields: Further fields; those that the model refuses are left out.
    """
    if source is None:
        return None
    main_type = content_type.partition("/")[0].lower() if isinstance(content_type, str) else ""
    item = MediaItem(
        kind or _KINDS.get(main_type, MediaKind.DOCUMENT), source, content_type=_ANY_TYPE
    )
    typed = _set_valid_fields(item, content_type=content_type)
    if typed is item and isinstance(source, Stored):
        typed = attrs.evolve(item, content_type=None)
    return _set_valid_fields(typed, **fields)


def location_of(
    latitude: object, longitude: object, *, name: object = None, address: object = None
) -> Location | None:
    """Build a location from coordinates, as numbers or text; `None` if they are invalid."""
    try:
        point = Location(float(_number(latitude)), float(_number(longitude)))
    except (InvalidValue, ValueError, OverflowError):
        return None
    return _set_valid_fields(point, name=name, address=address)


def reply_of(text: object, payload: object) -> Reply | None:
    """Build the tapped button; `None` if both its label and its payload are missing."""
    label, data = text_or_none(text), text_or_none(payload)
    if label is None and data is None:
        return None
    return _build_if_valid(lambda: Reply(label or data or "", data))


def unparsed(
    provider: str,
    context: Context,
    callback: Callback,
    why: str,
    *,
    raw: Any = None,  # noqa: ANN401 - JSON data
    name: str = "",
) -> UnparsedEvent:
    """Build the event for data whose form is unknown.

    Args:
        provider: The provider's name.
        context: The account's name and the time of arrival.
        callback: The callback that contains the data.
        why: What is unknown about the data.
        raw: The unknown part of the document; `None` keeps the whole body.
        name: The provider's name of the kind of event.
    """
    what = callback.body.decode("latin-1") if raw is None else raw
    return UnparsedEvent(
        provider=provider,
        account=context.account,
        at=context.now,
        key=event_key(context.account, UnparsedEvent.kind, name, what),
        raw=raw,
        why=why,
        provider_kind=name,
        body=callback.body if raw is None else b"",
    )


def _number(value: object) -> str | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value
    raise ValueError("no number")


def _build_if_valid(build: Callable[[], T]) -> T | None:
    try:
        return build()
    except InvalidValue:
        return None


def _set_valid_fields(value: T, **fields: object) -> T:
    """Set the fields that a value accepts; leave the others alone."""
    for name, given in fields.items():
        if given is not None:
            try:
                changed: Any = value
                value = attrs.evolve(changed, **{name: given})
            except InvalidValue:
                continue
    return value
