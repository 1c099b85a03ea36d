"""Checks beyond the capabilities: what Clickatell would refuse or silently drop.

Each check yields refusals that name the path of the field.
Sources: the One API's OpenAPI document; for the characters of template parameters the vendor's page
"One API send templated message".
"""

from __future__ import annotations

import re
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import items_of, refused
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    ButtonKind,
    Interactive,
    ListPicker,
    Location,
    LocationParameter,
    Media,
    MediaItem,
    MediaParameter,
    Reply,
    RequestLocation,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.media import MediaKind, Stored
from omnimsg.domain.reason import Reason
from omnimsg_clickatell.capabilities import INTERACTIVE_HEADER_TYPES, TEMPLATE_HEADER_TYPES
from omnimsg_clickatell.limits import check_limits, too_long, unsupported_field
from omnimsg_clickatell.wire.encode import bare, moment
from omnimsg_clickatell.wire.interactive import postback_data
from omnimsg_clickatell.wire.template import parameter_keys, sorted_by_position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message


MAX_BUTTONS = 3
MAX_ITEMS = 10
MAX_TEMPLATE_BUTTONS = 10
MAX_COUPON = 15
MAX_MINUTES = 2**31 - 1

_FORBIDDEN_IN_PARAMETERS = re.compile(r"[\n\r\t]| {5}")


def check(
    message: Message, channel: Channel | None, template_of: Callable[[str], TemplateMapping]
) -> Failure | None:
    """Return the first refusal; `None` if Clickatell would take the whole message."""
    content = message.content
    if isinstance(content, Text):
        return next(chain(_text(content, channel), _times(message)), None)
    if isinstance(content, Template):
        refusals = _template(content, template_of(content.name))
    else:
        refusals = _RULES.get(content.__class__, _no_rules)(content)
    return next(chain(refusals, _stored_files(message), _times(message)), None)


def _no_rules(_: object) -> Iterator[Failure]:
    return iter(())


def _text(content: Text, channel: Channel | None) -> Iterator[Failure]:
    yield from check_limits(content, "content")
    unsupported = "preview_url" if channel is Channel.SMS else "udh"
    if getattr(content, unsupported) is not None:
        yield unsupported_field(f"content.{unsupported}")


def _media(content: Media) -> Iterator[Failure]:
    if len(content.items) > 1:
        yield refused(
            Reason.UNSUPPORTED_CONTENT, "content.items[1]", "is one too many: a message has one"
        )
    yield from check_limits(content.items[0], "content.items[0]")
    if content.items[0].kind is MediaKind.AUDIO and content.caption is not None:
        yield refused(Reason.UNSUPPORTED_CONTENT, "content.caption", "must not be there with audio")


def _location(content: Location) -> Iterator[Failure]:
    if content.address is not None and content.name is None:
        yield refused(
            Reason.UNSUPPORTED_CONTENT, "content.address", "is only shown together with a name"
        )


def _list(content: ListPicker) -> Iterator[Failure]:
    yield from check_limits(content, "content")
    total = 0
    for section_index, section in enumerate(content.sections):
        path = f"content.sections[{section_index}]"
        yield from check_limits(section, path)
        for index, item in enumerate(section.items):
            total += 1
            if total > MAX_ITEMS:
                yield refused(
                    Reason.CONTENT_TOO_LARGE,
                    f"{path}.items[{index}]",
                    f"is one too many: a whole list has at most {MAX_ITEMS} items",
                )
            yield from check_limits(item, f"{path}.items[{index}]")


