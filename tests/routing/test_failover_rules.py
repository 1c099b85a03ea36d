"""The rules of failover: after which outcomes another account, channel or attempt may be tried."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg import Accepted, Ambiguous, Fault, NotSent, Outcome, Reason, Rejected, Retry
from omnimsg.domain.failure import Failure
from omnimsg.routing.failover_rules import (
    is_doubt,
    may_come_back,
    may_fall_back,
    may_follow,
    may_move,
)


def failed(kind: type[Any], reason: Reason, **more: Any) -> Outcome:
    """Build an outcome with this reason."""
    retry = {Rejected: Retry.NEVER, Ambiguous: Retry.UNSAFE}.get(kind, Retry.SAFE)
    given = {"retry": retry, "code": "1", "http_status": 400, **more}
    failure = Failure(reason=reason, **given)
    outcome: Outcome = kind(reference="r0", account="a", failure=failure)
    return outcome


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (failed(NotSent, Reason.RATE_LIMITED), True),
        (failed(NotSent, Reason.INSUFFICIENT_FUNDS), True),
        (failed(NotSent, Reason.UNSUPPORTED, code=None, http_status=None), True),
        (failed(NotSent, Reason.CONNECTION_FAILED, code=None, http_status=None), True),
        (failed(Rejected, Reason.SENDER_NOT_ALLOWED), True),
        (failed(Rejected, Reason.UNROUTABLE), True),
        (failed(Rejected, Reason.QUOTA_EXCEEDED), True),
        (failed(Rejected, Reason.INVALID_RECIPIENT), False),
        (failed(Rejected, Reason.CONTENT_NOT_ALLOWED), False),
        (failed(Rejected, Reason.INVALID_MESSAGE), False),
        (failed(Rejected, Reason.RECIPIENT_LIMIT), False),
        (failed(NotSent, Reason.OPTED_OUT), False),
        (failed(NotSent, Reason.SUPPRESSED), False),
        (failed(NotSent, Reason.MARKETING_OPTED_OUT), False),
        (failed(Rejected, Reason.OPTED_OUT, fault=Fault.ACCOUNT), False),
        (failed(NotSent, Reason.CANCELLED), False),
        (failed(NotSent, Reason.DEADLINE_EXCEEDED), False),
        (failed(NotSent, Reason.EXPIRED), False),
        (failed(NotSent, Reason.MISCONFIGURED, code=None), False),
        (failed(NotSent, Reason.RATE_LIMITED, code=None, http_status=429), False),
        (failed(NotSent, Reason.UNKNOWN, unknown_code="77"), False),
        (failed(NotSent, Reason.UNKNOWN), True),
        (failed(NotSent, Reason.RATE_LIMITED, unknown_code="77"), True),
        (failed(Ambiguous, Reason.TIMEOUT), False),
        (Accepted(reference="r0", account="a", provider_id="1"), False),
    ],
)
def test_what_may_move(outcome: Outcome, expected: bool) -> None:
    """A message may move if it is proven unsent, or refused for a reason of the account."""
    assert expected is may_move(outcome)


OURS: dict[str, Any] = {"code": None, "http_status": None}


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (failed(Rejected, Reason.INVALID_RECIPIENT), True),
        (failed(Rejected, Reason.CONTENT_NOT_ALLOWED), True),
        (failed(NotSent, Reason.RATE_LIMITED), True),
        (failed(NotSent, Reason.DEADLINE_EXCEEDED, path="ttl", **OURS), True),
        (failed(NotSent, Reason.DEADLINE_EXCEEDED, **OURS), False),
        (failed(NotSent, Reason.INVALID_MESSAGE, path="ttl", **OURS), False),
        (failed(NotSent, Reason.CANCELLED, **OURS), False),
        (failed(Rejected, Reason.EXPIRED), False),
        (failed(Rejected, Reason.INVALID_MESSAGE), False),
        (failed(Rejected, Reason.OPTED_OUT), False),
        (failed(NotSent, Reason.SUPPRESSED, **OURS), False),
        (failed(Rejected, Reason.MARKETING_OPTED_OUT), False),
        (failed(Rejected, Reason.UNKNOWN, unknown_code="77"), False),
        (failed(NotSent, Reason.MISCONFIGURED, code=None), False),
        (failed(Ambiguous, Reason.TIMEOUT), False),
        (Accepted(reference="r0", account="a", provider_id="1"), False),
    ],
)
def test_what_may_fall_back(outcome: Outcome, expected: bool) -> None:
    """Another channel may be tried if no provider has the message, and no person is protected."""
    assert expected is may_fall_back(outcome)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (None, True),
        (Reason.EXPIRED, True),
        (Reason.RECIPIENT_UNREACHABLE, True),
        (Reason.OPTED_OUT, False),
        (Reason.SUPPRESSED, False),
        (Reason.MARKETING_OPTED_OUT, False),
        (Reason.CANCELLED, False),
    ],
)
def test_what_may_follow(reason: Reason | None, expected: bool) -> None:
    """After a leg has failed, the next one goes, except after an opt-out or a cancellation."""
    assert expected is may_follow(reason)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (failed(Ambiguous, Reason.TIMEOUT), True),
        (failed(Ambiguous, Reason.CANCELLED), False),
        (failed(NotSent, Reason.TIMEOUT), False),
        (Accepted(reference="r0", account="a", provider_id="1"), False),
    ],
)
def test_what_is_a_doubt(outcome: Outcome, expected: bool) -> None:
    """A message in doubt is sent once more only while its caller waits."""
    assert expected is is_doubt(outcome)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (failed(NotSent, Reason.RATE_LIMITED), True),
        (failed(NotSent, Reason.CANCELLED), False),
        (failed(NotSent, Reason.INSUFFICIENT_FUNDS, retry=Retry.AFTER_FIX), False),
        (failed(Rejected, Reason.UNROUTABLE), False),
    ],
)
def test_what_may_come_back(outcome: Outcome, expected: bool) -> None:
    """Of the accounts that were tried, one is asked again if the message may be sent as it is."""
    assert expected is may_come_back(outcome)
