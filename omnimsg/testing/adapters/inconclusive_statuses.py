"""HTTP statuses that do not prove whether a request that sends was performed.

With each of them, the message may have been sent. Only the provider's own answer, with a documented
code, proves more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import Effect, Verdict
from omnimsg.engine.attempt.http_status_rules import RULES, rule_of
from omnimsg.testing.adapters.fuzz import HTTP_STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Interim answers, and failures without a rule of their own in the engine.
_WITHOUT_A_ROW = (100, 101, 102, 103, 500, 502, 507, 520, 524, 599)

INCONCLUSIVE_STATUSES: Mapping[int, str] = {
    status: rule.source
    for status in sorted({*RULES, *_WITHOUT_A_ROW})
    for rule in [rule_of(status, Effect.SENDS)]
    if rule.verdict is Verdict.AMBIGUOUS
}
"""The statuses that the engine treats as ambiguous, each with its source."""

ALL_STATUSES: Sequence[int] = sorted({*HTTP_STATUSES, *INCONCLUSIVE_STATUSES})
"""The inconclusive statuses, and those of common answers."""
