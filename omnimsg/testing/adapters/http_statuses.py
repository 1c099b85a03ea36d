"""The HTTP statuses with which the checks answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import Effect, Verdict
from omnimsg.engine.attempt.http_status_rules import RULES, rule_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMON_STATUSES: Sequence[int] = (
    *(200, 201, 202, 204, 207, 302),
    *(400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 503),
)
"""Those of usual answers."""

# Interim answers, and failures without a rule of their own in the engine.
_WITHOUT_A_ROW = (100, 101, 102, 103, 500, 502, 507, 520, 524, 599)

INCONCLUSIVE_STATUSES: Mapping[int, str] = {
    status: rule.source
    for status in sorted({*RULES, *_WITHOUT_A_ROW})
    for rule in [rule_of(status, Effect.SENDS)]
    if rule.verdict is Verdict.AMBIGUOUS
}
"""Those that do not prove whether a request that sends was performed, each with its source.

The message may have been sent. Only the provider's own answer, with a documented code, proves more.
"""

ALL_STATUSES: Sequence[int] = sorted({*COMMON_STATUSES, *INCONCLUSIVE_STATUSES})
