"""What a wire raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omnimsg.domain.reason import Reason


class TransportFault(Exception):  # noqa: N818 - never leaves the engine
    """The exchange did not end in an answer.

    Attributes:
        reason: What happened, in the unified model.
        detail: What happened, for a person.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
