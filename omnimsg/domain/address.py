"""Whom a message goes to.

A recipient is written as text (`+37255500001`, `ola@example.test`) or, where a provider keeps an
address book, as a `ProviderContact`. Nothing is rewritten: a number that is not E.164 is refused,
not repaired, because a guess at a country code texts a stranger.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain import validate
from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    from collections.abc import Callable

# `[0-9]`, not `\d`: Arabic-Indic and other digits are digits to `\d`, and no provider takes them.
is_e164: Callable[[str], re.Match[str] | None] = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
_MAILBOX = r"[^\s\x00-\x1f\x7f\ud800-\udfff@<>\"',;:()\\\[\]]+"
is_email: Callable[[str], re.Match[str] | None] = re.compile(rf"{_MAILBOX}@{_MAILBOX}").fullmatch


@attrs.frozen(kw_only=True)
class ProviderContact:
    """A person in the provider's own address book.

    Attributes:
        id: The provider's id of the contact.
        key: Which identifier `value` is: Bird knows `phonenumber`, `emailaddress` and others.
        value: The identifier itself. Give `id`, or `value` with its `key`.
    """

    id: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(validate.text(most=255))
    )
    key: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(validate.text(most=255))
    )
    value: str | None = attrs.field(
        default=None, repr=hidden, validator=attrs.validators.optional(validate.text(most=512))
    )

    def __attrs_post_init__(self) -> None:
        """Require exactly one way to find the contact."""
        if (self.id is None) == (self.value is None):
            raise validate.refuse(self, "id", "give either an id, or a key with its value")
        if (self.key is None) != (self.value is None):
            raise validate.refuse(self, "key", "key and value belong together")
