"""Doubts: outcomes of messages that an earlier attempt may have sent, until they are accepted."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.outcome import Accepted, Ambiguous, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NO_DOUBTS: Mapping[str, Ambiguous] = MappingProxyType({})
"""The doubts of a batch of which no message may have been sent before."""


class DoubtsKept(list[Outcome]):
    """The outcomes of an attempt, with the doubts from earlier attempts kept.

    Args:
        outcomes: One per message, in order.
        attempt: See below.

    Attributes:
        attempt: The outcomes of the last attempt alone. Only they say how the account and its
            provider are now.
    """

    def __init__(self, outcomes: Iterable[Outcome], attempt: Sequence[Outcome]) -> None:
        super().__init__(outcomes)
        self.attempt = attempt


def keep_doubts(outcomes: list[Outcome], doubts: Mapping[str, Ambiguous]) -> list[Outcome]:
    """Keep the doubt of messages that may have been sent before, unless they were accepted now.

    A refusal of this attempt proves nothing about the earlier one.
    """
    if not doubts:
        return outcomes
    kept = (
        each
        if isinstance(each, Accepted) or each.reference not in doubts
        else _with_retry_after(doubts[each.reference], each.failure.retry_after)
        for each in outcomes
    )
    return DoubtsKept(kept, outcomes)


def _with_retry_after(doubt: Ambiguous, retry_after: float | None) -> Ambiguous:
    return attrs.evolve(doubt, failure=attrs.evolve(doubt.failure, retry_after=retry_after))
