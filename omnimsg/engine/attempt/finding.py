"""`Finding`: what omnimsg concludes about a request, where the provider has said nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from omnimsg.adapter import Verdict, outcome_of
from omnimsg.domain.failure import Failure

if TYPE_CHECKING:
    from omnimsg.domain.outcome import Ambiguous, NotSent, Rejected
    from omnimsg.domain.reason import Fault, Reason, Retry


class Finding(NamedTuple):
    """A conclusion about a request, or about the messages in it.

    Attributes:
        verdict: What is proven.
        failure: What went wrong.
    """

    verdict: Verdict
    failure: Failure

    @classmethod
    def of(  # noqa: PLR0913 - the fields of a failure
        cls,
        verdict: Verdict,
        reason: Reason,
        detail: str,
        *,
        retry: Retry | None = None,
        fault: Fault | None = None,
        path: str | None = None,
        retry_after: float | None = None,
    ) -> Self:
        """Build a finding.

        Args:
            verdict: What is proven.
            reason: The unified reason.
            detail: What happened.
            retry: Whether another attempt helps; `None` is what the verdict allows.
            fault: Who caused it; `None` is the reason's usual fault.
            path: The message's field that caused it, if one did.
            retry_after: Seconds to wait before another attempt, if they are known.
        """
        failure = Failure(
            reason=reason,
            retry=retry or verdict.retry,
            fault=fault or reason.fault,
            detail=detail,
            path=path,
            retry_after=retry_after,
        )
        return cls(verdict, failure)

    def outcome(self, reference: str, account: str) -> Rejected | NotSent | Ambiguous:
        """Return the outcome of a message."""
        return outcome_of(self.verdict, reference, account, self.failure)
