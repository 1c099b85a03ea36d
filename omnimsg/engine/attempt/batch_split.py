"""Decide whether a batch is split: its request was refused as a whole, or is too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, AllAccepted, NotSent, Rejected
from omnimsg.engine.attempt.earlier_doubts import NO_DOUBTS
from omnimsg.engine.attempt.http_status_rules import may_concern_one_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omnimsg.domain.outcome import Ambiguous, Outcome


@attrs.frozen
class Split:
    """The batch has to be split: none of its messages was processed, and most of them may be sent.

    Attributes:
        parts: The number of batches to split it into.
        refusal: The failure of all messages, where the request was refused without a verdict of the
            provider; `None` where the provider gave one, or the request was too long.
    """

    parts: int
    refusal: Failure | None = None


def split_of(
    outcomes: Sequence[Outcome], doubts: Mapping[str, Ambiguous] = NO_DOUBTS
) -> Split | None:
    """Return a split where a request of several messages was refused as a whole.

    The refusal proves that nothing was sent, so the parts may be sent. It is one refusal where all
    messages have the same failure, word for word, and either the HTTP status is an error or all
    were read from the same part of the answer; equal verdicts on single messages (207) each have an
    entry of their own. A request that was refused without a verdict of the provider is split as
    well: a firewall may have refused one text.

    Args:
        outcomes: One per message, in order.
        doubts: The outcomes, by reference, of messages that may have been sent before. A request
            with one of these is not split: for it, the refusal proves nothing.
    """
    if outcomes.__class__ is AllAccepted:
        return None
    if doubts and any(each.reference in doubts for each in outcomes):
        return None
    first = outcomes[0]
    if len(outcomes) == 1 or not isinstance(first, (Rejected, NotSent)):
        return None
    failure = first.failure
    same = all(
        type(each) is type(first) and not isinstance(each, Accepted) and each.failure == failure
        for each in outcomes
    )
    status = failure.http_status
    if not same or status is None:
        return None
    if isinstance(first, NotSent):
        may_be_split = failure.code is None and may_concern_one_message(status)
        return Split(2, failure) if may_be_split else None
    return Split(2) if status >= 400 or _from_one_document(outcomes) else None


def _from_one_document(outcomes: Sequence[Outcome]) -> bool:
    """Return whether all outcomes were read from one and the same part of an answer."""
    raw_ids = {id(each.failure.raw) for each in outcomes if not isinstance(each, Accepted)}
    return len(raw_ids) == 1 and id(None) not in raw_ids
