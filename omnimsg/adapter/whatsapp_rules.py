"""WhatsApp's own rules for content, which are the same through every provider.

A provider hands a message on to WhatsApp and reports a violation only afterwards, if at all, so an
adapter checks these rules beforehand: `check` for content on WhatsApp, and `MAX_TEXT` as the
`text_limit` of its capabilities. What a provider itself cannot express stays in its own rules.

Sources: Clickatell's One API OpenAPI document, whose `maximum` on text means characters, and its
page "One API send templated message" (characters of parameters); Bird's page "Sending WhatsApp
messages"; Meta's reference of the WhatsApp Cloud API (text, caption, list body). Text that "does
not allow markdown" or "does not support emojis" is refused, so that the sender learns of it and not
the recipient.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter.capability_check import refused
from omnimsg.domain.content import (
    ButtonKind,
    Carousel,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Media,
    MediaItem,
    OpenUrl,
    Otp,
    Reply,
    Section,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.media import MediaKind
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.domain.content import Action, TemplateButton
    from omnimsg.domain.failure import Failure

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_BUTTONS = 3
MAX_ITEMS = 10
MAX_TEMPLATE_BUTTONS = 10
MAX_COUPON = 15

# Bold, italic, strikethrough and code as WhatsApp writes them; only a code block spans lines.
_MARKDOWN = re.compile(r"```.+?```|`[^`\n]+`|(?<!\w)([*_~])(?=\S)[^\n]+?(?<=\S)\1(?!\w)", re.DOTALL)

# What a phone draws as an emoji (Unicode UTS #51): the pictographs, symbols and dingbats, the other
# characters with an emoji presentation, and the two marks that give one to a plain character, as in
# "1\ufe0f\u20e3". Other signs, such as the degree sign, are text.
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe"
    "\u2b1b\u2b1c\u2b50\u2b55\ufe0f\u20e3]"
)

_FORBIDDEN_IN_PARAMETERS = re.compile(r"[\n\r\t]| {5}")

_WITHOUT_CAPTION = (MediaKind.AUDIO, MediaKind.STICKER)


@attrs.frozen
class Limit:
    """The limits of one text field.

    Attributes:
        field: The field's name in our model.
        max_length: Characters.
        markdown: Whether markdown is allowed.
        emoji: Whether emoji are allowed.
    """

    field: str
    max_length: int
    markdown: bool = attrs.field(default=True, kw_only=True)
    emoji: bool = attrs.field(default=True, kw_only=True)


LIMITS: dict[type, tuple[Limit, ...]] = {
    Interactive: (
        Limit("header", 60, markdown=False),
        Limit("body", 1024),
        Limit("footer", 60),
    ),
    ListItem: (
        Limit("title", 24, markdown=False),
        Limit("description", 72, markdown=False),
        Limit("payload", 200, markdown=False, emoji=False),
    ),
    ListPicker: (
        Limit("header", 60, markdown=False),
        Limit("body", MAX_TEXT),
        Limit("button", 20, markdown=False),
        Limit("footer", 60),
    ),
    ListSection: (Limit("title", 24, markdown=False),),
    Media: (Limit("caption", MAX_CAPTION),),
    OpenUrl: (Limit("text", 20), Limit("url", 2000)),
    Reply: (Limit("text", 20, markdown=False), Limit("payload", 256)),
    Text: (Limit("text", MAX_TEXT),),
}
"""The limits of the text fields of each class of content and action."""


def check(content: object, path: str = "content") -> Iterator[Failure]:
    """Yield a refusal for each part of the content that WhatsApp does not allow."""
    if content.__class__ in LIMITS:
        yield from check_lengths(content, path)
    rule = _RULES.get(content.__class__)
    if rule is not None:
        yield from rule(content, path)


def check_lengths(value: object, path: str) -> Iterator[Failure]:
    """Refuse long texts, and markdown and emoji where WhatsApp does not allow them."""
    for limit in LIMITS.get(value.__class__, ()):
        text = getattr(value, limit.field)
        if not isinstance(text, str):
            continue
        text_path = f"{path}.{limit.field}"
        yield from check_length(text, text_path, limit.max_length)
        if not limit.markdown and _MARKDOWN.search(text):
            yield refused(Reason.INVALID_CONTENT, text_path, "must not be formatted with markdown")
        if not limit.emoji and _EMOJI.search(text):
            yield refused(Reason.INVALID_CONTENT, text_path, "must not hold emoji")


def check_length(text: str, path: str, max_length: int) -> Iterator[Failure]:
    """Refuse a text that is longer than `max_length` characters."""
    if len(text) > max_length:
        yield refused(
            Reason.CONTENT_TOO_LARGE, path, f"has {len(text)} characters; {max_length} are allowed"
        )


def postback_data(action: Reply) -> str:
    """Return the data that a tapped button sends back: its payload, or else its label."""
    return action.text if action.payload is None else action.payload


def _media(content: Media, path: str) -> Iterator[Failure]:
    if content.caption is not None and content.items[0].kind in _WITHOUT_CAPTION:
        kind = content.items[0].kind.value
        yield refused(Reason.UNSUPPORTED_CONTENT, f"{path}.caption", f"is not allowed with {kind}")


def _interactive(content: Interactive, path: str) -> Iterator[Failure]:
    if isinstance(content.header, MediaItem) and content.header.kind in _WITHOUT_CAPTION:
        yield refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.header.kind",
            "is not allowed in a header: use image, video or document",
        )
    yield from _actions(content.actions, f"{path}.actions")


def _actions(actions: tuple[Action, ...], path: str) -> Iterator[Failure]:
    first = actions[0] if actions else None
    most = MAX_BUTTONS if isinstance(first, Reply) else 1
    seen: set[str] = set()
    for index, action in enumerate(actions):
        action_path = f"{path}[{index}]"
        if index >= most or action.__class__ is not first.__class__:
            yield refused(
                Reason.UNSUPPORTED_CONTENT,
                action_path,
                f"is one too many: a message has up to {MAX_BUTTONS} replies, or one link, or one"
                " request for a location, and never two kinds",
            )
        yield from check_lengths(action, action_path)
        if isinstance(action, Reply):
            if postback_data(action) in seen:
                yield refused(
                    Reason.INVALID_CONTENT,
                    f"{action_path}.payload",
                    "is the same as that of an earlier button",
                )
            seen.add(postback_data(action))


def _carousel(content: Carousel, path: str) -> Iterator[Failure]:
    for index, card in enumerate(content.cards):
        yield from _actions(card.actions, f"{path}.cards[{index}].actions")


def _otp(content: Otp, path: str) -> Iterator[Failure]:
    yield from _actions(content.actions, f"{path}.actions")


def _list(content: ListPicker, path: str) -> Iterator[Failure]:
    total = 0
    for section_index, section in enumerate(content.sections):
        section_path = f"{path}.sections[{section_index}]"
        yield from check_lengths(section, section_path)
        for index, item in enumerate(section.items):
            total += 1
            if total > MAX_ITEMS:
                yield refused(
                    Reason.CONTENT_TOO_LARGE,
                    f"{section_path}.items[{index}]",
                    f"is one too many: a whole list has at most {MAX_ITEMS} items",
                )
            yield from check_lengths(item, f"{section_path}.items[{index}]")


def _template(content: Template, path: str) -> Iterator[Failure]:
    if isinstance(content.header, TextParameter):
        yield from _parameter_text(content.header.text, f"{path}.header.text")
    for index, parameter in enumerate(content.body):
        if isinstance(parameter, TextParameter):
            yield from _parameter_text(parameter.text, f"{path}.body[{index}].text")
    if not content.buttons:
        return
    index_of = {button.position: index for index, button in enumerate(content.buttons)}
    for extra in islice(sorted_by_position(content.buttons), MAX_TEMPLATE_BUTTONS, None):
        yield refused(
            Reason.TEMPLATE_INVALID,
            f"{path}.buttons[{index_of[extra.position]}]",
            f"is one too many: a template has at most {MAX_TEMPLATE_BUTTONS} buttons",
        )
    for index, button in enumerate(content.buttons):
        value_path = f"{path}.buttons[{index}].value"
        if button.kind is ButtonKind.URL:
            # The value fills a placeholder of the URL, so the rules of parameters apply.
            yield from _parameter_text(button.value, value_path)
        if button.kind is ButtonKind.COUPON:
            yield from check_length(button.value, value_path, MAX_COUPON)


def _parameter_text(text: str, path: str) -> Iterator[Failure]:
    if _FORBIDDEN_IN_PARAMETERS.search(text):
        yield refused(
            Reason.TEMPLATE_INVALID,
            path,
            "must hold no line break, no tab and no more than four spaces in a row",
        )


def sorted_by_position(buttons: tuple[TemplateButton, ...]) -> list[TemplateButton]:
    """Sort buttons by their position in the template."""
    return sorted(buttons, key=lambda button: button.position)


def _section(content: Section, path: str) -> Iterator[Failure]:
    for index, item in enumerate(content.items):
        yield from check(item, f"{path}.items[{index}]")


_RULES: dict[type, Callable[[Any, str], Iterator[Failure]]] = {
    Carousel: _carousel,
    Interactive: _interactive,
    ListPicker: _list,
    Media: _media,
    Otp: _otp,
    Section: _section,
    Template: _template,
}
