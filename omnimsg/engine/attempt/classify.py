"""Classify a request whose answer holds no verdict of the provider, or that got no answer.

The adapter reads the body first; this module has only the HTTP status, or how the exchange broke.
Every row follows one rule. Say "not sent" only where that is proven, and reject the message only
where nothing else can be at fault: a wrong address must not turn fifty thousand messages into
rejections.
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Effect, Verdict
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine.attempt.answer_text import code_of, words_of
from omnimsg.engine.attempt.finding import Finding
from omnimsg.engine.attempt.http_status_rules import rule_of

if TYPE_CHECKING:
    from datetime import datetime

    from omnimsg.adapter import CodeTable, Response
    from omnimsg.transport import TransportFault

# A fault before any byte has left proves that nothing was sent. Most are temporary; not these.
_UNSENT_VERDICTS: dict[Reason, Verdict] = {
    Reason.MISCONFIGURED: Verdict.ACCOUNT,
    Reason.CANCELLED: Verdict.ACCOUNT,
    Reason.MEDIA_INVALID: Verdict.REJECTED,
}

# Whole seconds (RFC 9110, 10.2.3); some gateways name fractions of them.
_is_seconds = re.compile(r"[0-9]+(\.[0-9]+)?").fullmatch


# The longest wait that is passed on, seconds: 400 nines would be infinity, which JSON lacks.
_MAX_RETRY_AFTER = 1e12


def by_status(
    response: Response, effect: Effect, table: CodeTable, *, quotes: bool = True
) -> Finding:
    """Classify a request by the HTTP status of an answer without a verdict.

    Args:
        response: The answer.
        effect: The effect of the request.
        table: The adapter's codes.
        quotes: Whether the answer's words become part of the detail, whoever wrote them, and a code
            that the table does not have becomes `unknown_code`.
    """
    status = response.status
    rule = rule_of(status, effect)
    retry = rule.verdict.retry
    if retry is Retry.UNSAFE and effect.is_repeatable:
        # A 2xx that cannot be read will not become readable by asking again.
        retry = Retry.SAFE if status >= 400 else Retry.NEVER
    words, code = (words_of(response), code_of(response)) if quotes else ("", None)
    failure = Failure(
        reason=rule.reason,
        retry=retry,
        detail=f"{rule.detail}; it says: {words}" if words else rule.detail,
        unknown_code=None if code is None or table.knows(code) else code,
        http_status=status,
        raw=_raw(response),
    )
    return Finding(rule.verdict, failure)


def of_messages(finding: Finding, effect: Effect, *, sent_before: bool) -> Finding:
    """Turn the finding about a flow's last request into that about its messages.

    A message is judged by the strongest effect that has left for it. Once a request that sends has
    left, nothing that follows proves it unsent. While none has, it is unsent even where a request
    was lost, and a refused request (for a token, say) does not reject it.

    Args:
        finding: The one about the last request.
        effect: Its effect.
        sent_before: Whether an earlier request that sends may have left.
    """
    verdict, failure = finding
    if sent_before:
        detail = f"{failure.detail}; an earlier request may have sent the message"
        doubt = attrs.evolve(failure, retry=Retry.UNSAFE, detail=detail)
        return Finding(Verdict.AMBIGUOUS, doubt)
    if effect is Effect.SENDS or verdict in (Verdict.NOT_SENT, Verdict.ACCOUNT):
        return finding
    verdict = Verdict.ACCOUNT if verdict is Verdict.REJECTED else Verdict.NOT_SENT
    return Finding(verdict, attrs.evolve(failure, retry=verdict.retry))


def by_fault(fault: TransportFault, effect: Effect, *, left: bool) -> Finding:
    """Classify a request by how its exchange broke.

    Args:
        fault: What happened.
        effect: The effect of the request.
        left: Whether any byte of a request that changes something may have left.
    """
    verdict = _UNSENT_VERDICTS.get(fault.reason, Verdict.NOT_SENT)
    retry, detail = verdict.retry, fault.detail
    if left:
        verdict = Verdict.AMBIGUOUS
    if left and not effect.is_repeatable:
        retry = verdict.retry
        detail += "; the request may have been carried out: find out before you repeat it"
    return Finding.of(verdict, fault.reason, detail, retry=retry)


def by_broken_contract(detail: str, *, left: bool) -> Finding:
    """Classify a message whose adapter broke its contract."""
    # Not the provider's fault, and another attempt would break the same way.
    fault, retry = Fault.CALLER, Retry.UNSAFE if left else Retry.NEVER
    verdict = Verdict.AMBIGUOUS if left else Verdict.NOT_SENT
    return Finding.of(verdict, Reason.UNKNOWN, detail, fault=fault, retry=retry)


def by_failed_component(detail: str) -> Finding:
    """Classify a message that a journal or a suppression list has kept from leaving by an error.

    The error says nothing about the message, and is the application's to fix. The message is not
    sent again by itself: the component has failed for all messages, mostly.
    """
    fault, retry = Fault.CALLER, Retry.AFTER_FIX
    return Finding.of(Verdict.NOT_SENT, Reason.UNKNOWN, detail, fault=fault, retry=retry)


def with_retry_after(failure: Failure, response: Response, now: datetime) -> Failure:
    """Add the seconds of the answer's `Retry-After` where the adapter has set none."""
    if failure.retry_after is not None:
        return failure
    seconds = parse_retry_after(response.header("Retry-After"), now)
    return failure if seconds is None else attrs.evolve(failure, retry_after=seconds)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Parse a `Retry-After` header: seconds or an HTTP date; `None` where it is neither.

    Every HTTP date is in UTC, also in a form that names no zone (RFC 9110, 5.6.7: asctime).
    """
    if value is None:
        return None
    text = value.strip()
    if _is_seconds(text):
        return min(_MAX_RETRY_AFTER, float(text))
    try:
        at = parsedate_to_datetime(text)
        if at.tzinfo is None and ":" in text:  # without a time of day it is no HTTP date
            at = at.replace(tzinfo=UTC)
        seconds = (at - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(_MAX_RETRY_AFTER, max(0.0, seconds))


def _raw(response: Response) -> object:
    document = response.json()
    return document if document is not None else response.body[:2000].decode(errors="replace")
