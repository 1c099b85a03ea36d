"""Encode messages as Clickatell's requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import deep_merge, omit_missing
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Binary,
    Contacts,
    Interactive,
    ListPicker,
    Location,
    Media,
    Template,
    Text,
)
from omnimsg.json_codec import dumps
from omnimsg_clickatell.wire import content as plain
from omnimsg_clickatell.wire.interactive import interactive, list_picker
from omnimsg_clickatell.wire.template import template

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.adapter import Adapter, Context, Source
    from omnimsg.domain.media import Encryption, Upload
    from omnimsg.domain.message import Message

_READ_BY_BUSINESS = 1001

_WRITERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Binary: plain.binary,
    Contacts: plain.contacts,
    Interactive: interactive,
    ListPicker: list_picker,
    Location: plain.location,
    Media: plain.media,
    Text: plain.text,
}


def encode(messages: Sequence[Message], adapter: Adapter[Any], context: Context) -> bytes:
    """Encode the request that sends messages.

    `validityPeriod` counts minutes, so a ttl is rounded up to a whole one.
    """
    account = adapter.account
    channel = account.channel or adapter.capabilities.default_channel or Channel.SMS
    sender = adapter.sender_of(channel) if channel is Channel.SMS else None
    sender = None if sender is None else bare(sender)
    name = channel.value
    # The extras of an account are merged into every message.
    channels = () if account.extras else (None, channel)
    minutes: dict[int, int | None] = {}
    documents = []
    for message in messages:
        content: Any = message.content
        to: Any = message.to
        if message.channel in channels and (message.is_plain_text or _is_usual_text(message)):
            # The same members as `document` writes, without its calls: nearly all are such texts.
            members: dict[str, Any] = {
                "content": content.text,
                "to": to.removeprefix("+"),
                "clientMessageId": message.reference,
                "channel": name,
            }
            if sender is not None:
                members["from"] = sender
            if not message.is_plain_text:
                if message.sender is not None and channel is Channel.SMS:
                    members["from"] = bare(message.sender)
                if message.ttl is not None:
                    if message.ttl not in minutes:
                        minutes[message.ttl] = context.ttl_minutes(message)
                    members["validityPeriod"] = minutes[message.ttl]
        else:
            members = document(message, adapter, minutes=context.ttl_minutes(message))
        documents.append(members)
    return dumps({"messages": documents})


def _is_usual_text(message: Message) -> bool:
    """Return whether it is a text without options that have JSON members but a sender and a ttl."""
    content = message.content
    return isinstance(content, Text) and not (
        content.has_options or message.send_at or message.encryption or message.extras
    )


def document(
    message: Message, adapter: Adapter[Any], *, minutes: int | None = None
) -> dict[str, Any]:
    """Write one message's object, then merge the account's extras and the message's own into it.

    Args:
        message: A message that the adapter's `check` passed.
        adapter: Supplies the account's channel, sender, templates and extras.
        minutes: The message's ttl in minutes.
    """
    content = message.content
    if isinstance(content, Template):
        members = template(content, adapter.template_of(content.name))
    else:
        members = _WRITERS[content.__class__](content)
    channel = adapter.channel_of(message) or Channel.SMS
    members["to"] = str(message.to).removeprefix("+")
    members["clientMessageId"] = message.reference
    members["channel"] = str(channel)
    if channel is Channel.SMS:
        sender = message.sender or adapter.sender_of(channel)
        if sender is not None:
            members["from"] = sender.removeprefix("+")
    if minutes is not None:
        members["validityPeriod"] = minutes
    if message.send_at is not None:
        members["scheduledDeliveryTime"] = moment(message.send_at)
    if message.encryption is not None:
        members.update(_encryption(message.encryption))
    if adapter.account.extras:
        deep_merge(members, adapter.account.extras)
    if message.extras:
        deep_merge(members, adapter.extras_of(message))
    return members


def encode_notices(provider_ids: Sequence[str]) -> bytes:
    """Encode the request that marks inbound WhatsApp messages as read.

    Each notice carries its index as `clientEventId`, which matches it with its answer.
    """
    notices = [
        {
            "channel": "whatsapp",
            "messageId": provider_id,
            "statusCode": _READ_BY_BUSINESS,
            "clientEventId": str(position),
        }
        for position, provider_id in enumerate(provider_ids)
    ]
    return dumps({"event": {"messageStatusUpdate": notices}})


def upload_query(upload: Upload, source: Source) -> tuple[tuple[str, str], ...]:
    """Write what Clickatell needs to know of a file as query parameters."""
    to, encryption = upload.restricted_to, upload.encryption
    parameters = {"fileName": upload.file_name}
    parameters |= {"broadcastAllowed": "true"} if to is None else {"to": bare(to)}
    if encryption is None:
        # The digest is that of the unencrypted file, which is unknown for an encrypted one.
        parameters["sha256FileHash"] = source.sha256
    else:
        parameters |= omit_missing(
            encryptionKey=encryption.key.reveal(),
            kmsArn=encryption.key_arn,
            encryptionCipher=encryption.cipher,
        )
    return tuple(parameters.items())


def bare(number: str) -> str:
    """Return a number without its plus, as in the vendor's samples; names are left unchanged."""
    return number.removeprefix("+")


def moment(at: datetime) -> str:
    """Write a time in whole seconds of UTC, rounded up.

    Raises:
        OverflowError: The time is at the very end of the range of `datetime`.
    """
    universal = at.astimezone(UTC)
    if universal.microsecond:
        universal = universal.replace(microsecond=0) + timedelta(seconds=1)
    return universal.replace(tzinfo=None).isoformat() + "Z"


def _encryption(encryption: Encryption) -> dict[str, Any]:
    return omit_missing(
        encryptionKey=encryption.key.reveal(),
        encryptionKeyArn=encryption.key_arn,
        encryptionCipher=encryption.cipher,
    )
