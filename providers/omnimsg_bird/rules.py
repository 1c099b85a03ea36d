"""What Bird refuses and `Capabilities` cannot say: bodies, templates, tags.

Source: the Messaging page of the Channels API reference and the schema in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from omnimsg.adapter import check_options, items_of, refused
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Email, Media, Template, Text, TextParameter
from omnimsg.domain.media import MediaKind, Stored
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import Content
    from omnimsg.domain.failure import Failure

Mappings: TypeAlias = "Callable[[str], TemplateMapping]"

_MOST_TAGS = 10
_is_tag = re.compile(r"[A-Za-z0-9\-_ ]{1,50}").fullmatch

_NOTHING: frozenset[str] = frozenset()
_FILE = frozenset({"file_name", "alt_text"})
_ITEM_OPTIONS = {
    MediaKind.IMAGE: frozenset({"alt_text"}),
    MediaKind.GIF: frozenset({"alt_text"}),
    MediaKind.VIDEO: _FILE,
    MediaKind.AUDIO: _FILE,
    MediaKind.DOCUMENT: _FILE,
    MediaKind.STICKER: _FILE,
}

# The body that carries each kind of media; one message has one body.
BODIES = {
    MediaKind.IMAGE: "image",
    MediaKind.GIF: "gif",
    MediaKind.VIDEO: "file",
    MediaKind.AUDIO: "file",
    MediaKind.DOCUMENT: "file",
    MediaKind.STICKER: "file",
}


def check_tags(tags: tuple[str, ...]) -> Failure | None:
    """Hold labels against Bird's limits. Bird makes them lower case by itself."""
    if len(tags) > _MOST_TAGS:
        return refused(
            Reason.INVALID_MESSAGE, "tags", f"has {len(tags)}; this provider takes {_MOST_TAGS}"
        )
    for position, tag in enumerate(tags):
        if not _is_tag(tag):
            return refused(
                Reason.INVALID_MESSAGE,
                f"tags[{position}]",
                "must be 1 to 50 letters a to z, digits, spaces, - and _",
            )
    return None


def check_said(content: Content, channel: Channel, mappings: Mappings) -> Failure | None:
    """Hold content against Bird's own rules.

    Args:
        content: What the message says.
        channel: How it travels.
        mappings: Finds what the account says of a template.
    """
    check = _RULES.get(type(content))
    return None if check is None else check(content, channel, mappings)


def _check_text(content: Text, channel: Channel, _: Mappings) -> Failure | None:
    return check_options(
        content, "content", {"preview_url"} if channel is Channel.WHATSAPP else _NOTHING
    )


def _check_media(content: Media, _: Channel, __: Mappings) -> Failure | None:
    body = BODIES[content.items[0].kind]
    if body == "gif" and len(content.items) > 1:
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            "content.items",
            f"has {len(content.items)} items; a gif travels alone",
        )
    for path, item in items_of(content):
        if BODIES[item.kind] != body:
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                f"{path}.kind",
                f"is {item.kind.value}; it cannot share a message with a"
                f" {content.items[0].kind.value}",
            )
        if body == "file" and item.content_type is None:
            return refused(
                Reason.MEDIA_INVALID,
                f"{path}.content_type",
                "is required: this provider never guesses the type of a file",
            )
        if isinstance(item.source, Stored) and item.source.url is None:
            return refused(
                Reason.MEDIA_NOT_FOUND,
                f"{path}.source",
                "has no URL, by which this provider finds its files",
            )
        failure = check_options(item, path, _ITEM_OPTIONS[item.kind])
        if failure is not None:
            return failure
    return None


def _check_email(content: Email, _: Channel, __: Mappings) -> Failure | None:
    return check_options(content, "content", {"cc", "bcc"})


def _check_template(content: Template, _: Channel, mappings: Mappings) -> Failure | None:
    failure = check_options(content, "content", {"version", "header"})
    if failure is not None:
        return failure
    seen: set[str] = set()
    for path, parameter, key in keyed(content, mappings(content.name)):
        if not isinstance(parameter, TextParameter):
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                path,
                f"is {parameter.kind}; this provider's templates are filled with text",
            )
        if key is None or key in seen:
            return refused(
                Reason.TEMPLATE_INVALID,
                f"{path}.name",
                "must be given, and only once: this provider's templates name their placeholders."
                " Name them here, or by `keys` in the account's mapping of the template",
            )
        seen.add(key)
    return None


def keyed(content: Template, mapping: TemplateMapping) -> list[tuple[str, Any, str | None]]:
    """List a template's parameters with their paths and the placeholders they fill.

    The account's mapping names the body's placeholders by position; what it does not name goes by
    the parameter's own name.
    """
    found: list[tuple[str, Any, str | None]] = []
    if content.header is not None:
        found.append(("content.header", content.header, getattr(content.header, "name", None)))
    for position, parameter in enumerate(content.body):
        mapped = position < len(mapping.keys)
        key = mapping.keys[position] if mapped else parameter.name
        found.append((f"content.body[{position}]", parameter, key))
    return found


_RULES: dict[type, Callable[[Any, Channel, Mappings], Failure | None]] = {
    Text: _check_text,
    Media: _check_media,
    Email: _check_email,
    Template: _check_template,
}
