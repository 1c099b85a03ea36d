"""What a message of the right shape says, and what is wrong with it beyond its shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from omnimsg.sandbox import Media, Step
from omnimsg.sandbox.gsm import binary_parts, parts
from omnimsg_clickatell.emulator import file_checks
from omnimsg_clickatell.emulator.errors import Refused
from omnimsg_clickatell.emulator.lifecycle import failed
from omnimsg_clickatell.emulator.message_rules import CONTENTS, SMS
from omnimsg_clickatell.emulator.value_rules import decoded

Find = Callable[[str], Media | None]
"""From the id of an upload to the file."""

TEXT_MOST: Final = 4096
"""Characters of a WhatsApp text."""


@attrs.frozen(kw_only=True)
class Reading:
    """A message as understood.

    Attributes:
        kind: The member that holds the content; ``text`` for a plain one.
        content: The provider's own object, without inline bytes.
        summary: One line.
        ends: The life that the content forces, None if the recipient decides.
        inline: Bytes that came with the message, and their content type.
    """

    kind: str
    content: Any
    summary: str
    ends: tuple[Step, ...] | None = None
    inline: tuple[bytes, str] | None = None


def read(message: Mapping[str, Any], find: Find, most_parts: int) -> Reading:
    """Understand a message that satisfies the rules.

    Args:
        message: One entry of ``messages``.
        find: Looks uploads up.
        most_parts: Most parts of an SMS.

    Raises:
        Refused: 100 too many parts; 24 a text too long; 30 a content type; 31 a file too large;
            33 no such upload; 23 content that is not base64, a caption on audio, a header file of
            another type, an encrypted upload without its key.
    """
    if message.get("channel", SMS) == SMS:
        return _sms(message, most_parts)
    kind = next((name for name in CONTENTS if name in message), "text")
    if kind == "text":
        if len(message["content"]) > TEXT_MOST:
            raise Refused(24)
        return Reading(kind=kind, content=message["content"], summary=_line(message["content"]))
    value = message[kind]
    if kind == "media":
        return _media(message, find)
    _check_header(kind, value, message["to"], find)
    return Reading(kind=kind, content=value, summary=_line(_SUMMARIES[kind](value)))


def _line(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= 160 else f"{line[:159]}…"


def _sms(message: Mapping[str, Any], most_parts: int) -> Reading:
    header, content = message.get("userDataHeader", ""), message["content"]
    binary = message.get("binary", False)
    if binary or header:
        octets = len(content) // 2 if binary else len(content.encode())
        count = binary_parts(len(header) // 2 + octets)
    else:
        count = parts(content)
    if count > most_parts:
        raise Refused(100)
    summary = f"{len(content) // 2} octets" if binary else _line(content)
    return Reading(kind="binary" if binary else "text", content=content, summary=summary)


def _media(message: Mapping[str, Any], find: Find) -> Reading:
    media = message["media"]
    inline: tuple[bytes, str] | None = None
    if "fileId" in media:
        stored = file_checks.sendable(find(media["fileId"]), message["to"])
        data, content_type = stored.data, stored.content_type
        if stored.extra["encrypted"] and "encryptionKey" not in message:
            raise Refused(23, "encryptionKey")
    else:
        given, content_type = decoded(message["content"]), media["contentType"]
        file_checks.type_of(content_type)
        if given is None:
            raise Refused(23, "content")
        data = given
        file_checks.check_size(data, file_checks.INLINE)
        inline = data, content_type
    row = file_checks.type_of(content_type)
    if row.kind == "audio" and "caption" in media:
        raise Refused(23, "media.caption")
    ends = None
    # The hash is of the plain file: of an encrypted one only the owner of the key can tell it.
    claimed = None if "encryptionKey" in message else media.get("sha256Hash")
    if claimed is not None and not file_checks.has_hash(data, claimed):
        # There is a status for this and no error code, so the message is accepted first.
        ends = failed("MEDIA_CHECKSUM_FAILURE")
    if file_checks.normal(media.get("contentType", content_type)) != file_checks.normal(
        content_type
    ):
        ends = failed("MEDIA_METADATA_ERROR")
    name = media.get("fileName") or media.get("caption") or content_type
    return Reading(
        kind="media", content=media, summary=_line(f"[{row.kind}] {name}"), ends=ends, inline=inline
    )


def _check_header(kind: str, value: Any, to: str, find: Find) -> None:  # noqa: ANN401
    header = value.get("header", {}) if isinstance(value, dict) else {}
    media = header.get("media")
    if media is None:
        return
    row = file_checks.type_of(file_checks.sendable(find(media["fileId"]), to).content_type)
    if not row.in_header:
        raise Refused(30)
    if "type" in media and media["type"] != row.kind:
        raise Refused(23, f"{kind}.header.media.type")


def _template(value: Mapping[str, Any]) -> str:
    given = value["body"].get("parameters", {})
    return " ".join([f"[template] {value['templateName']}", *(given[key] for key in sorted(given))])


def _place(value: Mapping[str, Any]) -> str:
    return f"[location] {value.get('name', '')} {value['latitude']},{value['longitude']}"


_SUMMARIES: Final[Mapping[str, Callable[[Any], str]]] = MappingProxyType(
    {
        "template": _template,
        "location": _place,
        "contacts": lambda value: f"[contacts] {len(value)}",
        "listPicker": lambda value: f"[list] {value['subtitle']}",
        "button": lambda value: f"[buttons] {value['body']}",
        "actionUrl": lambda value: f"[link] {value['body']} {value['url']}",
        "locationRequest": lambda value: f"[location request] {value['body']}",
    }
)
