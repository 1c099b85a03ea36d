"""Checks beyond the capabilities: content that Clickatell would refuse or silently drop.

Each check yields refusals that name the path of the field.
Source: the One API's OpenAPI document. WhatsApp's own rules are `omnimsg.adapter.whatsapp_rules`.
"""

from __future__ import annotations

import base64
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import items_of, refused, whatsapp_rules
from omnimsg.domain.byte_sizes import format_bytes
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Interactive,
    ListPicker,
    Location,
    LocationParameter,
    Media,
    MediaItem,
    MediaParameter,
    RequestLocation,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.media import MediaKind, Stored
from omnimsg.domain.reason import Reason
from omnimsg_clickatell.capabilities import INTERACTIVE_HEADER_TYPES, MEDIA, TEMPLATE_HEADER_TYPES
from omnimsg_clickatell.unsupported_fields import check_fields, unsupported_field
from omnimsg_clickatell.wire.encode import bare, moment
from omnimsg_clickatell.wire.template import parameter_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.adapter import Adapter, TemplateMapping
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.media import Encryption
    from omnimsg.domain.message import Message


MAX_LIST_BODY = 1024
MAX_INT32 = 2**31 - 1

_is_number = re.compile("[+]?[0-9]{3,15}").fullmatch


def check(message: Message, adapter: Adapter[Any]) -> Failure | None:
    """Return the first refusal; `None` if Clickatell would take the whole message."""
    content = message.content
    failure = _sender(message)
    # No rule concerns a text without options: the capabilities limit its length.
    if failure is None and not (isinstance(content, Text) and not content.has_options):
        failure = next(_content(message, adapter), None)
    return failure or _times(message) or check_key(message.encryption)


def check_key(encryption: Encryption | None) -> Failure | None:
    """Refuse a data key that is empty or not base64."""
    if encryption is None:
        return None
    try:
        key = base64.b64decode(encryption.key.reveal(), validate=True)
    except ValueError:
        key = b""
    return None if key else refused(Reason.ENCRYPTION, "encryption.key", "must be base64")


def is_sender(text: str) -> bool:
    """Return whether a text has the form of a sender: a number or a short code, 3 to 15 digits."""
    return _is_number(text) is not None


def _sender(message: Message) -> Failure | None:
    if message.sender is None or _is_number(message.sender):
        return None
    return refused(
        Reason.INVALID_SENDER,
        "sender",
        "must be a number of 3 to 15 digits: Clickatell's `from` is a two-way number",
    )


def _content(message: Message, adapter: Adapter[Any]) -> Iterator[Failure]:
    content, channel = message.content, adapter.channel_of(message)
    if isinstance(content, Template):
        yield from _template(content, adapter.template_of(content.name))
    elif isinstance(content, Text):
        yield from _text(content, channel)
    else:
        yield from _RULES.get(content.__class__, _no_rules)(content)
    if channel is Channel.WHATSAPP:
        yield from whatsapp_rules.check(content)
        yield from _stored_files(message)


def _no_rules(_: object) -> Iterator[Failure]:
    return iter(())


def _text(content: Text, channel: Channel | None) -> Iterator[Failure]:
    yield from check_fields(content, "content")
    unsupported = "preview_url" if channel is Channel.SMS else "udh"
    if getattr(content, unsupported) is not None:
        yield unsupported_field(f"content.{unsupported}")


def _media(content: Media) -> Iterator[Failure]:
    if len(content.items) > 1:
        yield refused(
            Reason.UNSUPPORTED_CONTENT, "content.items[1]", "is one too many: a message has one"
        )
    yield from check_fields(content.items[0], "content.items[0]")
    if not _is_opus_or_no_ogg(content.items[0].content_type or ""):
        yield refused(
            Reason.MEDIA_INVALID,
            "content.items[0].content_type",
            "must be 'audio/ogg; codecs=opus': no other Ogg is supported",
        )


def _is_opus_or_no_ogg(content_type: str) -> bool:
    media_type, *parameters = content_type.lower().replace('"', "").split(";")
    return media_type.strip() != "audio/ogg" or "codecs=opus" in map(str.strip, parameters)


def _location(content: Location) -> Iterator[Failure]:
    if content.address is not None and content.name is None:
        yield refused(
            Reason.UNSUPPORTED_CONTENT, "content.address", "is only shown together with a name"
        )


def _list(content: ListPicker) -> Iterator[Failure]:
    # Meta allows more, the One API's document does not.
    yield from whatsapp_rules.check_length(content.body, "content.body", MAX_LIST_BODY)


def _interactive(content: Interactive) -> Iterator[Failure]:
    if content.body is None:
        yield refused(Reason.INVALID_CONTENT, "content.body", "is needed above buttons")
    for index, action in enumerate(content.actions):
        yield from check_fields(action, f"content.actions[{index}]")
    if isinstance(content.actions[0], RequestLocation):
        for field in ("header", "footer"):
            if getattr(content, field):
                yield unsupported_field(f"content.{field}")
    elif isinstance(content.header, MediaItem):
        yield from _header_file(content.header, "content.header", INTERACTIVE_HEADER_TYPES)


