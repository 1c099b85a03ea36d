"""WhatsApp: text, files and templates.

Source: the WhatsApp objects of Messente's OpenAPI document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import check_options, items_of, refused
from omnimsg.domain.content import CurrencyParameter, LocationParameter, Media, Template, Text
from omnimsg.domain.media import MediaKind
from omnimsg.domain.reason import Reason
from omnimsg_messente.rules.shared import NOTHING, counted, language, media, unsaid, unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter
    from omnimsg_messente.rules.shared import Refusals, Rule

# What may be said with each kind of file: words of the message, options of the item.
CARRIED: Mapping[MediaKind, frozenset[str]] = {
    MediaKind.IMAGE: frozenset({"caption"}),
    MediaKind.VIDEO: frozenset({"caption"}),
    MediaKind.AUDIO: NOTHING,
    MediaKind.DOCUMENT: frozenset({"caption", "file_name"}),
    MediaKind.STICKER: NOTHING,
}

_is_currency = re.compile("[A-Z]{3}").fullmatch

# A parameter is one of these three, never audio or a sticker.
IN_TEMPLATES = (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT)


def _text(content: Text, path: str, _: Adapter[Any]) -> Refusals:
    return unsaid(content, path, "udh", "autoconvert")


def _media(content: Media, path: str, _: Adapter[Any]) -> Refusals:
    yield from counted(content.items, f"{path}.items", 1)
    item = content.items[0]
    carried = CARRIED.get(item.kind, NOTHING)
    yield from media(item, f"{path}.items[0]", CARRIED, carried)
    failure = check_options(content, path, carried)
    if failure is not None:
        yield failure


def _template(content: Template, path: str, adapter: Adapter[Any]) -> Refusals:
    yield from unsaid(content, path, "version")
    yield from language(content, path, adapter)
    if isinstance(content.header, LocationParameter):
        yield unsupported(
            f"{path}.header", "is a location; Messente fills a header with text or media"
        )
    for position, parameter in enumerate(content.body):
        if isinstance(parameter, CurrencyParameter) and not _is_currency(parameter.code):
            yield refused(
                Reason.TEMPLATE_INVALID,
                f"{path}.body[{position}].code",
                "must be a code of ISO 4217",
            )
    for where, item in items_of(content, path):
        is_document = item.kind is MediaKind.DOCUMENT
        yield from media(item, where, IN_TEMPLATES, {"file_name"} if is_document else NOTHING)


RULES: Mapping[type, Rule] = {Text: _text, Media: _media, Template: _template}
