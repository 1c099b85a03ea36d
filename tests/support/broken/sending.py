"""Variants of Toy with wrong outcomes, wrong decoding or wrong tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import orjson
from support.toy import CODES, STATUSES, ToyAdapter, ToySettings

from omnimsg.adapter import (
    Account,
    CodeRow,
    CodeTable,
    StatusRow,
    StatusTable,
    Verdict,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Response
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome


class _DropsTheLastOutcome(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        return super().outcomes(messages, response)[:-1]


class _ReversesTheOutcomes(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        return super().outcomes(messages, response)[::-1]


class _AcceptsEverything(ToyAdapter):
    def failed(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        return Accepted(reference=reference, account="toy", provider_id="any", raw=fault)


class _MatchesByIndex(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        document = response.json()
        results = document.get("results", []) if isinstance(document, dict) else []
        return [
            self.outcome(message.reference, result, response)
            for message, result in zip(messages, results, strict=False)
        ] + [None] * (len(messages) - len(results))


class _MatchesByRecipient(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        found = dict(
            zip((each.to for each in messages), super().outcomes(messages, response), strict=True)
        )
        return [
            outcome and attrs.evolve(outcome, reference=each.reference)
            for each in messages
            for outcome in [found[each.to]]
        ]


class _GivesMissingTheFirstOutcome(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        found = super().outcomes(messages, response)
        guess = next((each for each in found if each is not None), None)
        return [
            each or (guess and attrs.evolve(guess, reference=message.reference))
            for message, each in zip(messages, found, strict=True)
        ]


class _RejectsMissing(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        failure = Failure(reason=Reason.UNKNOWN, retry=Retry.NEVER, http_status=response.status)
        rejected = Rejected(reference=reference, account="toy", failure=failure)
        return super().outcome(reference, result, response) or rejected


class _LosesTheId(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        outcome = super().outcome(reference, result, response)
        return attrs.evolve(outcome, provider_id=None) if isinstance(outcome, Accepted) else outcome


class _LosesRaw(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        outcome = super().outcome(reference, result, response)
        return attrs.evolve(outcome, raw=None) if isinstance(outcome, Accepted) else outcome


class _PutsAnObjectIntoRaw(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        outcome = super().outcome(reference, result, response)
        return attrs.evolve(outcome, raw=object()) if isinstance(outcome, Accepted) else outcome


class _AcceptsOnHttp200(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        if response.json() is None and response.status == 200:
            return [
                Accepted(reference=each.reference, account="toy", provider_id="some")
                for each in messages
            ]
        return super().outcomes(messages, response)


class _RequiresJson(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        orjson.loads(response.body)
        return super().outcomes(messages, response)


class _ChecksNoTypes(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        if "id" in result:
            return Accepted(
                reference=reference, account="toy", provider_id=result["id"], raw=result
            )
        return super().outcome(reference, result, response)


class _DropsEntriesWithUnknownMembers(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        known = not set(result) - {"key", "id", "fault"}
        return super().outcome(reference, result, response) if known else None


class _ParsesRetryAfterUnchecked(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        float(response.header("Retry-After") or 0)
        return super().outcomes(messages, response)


class _HasARowWithAWrongRetry(ToyAdapter):
    codes = CodeTable(
        (
            *CODES,
            CodeRow(
                "odd",
                "message",
                Reason.UNKNOWN,
                Verdict.NOT_SENT,
                description="odd",
                source="somewhere",
                retry=Retry.UNSAFE,
            ),
        )
    )


class _HasARowOfAnUnknownLevel(ToyAdapter):
    codes = CodeTable(
        (
            *CODES,
            CodeRow(
                "odd", "nowhere", Reason.UNKNOWN, Verdict.REJECTED, description="odd", source="x"
            ),
        )
    )


class _HasAFailedStatusWithoutReason(ToyAdapter):
    statuses = StatusTable(
        (*STATUSES, StatusRow("gone", Status.FAILED, description="?", source="x"))
    )


class _RejectsEveryCode(ToyAdapter):
    def failed(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        outcome = super().failed(reference, fault, level, response)
        if outcome is None or isinstance(outcome, Accepted):
            return outcome
        return Rejected(reference=reference, account="toy", failure=outcome.failure)


class _RefusesOnlyTheFirst(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        found = super().outcomes(messages, response)
        document = response.json()
        if isinstance(document, dict) and "fault" in document:
            return [found[0], *[None] * (len(found) - 1)]
        return found


class _RaisesOnUnknownCodes(ToyAdapter):
    def failed(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        if self.table.get(fault.get("code"), level) is None:
            raise KeyError(fault.get("code"))
        return super().failed(reference, fault, level, response)


class _KeepsQuietOfUnknownCodes(ToyAdapter):
    def failed(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        outcome = super().failed(reference, fault, level, response)
        if outcome is None or isinstance(outcome, Accepted):
            return outcome
        return attrs.evolve(outcome, failure=attrs.evolve(outcome.failure, unknown_code=None))


class _IgnoresCodeOverrides(ToyAdapter):
    def __init__(self, account: Account[ToySettings]) -> None:
        super().__init__(account)
        self.table = self.codes


class _LosesTheDetail(ToyAdapter):
    def failed(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        outcome = super().failed(reference, fault, level, response)
        if outcome is None or isinstance(outcome, Accepted):
            return outcome
        return attrs.evolve(outcome, failure=attrs.evolve(outcome.failure, detail=""))


BROKEN: list[tuple[type[ToyAdapter], str]] = [
    (_DropsTheLastOutcome, "test_send_gives_one_outcome_per_message_in_the_order_given"),
    (_ReversesTheOutcomes, "test_send_gives_one_outcome_per_message_in_the_order_given"),
    (_AcceptsEverything, "test_send_distinguishes_accepted_from_refused_messages"),
    (_MatchesByIndex, "test_send_matches_entries_in_any_order"),
    (_MatchesByIndex, "test_send_gives_no_outcome_without_an_entry"),
    (_GivesMissingTheFirstOutcome, "test_send_gives_no_outcome_without_an_entry"),
    (_RejectsMissing, "test_send_gives_no_outcome_without_an_entry"),
    (_MatchesByRecipient, "test_send_keeps_messages_to_the_same_recipient_apart"),
    (_LosesTheId, "test_send_gives_accepted_messages_a_usable_id"),
    (_LosesRaw, "test_send_keeps_the_raw_entry_and_the_http_status"),
    (_PutsAnObjectIntoRaw, "test_send_gives_outcomes_that_survive_json"),
    (_AcceptsOnHttp200, "test_send_draws_no_verdict_from_a_truncated_answer"),
    (_AcceptsOnHttp200, "test_send_draws_no_verdict_from_a_senseless_answer"),
    (_RequiresJson, "test_send_draws_no_verdict_from_a_truncated_answer"),
    (_RequiresJson, "test_send_draws_no_verdict_from_a_senseless_answer"),
    (_RejectsMissing, "test_send_draws_no_verdict_from_a_senseless_answer"),
    (_ChecksNoTypes, "test_send_survives_wrong_types_anywhere"),
    (_DropsEntriesWithUnknownMembers, "test_send_ignores_unknown_members"),
    (_ParsesRetryAfterUnchecked, "test_send_survives_odd_headers"),
    (_HasARowWithAWrongRetry, "test_code_rows_are_complete"),
    (_HasARowOfAnUnknownLevel, "test_code_rows_are_complete"),
    (_HasAFailedStatusWithoutReason, "test_status_rows_are_complete"),
    (
        _RejectsEveryCode,
        "test_message_refusals_follow_their_rows",
    ),
    (_RefusesOnlyTheFirst, "test_request_refusals_follow_their_rows"),
    (_RaisesOnUnknownCodes, "test_unknown_codes_neither_raise_nor_accept"),
    (_KeepsQuietOfUnknownCodes, "test_unknown_codes_neither_raise_nor_accept"),
    (_AcceptsEverything, "test_unknown_codes_neither_raise_nor_accept"),
    (_IgnoresCodeOverrides, "test_code_overrides_are_applied"),
    (_LosesTheDetail, "test_refusals_have_a_detail"),
]