def _template(content: Template, mapping: TemplateMapping) -> Iterator[Failure]:
    if content.version is not None:
        yield unsupported_field("content.version")
    yield from _parameters(content, mapping)
    header = content.header
    if isinstance(header, TextParameter):
        yield from _parameter(header, "content.header", "1")
    elif isinstance(header, MediaParameter):
        yield from check_fields(header, "content.header")
        if header.name is not None:
            yield unsupported_field("content.header.name")
        yield from _header_file(header.item, "content.header.item", TEMPLATE_HEADER_TYPES)
    elif isinstance(header, LocationParameter):
        for field in ("name", "address"):
            if getattr(header.location, field) is None:
                yield refused(
                    Reason.TEMPLATE_INVALID,
                    f"content.header.location.{field}",
                    "is needed: a header's location has coordinates, a name and an address",
                )
    if content.buttons:
        yield from _template_buttons(content)


def _parameters(content: Template, mapping: TemplateMapping) -> Iterator[Failure]:
    if mapping.keys and len(mapping.keys) != len(content.body):
        yield refused(
            Reason.TEMPLATE_INVALID,
            "content.body",
            f"must have {len(mapping.keys)} parameters, as many as the account names keys for this"
            f" template, not {len(content.body)}",
        )
    elif mapping.keys and set(mapping.keys) != {str(n + 1) for n in range(len(mapping.keys))}:
        yield refused(
            Reason.TEMPLATE_INVALID,
            "content.body",
            f"cannot be sent: the account's keys for this template must be the numbers from 1 to"
            f" {len(mapping.keys)}, in any order; Clickatell's placeholders have no names",
        )
    for index, (parameter, key) in enumerate(
        zip(content.body, parameter_keys(mapping), strict=False)
    ):
        if isinstance(parameter, TextParameter):
            if parameter.name is not None:
                yield from _parameter(parameter, f"content.body[{index}]", key)
        else:
            path = f"content.body[{index}]"
            yield refused(
                Reason.UNSUPPORTED_CONTENT,
                path,
                f"is {parameter.kind}; Clickatell fills a template's body with text only, so"
                " write the text as it should be read",
            )


def _parameter(parameter: TextParameter, path: str, key: str) -> Iterator[Failure]:
    if parameter.name not in (None, key):
        yield refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.name",
            f"cannot be sent: Clickatell fills parameters by position, and this one is {key!r}",
        )


def _template_buttons(content: Template) -> Iterator[Failure]:
    index_of = {button.position: index for index, button in enumerate(content.buttons)}
    ordered = whatsapp_rules.sorted_by_position(content.buttons)
    if ordered[-1].position > MAX_INT32:
        yield refused(
            Reason.TEMPLATE_INVALID,
            f"content.buttons[{index_of[ordered[-1].position]}].position",
            f"is more than {MAX_INT32:,}",
        )
    finished_kinds = set()
    for previous, button in pairwise(ordered):
        if button.kind is not previous.kind:
            finished_kinds.add(previous.kind)
        if button.kind in finished_kinds:
            yield refused(
                Reason.TEMPLATE_INVALID,
                f"content.buttons[{index_of[button.position]}].position",
                f"puts a {button.kind.value} button after others: those of one kind stand together",
            )


def _header_file(
    item: MediaItem, path: str, types: dict[MediaKind, frozenset[str]]
) -> Iterator[Failure]:
    yield from check_fields(item, path)
    if item.kind not in types:
        yield refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.kind",
            "is not allowed in a header: use image, video or document",
        )
        return
    limit = MEDIA[item.kind].max_bytes
    if item.size is not None and limit is not None and item.size > limit:
        yield refused(
            Reason.MEDIA_TOO_LARGE,
            f"{path}.source",
            f"has {format_bytes(item.size)}; {item.kind.value} may have {format_bytes(limit)}",
        )
    if item.content_type is not None:
        media_type = item.content_type.partition(";")[0].strip().lower()
        if media_type not in types[item.kind]:
            yield refused(
                Reason.MEDIA_INVALID,
                f"{path}.content_type",
                f"is {media_type}; this header takes {', '.join(sorted(types[item.kind]))}",
            )
    if not isinstance(item.source, Stored):
        yield refused(
            Reason.MEDIA_NEEDS_UPLOAD,
            f"{path}.source",
            "holds bytes, which a header cannot: call client.upload and send what it returns",
        )
    if item.file_name is not None:
        yield unsupported_field(f"{path}.file_name")


def _stored_files(message: Message) -> Iterator[Failure]:
    """Check every stored file in the content."""
    for path, item in items_of(message.content):
        source = item.source
        if not isinstance(source, Stored):
            continue
        if source.id is None:
            yield refused(
                Reason.MEDIA_NOT_FOUND,
                f"{path}.source.id",
                "is needed: Clickatell finds files by id only",
            )
        if source.restricted_to is not None and bare(source.restricted_to) != bare(str(message.to)):
            yield refused(
                Reason.INVALID_MESSAGE,
                f"{path}.source.restricted_to",
                "is another number than this message's: upload the file without a restriction",
            )
        if source.client_encrypted and message.encryption is None:
            yield refused(
                Reason.ENCRYPTION, "encryption", "is needed to send a file that was encrypted"
            )


def _times(message: Message) -> Failure | None:
    if message.ttl is not None and message.ttl > 60 * MAX_INT32:
        return refused(Reason.INVALID_MESSAGE, "ttl", f"is more than {MAX_INT32:,} minutes")
    if message.send_at is not None:
        try:
            moment(message.send_at)
        except OverflowError:
            return refused(
                Reason.INVALID_MESSAGE, "send_at", "is beyond what can be written in UTC"
            )
    return None


_RULES: dict[type, Callable[[Any], Iterator[Failure]]] = {
    Interactive: _interactive,
    ListPicker: _list,
    Location: _location,
    Media: _media,
}
