"""`Finding`: what omnimsg concludes about a request, where the provider has said nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from omnimsg.adapter import Verdict, outcome_of
from omnimsg.domain.failure import Failure

if TYPE_CHECKING:
    from omnimsg.domain.outcome import Ambiguous, NotSent, Rejected
    from omnimsg.domain.reason import Reason


class Finding(NamedTuple):
    """A conclusion about a request, or about the messages in it.

    Attributes:
        verdict: What is proven.
        failure: What went wrong.
    """

    verdict: Verdict
    failure: Failure

    @classmethod
    def of(cls, verdict: Verdict, reason: Reason, detail: str, **others: Any) -> Self:  # noqa: ANN401
        """Build a finding.

        Args:
            verdict: What is proven.
            reason: The unified reason.
            detail: What happened.
            others: Other fields of the failure; its `retry` is that of the verdict unless given.
        """
        fields = {"retry": verdict.retry, **others}
        return cls(verdict, Failure(reason=reason, detail=detail, **fields))

    def outcome(self, reference: str, account: str) -> Rejected | NotSent | Ambiguous:
        """Return the outcome of a message."""
        return outcome_of(self.verdict, reference, account, self.failure)
