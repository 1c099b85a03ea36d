"""E-mails and their attachments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.address import is_email
from omnimsg.domain.email_address import why_not_email
from omnimsg.domain.frozen_dict import EMPTY, FrozenDict, to_string_map
from omnimsg.domain.media import Inline, Link, Source, Stored, mime
from omnimsg.domain.redaction import hidden, masked

if TYPE_CHECKING:
    from collections.abc import Sequence

_is_header_name = re.compile(r"[!-9;-~]+").fullmatch


@attrs.frozen
class Attachment:
    """A file attached to an e-mail.

    Attributes:
        source: The bytes, or a link or stored file.
        file_name: The file name that the recipient sees.
        content_type: The media type; required if the source is `Inline`.
        content_id: The name by which `cid:` URLs in the HTML refer to it; makes it an inline image.
    """

    source: Source = attrs.field(validator=validate.instance_of((Inline, Link, Stored)))
    file_name: str = attrs.field(validator=validate.text(max_length=255, single_line=True))
    content_type: str | None = attrs.field(default=None, kw_only=True, validator=optional(mime))
    content_id: str | None = attrs.field(
        default=None,
        kw_only=True,
        validator=optional(validate.text(max_length=255, single_line=True)),
    )

    def __attrs_post_init__(self) -> None:
        """Require a media type for inline bytes, which have no URL to infer it from."""
        if isinstance(self.source, Inline) and self.content_type is None:
            raise validate.refuse(self, "content_type", "is needed with inline bytes")


def _tuple_of_emails(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, tuple):
        raise validate.refuse(owner, field.name, "must be a sequence of e-mail addresses")
    for index, each in enumerate(value):
        path = f"{field.name}[{index}]"
        if not isinstance(each, str):
            raise validate.refuse(owner, path, "must be an e-mail address")
        if not is_email(each):
            raise validate.refuse(owner, path, why_not_email(each))


def _to_addresses(value: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return validate.to_tuple(value)


def _to_attachments(value: Sequence[Attachment]) -> tuple[Attachment, ...]:
    return validate.to_tuple(value)


@attrs.frozen(kw_only=True)
class Email:
    """An e-mail. `Message.to` is its first recipient, `Message.sender` the account's mailbox.

    Attributes:
        subject: The subject line.
        html: The HTML body. Give `html`, `text` or both.
        text: The plain text body.
        cc: Further recipients, visible to all recipients.
        bcc: Further recipients, hidden from the others.
        attachments: The attached files.
        headers: Additional headers.
        from_name: The sender's display name.
    """

    kind: ClassVar[str] = "email"

    subject: str = attrs.field(
        repr=hidden, validator=validate.text(max_length=998, single_line=True)
    )
    html: str | None = attrs.field(default=None, repr=hidden, validator=optional(validate.text()))
    text: str | None = attrs.field(default=None, repr=hidden, validator=optional(validate.text()))
    cc: tuple[str, ...] = attrs.field(
        default=(), repr=masked, converter=_to_addresses, validator=_tuple_of_emails
    )
    bcc: tuple[str, ...] = attrs.field(
        default=(), repr=masked, converter=_to_addresses, validator=_tuple_of_emails
    )
    attachments: tuple[Attachment, ...] = attrs.field(
        default=(), converter=_to_attachments, validator=validate.tuple_of(Attachment)
    )
    headers: FrozenDict[str, str] = attrs.field(
        default=EMPTY, repr=hidden, converter=to_string_map, validator=validate.string_map
    )
    from_name: str | None = attrs.field(
        default=None, validator=optional(validate.text(max_length=255, single_line=True))
    )

    def __attrs_post_init__(self) -> None:
        """Require a body, and refuse a header that could inject another one."""
        if self.html is None and self.text is None:
            raise validate.refuse(self, "html", "give html, text or both")
        for name, line in self.headers.items():
            if not _is_header_name(name) or "\n" in line or "\r" in line:
                raise validate.refuse(self, "headers", "must be names and single lines of text")
