"""Check the content of a message that satisfies the rules, and summarise it for the handset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from omnimsg.sandbox import LifecycleStep, Media, describe
from omnimsg.sandbox.sms_parts import count_binary_parts, count_parts, encode
from omnimsg_clickatell.emulator import file_checks
from omnimsg_clickatell.emulator.errors import RefusedError
from omnimsg_clickatell.emulator.message_rules import CONTENTS, SMS
from omnimsg_clickatell.emulator.statuses import steps_to
from omnimsg_clickatell.emulator.value_rules import decode_base64

FindMedia = Callable[[str], Media | None]
"""Returns the stored file with an upload's id, None if there is none."""

MAX_TEXT_LENGTH: Final = 4096
"""Characters of a WhatsApp text."""


@attrs.frozen(kw_only=True)
class CheckedContent:
    """The content of a message.

    Attributes:
        kind: The property that holds the content; ``text`` for a plain text.
        content: The provider's own object, without inline bytes.
        summary: The whole text, or a description of other content.
        steps: The lifecycle that the content forces, None if the recipient decides.
        inline: The bytes that came with the message, and their content type.
    """

    kind: str
    content: Any
    summary: str
    steps: tuple[LifecycleStep, ...] | None = None
    inline: tuple[bytes, str] | None = None


def check_content(message: Mapping[str, Any], find: FindMedia, max_parts: int) -> CheckedContent:
    """Check the content of a message that satisfies the rules.

    Args:
        message: One entry of ``messages``.
        find: Looks uploads up.
        max_parts: Maximum number of parts of an SMS.

    Raises:
        RefusedError: 100 too many parts; 24 a text too long; 30 a content type; 31 a file too
            large; 33 no such upload; 23 content that is not base64, a caption on audio, a header
            file of another type, an encrypted upload without its key.
    """
    if message.get("channel", SMS) == SMS:
        return _check_sms(message, max_parts)
    kind = next((name for name in CONTENTS if name in message), "text")
    if kind == "text":
        content = message["content"]
        if len(content) > MAX_TEXT_LENGTH:
            raise RefusedError(24)
        return CheckedContent(kind=kind, content=content, summary=content)
    value = message[kind]
    if kind == "media":
        return _check_media(message, find)
    _check_header_file(kind, message, find)
    return CheckedContent(kind=kind, content=value, summary=_SUMMARIES[kind](value))


def _check_sms(message: Mapping[str, Any], max_parts: int) -> CheckedContent:
    header, content = message.get("userDataHeader", ""), message["content"]
    binary = message.get("binary", False)
    if binary or header:
        octets = len(content) // 2 if binary else _count_octets(content)
        count = count_binary_parts(len(header) // 2 + octets)
    else:
        count = count_parts(content)
    if count > max_parts:
        raise RefusedError(100)
    summary = describe("binary", f"{len(content) // 2} octets") if binary else content
    return CheckedContent(kind="binary" if binary else "text", content=content, summary=summary)


def _count_octets(text: str) -> int:
    """Return the octets of a text beside a header: seven bits, or two octets, a unit."""
    encoded = encode(text)
    return encoded.units * 2 if encoded.encoding == "UCS-2" else -(-encoded.units * 7 // 8)


def _check_media(message: Mapping[str, Any], find: FindMedia) -> CheckedContent:
    media = message["media"]
    inline: tuple[bytes, str] | None = None
    if "fileId" in media:
        stored = _stored_file(message, media["fileId"], find)
        data, content_type = stored.data, stored.content_type
    else:
        decoded, content_type = decode_base64(message["content"]), media["contentType"]
        file_checks.find_type(content_type)
        if decoded is None:
            raise RefusedError(23, "content")
        data = decoded
        file_checks.check_size(data, file_checks.MAX_INLINE_MB)
        inline = data, content_type
    file_type = file_checks.find_type(content_type)
    if file_type.kind == "audio" and "caption" in media:
        raise RefusedError(23, "media.caption")
    steps = None
    # The hash is that of the plain file; of an encrypted one only the key's owner can compute it.
    claimed = None if "encryptionKey" in message else media.get("sha256Hash")
    if claimed is not None and not file_checks.has_hash(data, claimed):
        # This has a status but no error code, so the message is accepted and fails afterwards.
        steps = steps_to("MEDIA_CHECKSUM_FAILURE")
    declared = media.get("contentType", content_type)
    if file_checks.normalise(declared) != file_checks.normalise(content_type):
        steps = steps_to("MEDIA_METADATA_ERROR")
    name = media.get("fileName") or content_type
    return CheckedContent(
        kind="media",
        content=media,
        summary=media.get("caption") or describe(file_type.kind, name),
        steps=steps,
        inline=inline,
    )


def _stored_file(message: Mapping[str, Any], file_id: str, find: FindMedia) -> Media:
    stored = file_checks.check_sendable(find(file_id), message["to"])
    if stored.extra["encrypted"] and "encryptionKey" not in message:
        raise RefusedError(23, "encryptionKey")
    return stored


def _check_header_file(kind: str, message: Mapping[str, Any], find: FindMedia) -> None:
    value = message[kind]
    header = value.get("header", {}) if isinstance(value, dict) else {}
    media = header.get("media")
    if media is None:
        return
    stored = _stored_file(message, media["fileId"], find)
    file_type = file_checks.find_type(stored.content_type)
    if not (file_type.in_template if kind == "template" else file_type.in_header):
        raise RefusedError(30)
    if "type" in media and media["type"] != file_type.kind:
        raise RefusedError(23, f"{kind}.header.media.type")


def _template(value: Mapping[str, Any]) -> str:
    given = value["body"].get("parameters", {})
    # Keys "1", "2" and so on.
    return describe(
        "template", value["templateName"], *(given[key] for key in sorted(given, key=int))
    )


def _location(value: Mapping[str, Any]) -> str:
    return describe("location", value.get("name"), f"{value['latitude']},{value['longitude']}")


_SUMMARIES: Final[Mapping[str, Callable[[Any], str]]] = {
    "template": _template,
    "location": _location,
    "contacts": lambda value: describe("contacts", str(len(value))),
    "listPicker": lambda value: value["subtitle"],
    "button": lambda value: value["body"],
    "actionUrl": lambda value: value["body"],
    "locationRequest": lambda value: value["body"],
}
