"""`Said`: the answer that the suite scripts for one message: `Accept`, `Refuse` or `Missing`.

The adapter's author converts it to the provider's format.
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

from omnimsg.domain.message import Message


@attrs.frozen
class Accept:
    """Accept the message.

    Attributes:
        message: The message.
        id: The provider's id for it.
    """

    message: Message
    id: str


@attrs.frozen
class Refuse:
    """Refuse the message.

    Attributes:
        message: The message.
        code: The provider's code.
        level: The level of the adapter's code table, which says where in the answer the code is.
        detail: The provider's sentence. It quotes the recipient, as providers do.
    """

    message: Message
    code: str
    level: str = attrs.field(kw_only=True)
    detail: str = attrs.field(kw_only=True, repr=False)


@attrs.frozen
class Missing:
    """Leave the message's entry out of the answer."""

    message: Message


Said: TypeAlias = Accept | Refuse | Missing
