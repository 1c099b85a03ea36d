"""Doubts: outcomes of messages that an earlier attempt may have sent, until they are accepted."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.domain.outcome import Ambiguous, Outcome

NO_DOUBTS: Mapping[str, Ambiguous] = MappingProxyType({})
"""The doubts of a batch of which no message may have been sent before."""


def keep_doubts(outcomes: list[Outcome], doubts: Mapping[str, Ambiguous]) -> list[Outcome]:
    """Keep the doubt of messages that may have been sent before, unless they were accepted now.

    A refusal of this attempt proves nothing about the earlier one.
    """
    if not doubts:
        return outcomes
    return [
        each
        if isinstance(each, Accepted) or each.reference not in doubts
        else _with_retry_after(doubts[each.reference], each.failure.retry_after)
        for each in outcomes
    ]


def _with_retry_after(doubt: Ambiguous, retry_after: float | None) -> Ambiguous:
    return attrs.evolve(doubt, failure=attrs.evolve(doubt.failure, retry_after=retry_after))
