"""The recipient of a message: a phone number, an e-mail address or a provider's contact.

A recipient is text (`+37255500001`, `ola@example.test`) or, where a provider keeps an address book,
a `ProviderContact`. Nothing is rewritten: a number that is not E.164 is refused, because a guessed
country code texts a stranger.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain import validate
from omnimsg.domain.redaction import hidden
from omnimsg.domain.stray_characters import BLANK_LETTERS

if TYPE_CHECKING:
    from collections.abc import Callable

# `[0-9]`, not `\d`: `\d` also matches Arabic-Indic and other digits, which no provider accepts.
is_e164: Callable[[str], re.Match[str] | None] = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
# Marks that nobody sees: an address that is pasted with one reaches nobody. The two joiners are not
# among them, because some scripts need them in names.
_UNSEEN = rf"\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff{BLANK_LETTERS}"
_OTHERS = rf"\s\x00-\x1f\x7f{_UNSEEN}\ud800-\udfff@<>\",;:()\\\[\]"
# Names have apostrophes (`o'brien@example.com`). One at the start or in the host is a quotation.
is_email: Callable[[str], re.Match[str] | None] = re.compile(
    rf"(?!')[^{_OTHERS}]+@[^{_OTHERS}']+"
).fullmatch


def is_mailbox(recipient: object) -> bool:
    """Return whether a recipient is a mailbox and not a number or a contact, also a misspelt one.

    No number has an "@", and an e-mail address may begin with a plus and digits as a number does.
    What runs for each message has this test inline, where a call costs more than the test.
    """
    return isinstance(recipient, str) and "@" in recipient


@attrs.frozen(kw_only=True)
class ProviderContact:
    """A contact in the provider's own address book: either `id`, or `key` and `value`.

    Attributes:
        id: The provider's id of the contact.
        key: The kind of identifier that `value` is: at Bird `phonenumber`, `emailaddress`, ...
        value: The identifier.
    """

    id: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(validate.text(max_length=255))
    )
    key: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(validate.text(max_length=255))
    )
    value: str | None = attrs.field(
        default=None,
        repr=hidden,
        validator=attrs.validators.optional(validate.text(max_length=512)),
    )

    def __attrs_post_init__(self) -> None:
        """Require either an id, or a key with its value."""
        if (self.id is None) == (self.value is None):
            raise validate.refuse(self, "id", "give either an id, or a key with its value")
        if (self.key is None) != (self.value is None):
            raise validate.refuse(self, "key", "key and value belong together")
