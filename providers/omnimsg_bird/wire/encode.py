"""Encode messages as Bird's JSON.

Every member is written by hand from the Messaging page of the Channels API reference. Bird refuses
a message with a member that it does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import deep_merge
from omnimsg.domain.address import ProviderContact, is_mailbox
from omnimsg.domain.content import Email, Template, Text
from omnimsg.json_codec import dumps
from omnimsg_bird.wire.bodies import body
from omnimsg_bird.wire.template import template

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, Context
    from omnimsg.domain.message import Message
    from omnimsg_bird.wire.bodies import JsonObject


# The document of a plain text. Filling in a template costs half of building and encoding a dict.
_PLAIN_TEXT = (
    b'{"receiver":{"contacts":[{"identifierKey":"phonenumber","identifierValue":%b}]},'
    b'"body":{"type":"text","text":{"text":%b}},"reference":%b}'
)


def request(message: Message, adapter: Adapter[Any], context: Context) -> bytes:
    """Encode one message."""
    content = message.content
    if message.is_plain_text and isinstance(content, Text) and not adapter.account.extras:
        return _PLAIN_TEXT % (dumps(message.to), dumps(content.text), dumps(message.reference))
    document = _document(message, adapter, context)
    if adapter.account.extras:
        deep_merge(document, adapter.account.extras)
    if message.extras:
        deep_merge(document, adapter.extras_of(message))
    return dumps(document)


def _document(message: Message, adapter: Adapter[Any], context: Context) -> JsonObject:
    content = message.content
    document: JsonObject = {"receiver": {"contacts": _contacts(message)}}
    if isinstance(content, Template):
        document["template"] = template(content, adapter.template_of(content.name))
    else:
        document["body"] = body(content)
    document["reference"] = message.reference
    sender = message.sender or adapter.sender_of(adapter.channel_of(message))
    if sender is not None:
        document["sender"] = {"connector": {"identifierValue": sender}}
    if message.tags:
        document["tags"] = list(message.tags)
    if message.send_at is not None:
        document["scheduledFor"] = message.send_at.isoformat()
    ttl = context.ttl(message)
    if ttl is not None:
        document["validity"] = ttl
    if message.reply_to is not None:
        replied = message.reply_to.provider_id.partition("/")[2]
        document["replyTo"] = {"id": replied, "type": "message"}
    if message.callback_url is not None:
        document["notification"] = {"url": message.callback_url}
    return document


def _contacts(message: Message) -> list[JsonObject]:
    first = _contact(message.to)
    content = message.content
    if not isinstance(content, Email) or not (content.cc or content.bcc):
        return [first]
    return [
        {**first, "type": "to"},
        *({**_contact(each), "type": "cc"} for each in content.cc),
        *({**_contact(each), "type": "bcc"} for each in content.bcc),
    ]


def _contact(to: str | ProviderContact) -> JsonObject:
    if isinstance(to, ProviderContact):
        if to.id is not None:
            return {"id": to.id}
        return {"identifierKey": to.key, "identifierValue": to.value}
    key = "emailaddress" if is_mailbox(to) else "phonenumber"
    return {"identifierKey": key, "identifierValue": to}
