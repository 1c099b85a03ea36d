"""What the suite wants a provider to say of one message; the author puts it in its words."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from omnimsg.domain.message import Message


@attrs.frozen
class Accept:
    """Take the message.

    Attributes:
        message: Which one.
        id: The provider's id for it.
    """

    message: Message
    id: str


@attrs.frozen
class Refuse:
    """Refuse the message.

    Attributes:
        message: Which one.
        code: The provider's code.
        level: Where in the answer the code stands, in the words of the adapter's code table.
        detail: The provider's sentence. It quotes the recipient, as providers do.
    """

    message: Message
    code: str
    level: str = attrs.field(kw_only=True)
    detail: str = attrs.field(kw_only=True, repr=False)


@attrs.frozen
class Missing:
    """Say nothing of the message: its entry is lost."""

    message: Message


Said: TypeAlias = Accept | Refuse | Missing
