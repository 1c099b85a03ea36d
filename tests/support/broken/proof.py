"""Variants of Toy whose outcomes claim more than the answer proves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from support.toy import ToyAdapter, TwoStepToyAdapter
from support.toy.base import as_list, as_object

from omnimsg.adapter import Effect, Request, Response, Verdict, outcome_of
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Rejected
from omnimsg.domain.reason import Reason, Retry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Context, Flow
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Ambiguous, NotSent, Outcome


def claim(
    verdict: Verdict, reference: str, retry: Retry | None = None
) -> Rejected | NotSent | Ambiguous:
    """Build an outcome; a `retry` that contradicts it is set past the outcome's validation."""
    failure = Failure(reason=Reason.PROVIDER_ERROR, retry=verdict.retry)
    outcome = outcome_of(verdict, reference, "toy", failure)
    if retry is not None:
        object.__setattr__(failure, "retry", retry)
    return outcome


class ClaimsByStatus(ToyAdapter):
    """Claims an outcome for some HTTP statuses without a JSON body."""

    at: frozenset[int]
    verdict: Verdict
    retry: Retry | None = None

    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        """Claim the outcome at those statuses."""
        found = super().outcomes(messages, response)
        if response.status not in self.at or response.json() is not None:
            return found
        return [claim(self.verdict, each.reference, self.retry) for each in messages]


class _CallsALoadBalancerUnsent(ClaimsByStatus):
    at = frozenset({460, 499})
    verdict = Verdict.NOT_SENT


class _CallsATimeoutUnsent(ClaimsByStatus):
    at = frozenset({408})
    verdict = Verdict.NOT_SENT


class _CallsAnAnswerToAPostAWrongAddress(ClaimsByStatus):
    at = frozenset({302, 303, 304})
    verdict = Verdict.ACCOUNT


class _CallsAReplayUnsent(ClaimsByStatus):
    at = frozenset({425})
    verdict = Verdict.NOT_SENT


class _CallsAnInterimAnswerUnsent(ClaimsByStatus):
    at = frozenset({101, 103})
    verdict = Verdict.NOT_SENT


class _RetriesAnAmbiguousMessage(ClaimsByStatus):
    at = frozenset({429})
    verdict = Verdict.AMBIGUOUS
    retry = Retry.SAFE


class _NeverRetriesAnAmbiguousMessage(ClaimsByStatus):
    at = frozenset({503})
    verdict = Verdict.AMBIGUOUS
    retry = Retry.NEVER


class _RejectsByStatus(ClaimsByStatus):
    at = frozenset({400, 422})
    verdict = Verdict.REJECTED


