"""Variants of Toy with wrong operations, or that expose private data."""

from __future__ import annotations

import logging
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import attrs
from support.toy import ToyAdapter

from omnimsg.adapter import (
    Absent,
    Adapter,
    Effect,
    Operation,
)
from omnimsg.domain.errors import Unsupported
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import Balance
from omnimsg.domain.media import Stored
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import MessageStatus, Status, Timeline

if TYPE_CHECKING:
    from datetime import datetime

    from omnimsg.adapter import Context, Flow, Response, Source
    from omnimsg.adapter.interface import Answered
    from omnimsg.domain.history import HistoryQuery, Page, PastMessage
    from omnimsg.domain.media import Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome


class _ReportsEverythingDelivered(ToyAdapter):
    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        found = yield from super().status(provider_id, context)
        return self.as_delivered(found, context) if isinstance(found, MessageStatus) else found

    def as_delivered(self, found: MessageStatus, context: Context) -> MessageStatus:
        evidence = self.statuses.evidence("there")
        leg = found.legs[0]
        timeline = Timeline.of(evidence, context.now)
        return attrs.evolve(found, legs=(attrs.evolve(leg, timeline=timeline),))


class _LosesReasons(ToyAdapter):
    lost: ClassVar[dict[str, Any]] = {"reason": None}

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        found = yield from super().status(provider_id, context)
        if not isinstance(found, MessageStatus):
            return found
        (leg,) = found.legs
        ((evidence, at),) = leg.timeline.entries.items()
        timeline = Timeline.of(attrs.evolve(evidence, **self.lost), at)
        return attrs.evolve(found, legs=(attrs.evolve(leg, timeline=timeline),))


class _LosesFaults(_LosesReasons):
    lost: ClassVar[dict[str, Any]] = {"fault": None}


class _LosesNamesOfStatuses(_LosesReasons):
    lost: ClassVar[dict[str, Any]] = {"provider_status": ""}


class _CallsEveryStatusSent(_LosesReasons):
    lost: ClassVar[dict[str, Any]] = {"status": Status.SENT}


class _ReportsAnotherId(ToyAdapter):
    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        return (yield from super().status("another", context))


class _FailsOnUnknownIds(ToyAdapter):
    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        found = yield from super().status(provider_id, context)
        if isinstance(found, MessageStatus) and found.reason is Reason.NOT_FOUND:
            return Failure(reason=Reason.NOT_FOUND, retry=Retry.NEVER)
        return found


class _CallsEveryErrorNotFound(ToyAdapter):
    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        found = yield from super().status(provider_id, context)
        if isinstance(found, MessageStatus):
            return found
        return MessageStatus.not_found(MessageId.of(context.account, provider_id), context.now)


class _IgnoresExtrasOfHistory(ToyAdapter):
    def history(
        self, query: HistoryQuery, page: str | None, context: Context
    ) -> Flow[Answered[Page[PastMessage]]]:
        return (yield from super().history(attrs.evolve(query, extras={}), page, context))


class _ReadsAClockInStatus(ToyAdapter):
    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        time.monotonic()
        return (yield from super().status(provider_id, context))


class _KeepsTheIdInTheAdapter(ToyAdapter):
    latest = ""

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        self.latest = provider_id
        return (yield from super().status(provider_id, context))


class _FindsTheLastItem(ToyAdapter):
    def find(
        self, message: Message, since: datetime, context: Context
    ) -> Flow[Answered[Accepted | Absent]]:
        response = yield self.request("/texts")
        item = response.json()["items"][-1]
        return Accepted(
            reference=message.reference, account=context.account, provider_id=item["id"], raw=item
        )


class _FindsNothing(ToyAdapter):
    def find(
        self, message: Message, since: datetime, context: Context
    ) -> Flow[Answered[Accepted | Absent]]:
        yield self.request("/texts")
        return Absent()


class _NeverCancels(ToyAdapter):
    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        yield from super().cancel(provider_id, context)
        return False


class _CancelsByStatus(ToyAdapter):
    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        url = f"/texts/{quote(provider_id, safe='')}/cancel"
        response = yield self.request(url, {}, Effect.ONCE)
        return True if response.status == 200 else None


class _StoresForAnotherAccount(ToyAdapter):
    def upload(self, upload: Upload, source: Source, context: Context) -> Flow[Answered[Stored]]:
        found = yield from super().upload(upload, source, context)
        return attrs.evolve(found, account="other") if isinstance(found, Stored) else found


