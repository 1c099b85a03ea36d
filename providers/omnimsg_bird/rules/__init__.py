"""Checks beyond the capabilities: messages that Bird would refuse.

Source: the Messaging page of the Channels API reference and the schema in it; for
WhatsApp's own rules, Sending WhatsApp messages.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import check_options, refused, whatsapp_rules
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Carousel,
    Email,
    Interactive,
    ListPicker,
    Media,
    Otp,
    Section,
    Template,
    Text,
)
from omnimsg.domain.media import Inline
from omnimsg.domain.reason import Reason
from omnimsg_bird.rules.interactive import (
    check_actions,
    check_carousel,
    check_interactive,
    check_list,
)
from omnimsg_bird.rules.media import check_media, check_source
from omnimsg_bird.rules.template import check_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Adapter
    from omnimsg.domain.content import Content
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message

_MAX_TAGS = 10
_is_tag = re.compile(r"[A-Za-z0-9\-_ ]{1,50}").fullmatch


def check(message: Message, channel: Channel, adapter: Adapter[Any]) -> Failure | None:
    """Check a message against Bird's own rules.

    Args:
        message: The message.
        channel: The channel that it is sent on.
        adapter: The adapter with the account's channels and templates.

    Returns:
        The first `Failure`; `None` if Bird takes the message.
    """
    content = message.content
    return (
        _check_tags(message.tags)
        or _check_time(message)
        or _check_callback(message)
        or _check_reply_to(message, channel, adapter)
        or (
            check_template(content, adapter.template_of(content.name))
            if isinstance(content, Template)
            else _check_content(content, channel, "content")
        )
        or (next(whatsapp_rules.check(content), None) if channel is Channel.WHATSAPP else None)
    )


def _check_callback(message: Message) -> Failure | None:
    if message.callback_url is None or message.callback_url.lower().startswith("https:"):
        return None
    return refused(
        Reason.INVALID_MESSAGE, "callback_url", "must be https: this provider reports to no other"
    )


def _check_reply_to(message: Message, channel: Channel, adapter: Adapter[Any]) -> Failure | None:
    """Require a message of the same channel, because Bird looks its id up in that channel."""
    if message.reply_to is None:
        return None
    channel_id, _, id_ = message.reply_to.provider_id.partition("/")
    if message.reply_to.account != adapter.account.name or not id_:
        return refused(
            Reason.INVALID_MESSAGE,
            "reply_to",
            f"must be the id of a message of account {adapter.account.name!r}",
        )
    if channel_id != adapter.account.settings.channels[channel]:
        return refused(
            Reason.INVALID_MESSAGE, "reply_to", f"is a message of another channel than {channel}"
        )
    return None


def _check_tags(tags: tuple[str, ...]) -> Failure | None:
    """Check the tags against Bird's limits. Bird itself converts them to lower case."""
    if len(tags) > _MAX_TAGS:
        return refused(
            Reason.INVALID_MESSAGE, "tags", f"has {len(tags)}; this provider takes {_MAX_TAGS}"
        )
    for index, tag in enumerate(tags):
        if not _is_tag(tag):
            return refused(
                Reason.INVALID_MESSAGE,
                f"tags[{index}]",
                "must be 1 to 50 letters a to z, digits, spaces, - and _",
            )
    return None


def _check_time(message: Message) -> Failure | None:
    offset = None if message.send_at is None else message.send_at.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):
        return refused(
            Reason.INVALID_MESSAGE,
            "send_at",
            "has an offset with seconds, which RFC 3339 cannot express",
        )
    return None


def _check_content(content: Content, channel: Channel, path: str) -> Failure | None:
    rule = _RULES.get(type(content))
    return None if rule is None else rule(content, channel, path)


def _check_text(content: Text, channel: Channel, path: str) -> Failure | None:
    return check_options(content, path, {"preview_url"} if channel is Channel.WHATSAPP else set())


def _check_email(content: Email, _: Channel, path: str) -> Failure | None:
    for index, attachment in enumerate(content.attachments):
        source_path = f"{path}.attachments[{index}].source"
        if not isinstance(attachment.source, Inline):
            failure = check_source(attachment.source, source_path)
            if failure is not None:
                return failure
        elif not attachment.source.data:
            return refused(Reason.MEDIA_INVALID, source_path, "holds no bytes")
    return None


def _check_otp(content: Otp, _: Channel, path: str) -> Failure | None:
    return check_actions(content.actions, f"{path}.actions")


def _check_section(content: Section, channel: Channel, path: str) -> Failure | None:
    for index, item in enumerate(content.items):
        failure = _check_content(item, channel, f"{path}.items[{index}]")
        if failure is not None:
            return failure
    return None


_RULES: dict[type, Callable[[Any, Channel, str], Failure | None]] = {
    Text: _check_text,
    Media: check_media,
    Interactive: check_interactive,
    ListPicker: check_list,
    Carousel: check_carousel,
    Section: _check_section,
    Otp: _check_otp,
    Email: _check_email,
}
