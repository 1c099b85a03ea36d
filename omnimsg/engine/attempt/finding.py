"""`Finding`: what omnimsg concludes about a request, where the provider has said nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from omnimsg.adapter import outcome_of

if TYPE_CHECKING:
    from omnimsg.adapter import Verdict
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.outcome import Ambiguous, NotSent, Rejected


class Finding(NamedTuple):
    """A conclusion about a request, or about the messages in it.

    Attributes:
        verdict: What is proven.
        failure: What went wrong.
    """

    verdict: Verdict
    failure: Failure

    def outcome(self, reference: str, account: str) -> Rejected | NotSent | Ambiguous:
        """Return the outcome of a message."""
        return outcome_of(self.verdict, reference, account, self.failure)