class _ChecksNoBalance(ToyAdapter):
    def balance(self, context: Context) -> Flow[Answered[Balance]]:
        response = yield self.request("/balance")
        document = response.json()
        return Balance(amount=Decimal(document["left"]), raw=document)


class _PagesForever(ToyAdapter):
    def history(
        self, query: HistoryQuery, page: str | None, context: Context
    ) -> Flow[Answered[Page[PastMessage]]]:
        return (yield from super().history(query, "1", context))


class _RaisesUnsupportedWithoutNames(ToyAdapter):
    balance = Adapter.balance

    def lacks(self, operation: Operation) -> Unsupported:
        return Unsupported("no")


class _ShowsTheKeyInItsRepr(ToyAdapter):
    def __repr__(self) -> str:
        return f"ToyAdapter({self.account.settings.key.reveal()})"


class _LogsTheKey(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        logging.getLogger("toy").debug("as %s", self.authorization())
        return super().encode(message, context)


class _LogsTheNumber(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        logging.getLogger("toy").info("to %s", message.to)
        return super().encode(message, context)


class _PutsTheNumberIntoThePath(ToyAdapter):
    def failed(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        outcome = super().failed(reference, fault, level, response)
        if outcome is None or isinstance(outcome, Accepted):
            return outcome
        return attrs.evolve(
            outcome, failure=attrs.evolve(outcome.failure, path=outcome.failure.detail)
        )


class _QuotesTheMessageInCheck(ToyAdapter):
    def check(self, message: Message) -> Failure | None:
        failure = super().check(message)
        return failure and attrs.evolve(failure, detail=f"{message.to} {message.content}")


BROKEN: list[tuple[type[ToyAdapter], str]] = [
    (_ReportsEverythingDelivered, "test_status_reads_every_documented_status"),
    (_ReportsAnotherId, "test_status_reads_every_documented_status"),
    (_LosesReasons, "test_status_reads_every_documented_status"),
    (_LosesReasons, "test_status_of_an_unknown_id_is_not_found"),
    (_LosesFaults, "test_status_reads_every_documented_status"),
    (_LosesNamesOfStatuses, "test_status_reads_every_documented_status"),
    (_LosesNamesOfStatuses, "test_status_keeps_an_unknown_provider_status"),
    (_CallsEveryStatusSent, "test_status_keeps_an_unknown_provider_status"),
    (_CallsEveryStatusSent, "test_status_of_an_unknown_id_is_not_found"),
    (_ReportsEverythingDelivered, "test_status_keeps_an_unknown_provider_status"),
    (_ReportsEverythingDelivered, "test_status_of_an_unknown_id_is_not_found"),
    (_FailsOnUnknownIds, "test_status_of_an_unknown_id_is_not_found"),
    (_CallsEveryErrorNotFound, "test_status_is_not_found_only_by_the_word_of_the_provider"),
    (_IgnoresExtrasOfHistory, "test_history_sends_extras"),
    (_ReadsAClockInStatus, "test_flows_read_no_outside_state"),
    (_KeepsTheIdInTheAdapter, "test_flows_do_not_change_the_adapter"),
    (_FindsNothing, "test_find_accepts_a_listed_message"),
    (_FindsTheLastItem, "test_find_reports_an_unlisted_message_as_absent"),
    (_FindsTheLastItem, "test_find_accepts_no_other_message"),
    (_FindsNothing, "test_find_reports_no_absence_from_an_unreadable_list"),
    (_NeverCancels, "test_operations_return_their_result"),
    (_CancelsByStatus, "test_cancel_says_yes_to_no_refusal"),
    (_StoresForAnotherAccount, "test_operations_return_their_result"),
    (_ChecksNoBalance, "test_operations_survive_broken_answers"),
    (_PagesForever, "test_pages_end"),
    (_RaisesUnsupportedWithoutNames, "test_undeclared_operations_raise_unsupported"),
    (_ShowsTheKeyInItsRepr, "test_no_secret_is_shown"),
    (_LogsTheKey, "test_no_secret_is_shown"),
    (_LogsTheNumber, "test_no_number_or_text_is_shown"),
    (_PutsTheNumberIntoThePath, "test_no_number_or_text_is_shown"),
    (_QuotesTheMessageInCheck, "test_check_failures_show_no_private_data"),
]
