"""WhatsApp: text, files and templates.

Source: the WhatsApp objects of Messente's OpenAPI document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import check_options, items_of, refused, whatsapp_rules
from omnimsg.domain.content import CurrencyParameter, LocationParameter, Media, Template, Text
from omnimsg.domain.media import MediaKind
from omnimsg.domain.reason import Reason
from omnimsg_messente.rules.shared import (
    NO_OPTIONS,
    entry_count,
    media_item,
    template_language,
    unsupported,
    unsupported_fields,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter
    from omnimsg_messente.rules.shared import Refusals, Rule

# The options of each kind of file: `caption` of the content, the others of the item.
OPTIONS: Mapping[MediaKind, frozenset[str]] = {
    MediaKind.IMAGE: frozenset({"caption"}),
    MediaKind.VIDEO: frozenset({"caption"}),
    MediaKind.AUDIO: NO_OPTIONS,
    MediaKind.DOCUMENT: frozenset({"caption", "file_name"}),
    MediaKind.STICKER: NO_OPTIONS,
}

_is_currency = re.compile("[A-Z]{3}").fullmatch

# The kinds of files in a template's parameters; audio and stickers are not allowed.
TEMPLATE_KINDS = (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT)


def _text(content: Text, path: str, _: Adapter[Any]) -> Refusals:
    yield from unsupported_fields(content, path, "udh", "autoconvert")
    yield from whatsapp_rules.check(content, path)


def _media(content: Media, path: str, _: Adapter[Any]) -> Refusals:
    yield from entry_count(content.items, f"{path}.items", 1)
    item = content.items[0]
    options = OPTIONS.get(item.kind, NO_OPTIONS)
    yield from media_item(item, f"{path}.items[0]", OPTIONS, options)
    failure = check_options(content, path, options)
    if failure is not None:
        yield failure
    yield from whatsapp_rules.check(content, path)


def _template(content: Template, path: str, adapter: Adapter[Any]) -> Refusals:
    yield from unsupported_fields(content, path, "version")
    yield from whatsapp_rules.check(content, path)
    yield from template_language(content, path, adapter)
    if isinstance(content.header, LocationParameter):
        yield unsupported(
            f"{path}.header", "is a location; Messente fills a header with text or media"
        )
    for index, parameter in enumerate(content.body):
        if isinstance(parameter, CurrencyParameter) and not _is_currency(parameter.code):
            yield refused(
                Reason.TEMPLATE_INVALID,
                f"{path}.body[{index}].code",
                "must be a code of ISO 4217",
            )
    for item_path, item in items_of(content, path):
        # The only option of a file is the name of a document: "Use only with document media".
        options = OPTIONS.get(item.kind, NO_OPTIONS)
        yield from media_item(item, item_path, TEMPLATE_KINDS, options)


RULES: Mapping[type, Rule] = {Text: _text, Media: _media, Template: _template}