class _ReadsUnknownCodesAnywhere(ToyAdapter):
    """Gives unknown codes one verdict, whatever the HTTP status."""

    verdict = Verdict.REJECTED
    retry: Retry | None = None

    def failed(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        code = fault.get("code")
        if not isinstance(code, str) or self.table.get(code, level) is not None:
            return super().failed(reference, fault, level, response)
        outcome = claim(self.verdict, reference, self.retry)
        failure = attrs.evolve(
            outcome.failure,
            code=code,
            unknown_code=code,
            raw=fault,
            http_status=response.status,
        )
        object.__setattr__(outcome, "failure", failure)
        return outcome


class _CallsUnknownCodesUnsent(_ReadsUnknownCodesAnywhere):
    verdict = Verdict.NOT_SENT


class _RetriesARejectedMessage(ToyAdapter):
    def failed(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        outcome = super().failed(reference, fault, level, response)
        if isinstance(outcome, Rejected) and self.table.get(fault.get("code"), level) is None:
            object.__setattr__(outcome.failure, "retry", Retry.SAFE)
        return outcome


class _IgnoresTheRecipientOfAResult(ToyAdapter):
    def result_of(self, message: Message, results: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return results.get(message.reference, {})


class _BelievesTheOnlyResult(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        results = as_list(as_object(response.json()).get("results"))
        if len(messages) == len(results) == 1:
            return [self.outcome(messages[0].reference, as_object(results[0]), response)]
        return super().outcomes(messages, response)


class _RepeatsARedirectedSend(ToyAdapter):
    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        body = {"texts": [self.encode(each, context) for each in messages]}
        response = yield self.request("/texts", body, Effect.SENDS)
        if response.status in (302, 303) and response.header("Location"):
            response = yield self.request("/elsewhere/texts", body, Effect.SENDS)
        return self.outcomes(messages, response)


class _SendsWithTheToken(TwoStepToyAdapter):
    def token_request(self) -> Request:
        return self.request("/token", {}, Effect.SENDS)


class _RejectsWithoutAToken(TwoStepToyAdapter):
    def without_token(
        self, messages: Sequence[Message], response: Response
    ) -> Sequence[Outcome | None]:
        return [claim(Verdict.REJECTED, each.reference) for each in messages]


class _DoubtsWithoutAToken(TwoStepToyAdapter):
    def without_token(
        self, messages: Sequence[Message], response: Response
    ) -> Sequence[Outcome | None]:
        return [claim(Verdict.AMBIGUOUS, each.reference) for each in messages]


class _BelievesALaterRefusal(TwoStepToyAdapter):
    def after_send(self, outcome: Outcome | None) -> Outcome | None:
        return outcome


class _JudgesByTheLastStatus(TwoStepToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        found = super().outcomes(messages, response)
        if response.status not in (404, 429):
            return found
        return [claim(Verdict.NOT_SENT, each.reference) for each in messages]

    def after_send(self, outcome: Outcome | None) -> Outcome | None:
        return outcome


class _DropsTagsBehindTheToken(TwoStepToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        return {**super().encode(message, context), "tags": []}


_STATUS = "test_send_draws_no_verdict_from_an_inconclusive_status"
_UNKNOWN = "test_unknown_codes_prove_nothing_with_an_inconclusive_status"
_RETRIES = "test_outcomes_and_retries_agree"
_ANOTHER = "test_send_accepts_no_message_by_an_answer_that_names_another"
_BEFORE = "test_an_answer_before_the_send_is_no_verdict_on_a_message"
_AFTER = "test_no_answer_after_the_send_makes_a_message_unsent"

BROKEN: list[tuple[type[ToyAdapter], str]] = [
    (_CallsALoadBalancerUnsent, _STATUS),
    (_CallsATimeoutUnsent, _STATUS),
    (_CallsAnAnswerToAPostAWrongAddress, _STATUS),
    (_CallsAReplayUnsent, _STATUS),
    (_CallsAnInterimAnswerUnsent, _STATUS),
    (_ReadsUnknownCodesAnywhere, _UNKNOWN),
    (_CallsUnknownCodesUnsent, _UNKNOWN),
    (_RetriesAnAmbiguousMessage, _RETRIES),
    (_NeverRetriesAnAmbiguousMessage, _RETRIES),
    (_RetriesARejectedMessage, _RETRIES),
    (_RejectsByStatus, "test_send_draws_no_verdict_from_a_senseless_answer"),
    (_IgnoresTheRecipientOfAResult, _ANOTHER),
    (_BelievesTheOnlyResult, _ANOTHER),
    (_RepeatsARedirectedSend, "test_a_redirected_send_is_not_repeated"),
    (_RejectsWithoutAToken, _BEFORE),
    (_DoubtsWithoutAToken, _BEFORE),
    (_BelievesALaterRefusal, _AFTER),
    (_JudgesByTheLastStatus, _AFTER),
    (_DropsTagsBehindTheToken, "test_every_declared_field_is_sent"),
]

# With a wrong effect the suite takes the wrong request for the one that sends: several checks fail.
SEVERAL: list[tuple[type[ToyAdapter], str]] = [
    (_SendsWithTheToken, "test_no_request_before_the_message_has_effect_sends"),
]