def _interactive(content: Interactive) -> Iterator[Failure]:
    if content.body is None:
        yield refused(Reason.INVALID_CONTENT, "content.body", "is needed above buttons")
    yield from check_limits(content, "content")
    first = content.actions[0]
    most = MAX_BUTTONS if isinstance(first, Reply) else 1
    seen: set[str] = set()
    for index, action in enumerate(content.actions):
        path = f"content.actions[{index}]"
        if index >= most or action.__class__ is not first.__class__:
            yield refused(
                Reason.UNSUPPORTED_CONTENT,
                path,
                f"is one too many: a message has up to {MAX_BUTTONS} replies, or one link, or one"
                " request for a location, and never two kinds",
            )
        yield from check_limits(action, path)
        if isinstance(action, Reply):
            if postback_data(action) in seen:
                yield refused(
                    Reason.INVALID_CONTENT, f"{path}.payload", "is that of an earlier button"
                )
            seen.add(postback_data(action))
    if isinstance(first, RequestLocation):
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
    yield from _template_buttons(content)


def _parameters(content: Template, mapping: TemplateMapping) -> Iterator[Failure]:
    if mapping.keys and len(mapping.keys) != len(content.body):
        yield refused(
            Reason.TEMPLATE_INVALID,
            "content.body",
            f"has {len(content.body)} parameters; the account names {len(mapping.keys)} keys for"
            " this template",
        )
    for index, (parameter, key) in enumerate(
        zip(content.body, parameter_keys(mapping), strict=False)
    ):
        path = f"content.body[{index}]"
        if isinstance(parameter, TextParameter):
            yield from _parameter(parameter, path, key)
        else:
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
            f"cannot be sent: Clickatell goes by position, and this is {key!r}",
        )
    yield from _parameter_text(parameter.text, f"{path}.text")


def _parameter_text(text: str, path: str) -> Iterator[Failure]:
    if _FORBIDDEN_IN_PARAMETERS.search(text):
        yield refused(
            Reason.TEMPLATE_INVALID,
            path,
            "must hold no line break, no tab and no more than four spaces in a row",
        )


def _template_buttons(content: Template) -> Iterator[Failure]:
    index_of = {button.position: index for index, button in enumerate(content.buttons)}
    ordered = sorted_by_position(content.buttons)
    for extra in islice(ordered, MAX_TEMPLATE_BUTTONS, None):
        yield refused(
            Reason.TEMPLATE_INVALID,
            f"content.buttons[{index_of[extra.position]}]",
            f"is one too many: a template has at most {MAX_TEMPLATE_BUTTONS} buttons",
        )
    finished_kinds = set()
    for previous, button in pairwise(ordered):
        if button.kind is not previous.kind:
            finished_kinds.add(previous.kind)
        if button.kind in finished_kinds:
            yield refused(
                Reason.TEMPLATE_INVALID,
                f"content.buttons[{index_of[button.position]}].position",
                f"separates the {button.kind.value} buttons: those of one kind stand together",
            )
    for index, button in enumerate(content.buttons):
        if button.kind is ButtonKind.URL:
            # The value fills a placeholder of the URL, so the rules of parameters apply.
            yield from _parameter_text(button.value, f"content.buttons[{index}].value")
        if button.kind is ButtonKind.COUPON and len(button.value) > MAX_COUPON:
            yield too_long(f"content.buttons[{index}].value", button.value, MAX_COUPON)


def _header_file(
    item: MediaItem, path: str, types: dict[MediaKind, frozenset[str]]
) -> Iterator[Failure]:
    yield from check_limits(item, path)
    if item.kind not in types:
        yield refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.kind",
            "is not allowed in a header: use image, video or document",
        )
    elif item.content_type is not None:
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
                Reason.MEDIA_NOT_FOUND, f"{path}.source.id", "is needed: files go by their id"
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


def _times(message: Message) -> Iterator[Failure]:
    if message.ttl is not None and message.ttl > 60 * MAX_MINUTES:
        yield refused(Reason.INVALID_MESSAGE, "ttl", f"is more than {MAX_MINUTES} minutes")
    if message.send_at is not None:
        try:
            moment(message.send_at)
        except OverflowError:
            yield refused(Reason.INVALID_MESSAGE, "send_at", "is beyond what can be written in UTC")


_RULES: dict[type, Callable[[Any], Iterator[Failure]]] = {
    Interactive: _interactive,
    ListPicker: _list,
    Location: _location,
    Media: _media,
}
