"""Variations of Toy that send, read answers or keep tables wrongly."""

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


class _DropsAnEntry(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        return super().outcomes(messages, response)[:-1]


class _SortsWrongly(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        return super().outcomes(messages, response)[::-1]


class _AcceptsEverything(ToyAdapter):
    def refused(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        return Accepted(reference=reference, account="toy", provider_id="any", raw=fault)


class _JoinsByPosition(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        document = response.json()
        results = document.get("results", []) if isinstance(document, dict) else []
        return [
            self.outcome(message.reference, result, response)
            for message, result in zip(messages, results, strict=False)
        ] + [None] * (len(messages) - len(results))


class _JoinsByRecipient(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        found = dict(
            zip((each.to for each in messages), super().outcomes(messages, response), strict=True)
        )
        return [
            outcome and attrs.evolve(outcome, reference=each.reference)
            for each in messages
            for outcome in [found[each.to]]
        ]


class _GuessesOnMissing(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        found = super().outcomes(messages, response)
        guess = next((each for each in found if each is not None), None)
        return [
            each or (guess and attrs.evolve(guess, reference=message.reference))
            for message, each in zip(messages, found, strict=True)
        ]


class _RejectsTheMissing(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        failure = Failure(reason=Reason.UNKNOWN, retry=Retry.NEVER, http_status=response.status)
        rejected = Rejected(reference=reference, account="toy", failure=failure)
        return super().outcome(reference, result, response) or rejected


class _HasNoId(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        outcome = super().outcome(reference, result, response)
        return attrs.evolve(outcome, provider_id=None) if isinstance(outcome, Accepted) else outcome


class _LosesTheWords(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        outcome = super().outcome(reference, result, response)
        return attrs.evolve(outcome, raw=None) if isinstance(outcome, Accepted) else outcome


class _KeepsAnObject(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        outcome = super().outcome(reference, result, response)
        return attrs.evolve(outcome, raw=object()) if isinstance(outcome, Accepted) else outcome


class _BelievesTheStatus(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        if response.json() is None and response.status == 200:
            return [
                Accepted(reference=each.reference, account="toy", provider_id="some")
                for each in messages
            ]
        return super().outcomes(messages, response)


class _DemandsJson(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        orjson.loads(response.body)
        return super().outcomes(messages, response)


class _TrustsTypes(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        if "id" in result:
            return Accepted(
                reference=reference, account="toy", provider_id=result["id"], raw=result
            )
        return super().outcome(reference, result, response)


class _MindsStrangers(ToyAdapter):
    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        known = not set(result) - {"key", "id", "fault"}
        return super().outcome(reference, result, response) if known else None


class _ReadsRetryAfter(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        float(response.header("Retry-After") or 0)
        return super().outcomes(messages, response)


class _HasOddRows(ToyAdapter):
    codes = CodeTable(
        (
            *CODES,
            CodeRow(
                "odd",
                "message",
                Reason.UNKNOWN,
                Verdict.AMBIGUOUS,
                description="odd",
                source="somewhere",
                retry=Retry.SAFE,
            ),
        )
    )


class _HasRowsOfNoLevel(ToyAdapter):
    codes = CodeTable(
        (
            *CODES,
            CodeRow(
                "odd", "nowhere", Reason.UNKNOWN, Verdict.REJECTED, description="odd", source="x"
            ),
        )
    )


class _FailsForNoReason(ToyAdapter):
    statuses = StatusTable(
        (*STATUSES, StatusRow("lost", Status.FAILED, description="?", source="x"))
    )


class _RejectsWhateverTheCode(ToyAdapter):
    def refused(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        outcome = super().refused(reference, fault, level, response)
        if outcome is None or isinstance(outcome, Accepted):
            return outcome
        return Rejected(reference=reference, account="toy", failure=outcome.failure)


class _BlamesTheFirst(ToyAdapter):
    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        found = super().outcomes(messages, response)
        document = response.json()
        if isinstance(document, dict) and "fault" in document:
            return [found[0], *[None] * (len(found) - 1)]
        return found


class _RaisesOnUnknownCodes(ToyAdapter):
    def refused(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        if self.table.get(fault.get("code"), level) is None:
            raise KeyError(fault.get("code"))
        return super().refused(reference, fault, level, response)


class _IgnoresTheUsersCodes(ToyAdapter):
    def __init__(self, account: Account[ToySettings]) -> None:
        super().__init__(account)
        self.table = self.codes


class _SaysNothing(ToyAdapter):
    def refused(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        outcome = super().refused(reference, fault, level, response)
        if outcome is None or isinstance(outcome, Accepted):
            return outcome
        return attrs.evolve(outcome, failure=attrs.evolve(outcome.failure, detail=""))


BROKEN: list[tuple[type[ToyAdapter], str]] = [
    (_DropsAnEntry, "test_send_gives_one_outcome_per_message_in_the_order_given"),
    (_SortsWrongly, "test_send_gives_one_outcome_per_message_in_the_order_given"),
    (_AcceptsEverything, "test_send_tells_accepted_messages_from_refused_ones"),
    (_JoinsByPosition, "test_send_joins_answers_that_come_in_another_order"),
    (_JoinsByPosition, "test_send_never_guesses_about_a_message_that_was_left_out"),
    (_GuessesOnMissing, "test_send_never_guesses_about_a_message_that_was_left_out"),
    (_RejectsTheMissing, "test_send_never_guesses_about_a_message_that_was_left_out"),
    (_JoinsByRecipient, "test_send_keeps_messages_to_one_recipient_apart"),
    (_HasNoId, "test_send_gives_accepted_messages_an_id_to_ask_by"),
    (_LosesTheWords, "test_send_keeps_the_providers_own_words"),
    (_KeepsAnObject, "test_send_gives_outcomes_that_can_be_written_down"),
    (_BelievesTheStatus, "test_send_reads_nothing_into_an_answer_that_is_cut_off"),
    (_BelievesTheStatus, "test_send_reads_nothing_into_an_answer_that_makes_no_sense"),
    (_DemandsJson, "test_send_reads_nothing_into_an_answer_that_is_cut_off"),
    (_DemandsJson, "test_send_reads_nothing_into_an_answer_that_makes_no_sense"),
    (_RejectsTheMissing, "test_send_reads_nothing_into_an_answer_that_makes_no_sense"),
    (_TrustsTypes, "test_send_survives_every_wrong_type_in_every_place"),
    (_MindsStrangers, "test_send_does_not_mind_unknown_members"),
    (_ReadsRetryAfter, "test_send_survives_odd_header_lines"),
    (_HasOddRows, "test_codes_are_whole_rows"),
    (_HasRowsOfNoLevel, "test_codes_are_whole_rows"),
    (_FailsForNoReason, "test_statuses_are_whole_rows"),
    (
        _RejectsWhateverTheCode,
        "test_every_documented_refusal_of_a_message_means_what_its_row_says",
    ),
    (_BlamesTheFirst, "test_every_documented_refusal_of_a_request_means_what_its_row_says"),
    (_RaisesOnUnknownCodes, "test_unknown_codes_are_no_error_and_no_yes"),
    (_AcceptsEverything, "test_unknown_codes_are_no_error_and_no_yes"),
    (_IgnoresTheUsersCodes, "test_the_users_changes_to_the_codes_are_obeyed"),
    (_SaysNothing, "test_a_refusal_says_why_in_words"),
]
