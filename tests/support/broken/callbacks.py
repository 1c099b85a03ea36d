"""Variants of Toy that trust, lose or misread callbacks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import attrs
import orjson
from support.toy import ToyAdapter
from support.toy.callbacks import HEADER

from omnimsg.adapter import Authenticity
from omnimsg.adapter.inbound import unparsed
from omnimsg.adapter.signatures import is_hex_hmac
from omnimsg.domain.events import InboundMessage, StatusEvent
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.status import Status, Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Callback, Context
    from omnimsg.domain.events import Event


class _RefusesTheNewestKey(ToyAdapter):
    def verify(self, callback: Callback, context: Context) -> Authenticity:
        settings = attrs.evolve(
            self.account.settings, callback_keys=self.account.settings.callback_keys[:1]
        )
        older = type(self)(attrs.evolve(self.account, settings=settings))
        return ToyAdapter.verify(older, callback, context)


class _TrustsAnySignature(ToyAdapter):
    def verify(self, callback: Callback, context: Context) -> Authenticity:
        found = super().verify(callback, context)
        if found is Authenticity.WRONG_SIGNATURE and callback.body:
            return Authenticity.GENUINE
        return found


class _SignsTheStrippedBody(ToyAdapter):
    def verify(self, callback: Callback, context: Context) -> Authenticity:
        return super().verify(attrs.evolve(callback, body=callback.body.strip()), context)


class _TrustsACutSignature(ToyAdapter):
    def verify(self, callback: Callback, context: Context) -> Authenticity:
        given = callback.header(HEADER) or b""
        digits = (f"{last:x}".encode() for last in range(16))
        wholes = [[(HEADER.encode(), given + each)] for each in digits]
        found = [attrs.evolve(callback, headers=each) for each in wholes]
        if any(ToyAdapter.verify(self, each, context) is Authenticity.GENUINE for each in found):
            return Authenticity.GENUINE
        return super().verify(callback, context)


class _TrustsEverybodyWithoutAKey(ToyAdapter):
    def verify(self, callback: Callback, context: Context) -> Authenticity:
        found = super().verify(callback, context)
        return Authenticity.GENUINE if found is Authenticity.NO_SECRET else found


class _SignsWithAnEmptyKey(ToyAdapter):
    def verify(self, callback: Callback, context: Context) -> Authenticity:
        keys = [each.reveal().encode() for each in self.account.settings.callback_keys]
        given = callback.header(HEADER)
        if not keys:
            return Authenticity.NO_SECRET
        if not given:
            return Authenticity.UNSIGNED
        is_genuine = is_hex_hmac(given, keys, callback.body)
        return Authenticity.GENUINE if is_genuine else Authenticity.WRONG_SIGNATURE


class _CallsAMissingKeyAWrongSignature(ToyAdapter):
    def verify(self, callback: Callback, context: Context) -> Authenticity:
        found = super().verify(callback, context)
        return Authenticity.WRONG_SIGNATURE if found is Authenticity.NO_SECRET else found


class _NeverHasAProblem(ToyAdapter):
    def callback_problem(self) -> str | None:
        return None


class _AlwaysHasAProblem(ToyAdapter):
    def callback_problem(self) -> str | None:
        return "needs another key"


class _CallsAnEmptyKeyNoProblem(ToyAdapter):
    def callback_problem(self) -> str | None:
        return None if self.account.settings.callback_keys else "needs `callback_keys`"


class _FailsOnStrangeSignatures(ToyAdapter):
    def verify(self, callback: Callback, context: Context) -> Authenticity:
        (callback.header("toy-signature") or b"").decode("ascii")
        return super().verify(callback, context)


class _ReadsNoTexts(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        if b"words" in callback.body:
            return [unparsed(self.provider, context, callback, "unknown")]
        return super().parse(callback, context)


class _DropsRaw(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        return [attrs.evolve(each, raw=None) for each in super().parse(callback, context)]


class _KeysTellTheArrival(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        events = super().parse(callback, context)
        return [attrs.evolve(each, key=f"{each.key}{context.now}") for each in events]


class _OneKeyForAll(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        return [attrs.evolve(each, key="key") for each in super().parse(callback, context)]


class _ReportsEverythingSeen(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        return [
            attrs.evolve(each, leg=attrs.evolve(each.leg, timeline=self.seen(each)))
            if isinstance(each, StatusEvent)
            else each
            for each in super().parse(callback, context)
        ]

    def seen(self, event: StatusEvent) -> Timeline:
        return Timeline.of(self.statuses.evidence("seen"), event.at)


class _ReportsUnknownStatusesAsSeen(_ReportsEverythingSeen):
    def seen(self, event: StatusEvent) -> Timeline:
        return super().seen(event) if event.status is Status.UNKNOWN else event.leg.timeline


class _ReportsNoReasons(_ReportsEverythingSeen):
    def seen(self, event: StatusEvent) -> Timeline:
        ((evidence, at),) = event.leg.timeline.entries.items()
        return Timeline.of(attrs.evolve(evidence, reason=None), at)


class _ReportsTheArrival(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        events = super().parse(callback, context)
        return [attrs.evolve(each, at=each.at.replace(year=2000)) for each in events]


class _HasOneKeyForAMessage(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        return [
            attrs.evolve(each, key=str(each.message_id)) if isinstance(each, StatusEvent) else each
            for each in super().parse(callback, context)
        ]


class _GivesEventsOfAnotherAccount(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        return [attrs.evolve(each, account="other") for each in super().parse(callback, context)]


class _ReportsNobody(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        return [
            attrs.evolve(each, message_id=None) if isinstance(each, StatusEvent) else each
            for each in super().parse(callback, context)
        ]


class _ReportsForAnotherAccount(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        return [
            attrs.evolve(each, message_id=MessageId.of("other", "1"))
            if isinstance(each, StatusEvent)
            else each
            for each in super().parse(callback, context)
        ]


class _PromisesReferences(ToyAdapter):
    capabilities = attrs.evolve(ToyAdapter.capabilities, carries_reference=True)


class _ReadsAClockInVerify(ToyAdapter):
    def verify(self, callback: Callback, context: Context) -> Authenticity:
        time.monotonic()
        return super().verify(callback, context)


class _KeepsTheCallbackInTheAdapter(ToyAdapter):
    latest = b""

    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        self.latest = callback.body
        return super().parse(callback, context)


class _FailsOnBrokenCallbacks(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        orjson.loads(callback.body)["at"]
        return super().parse(callback, context)


class _LosesUnknownCallbacks(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        events = super().parse(callback, context)
        return [each for each in events if each.kind != "unparsed"]


class _ShowsTexts(ToyAdapter):
    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        return [
            attrs.evolve(each, key=f"{each.key} {each.text}")
            if isinstance(each, InboundMessage)
            else each
            for each in super().parse(callback, context)
        ]


BROKEN: list[tuple[type[ToyAdapter], str]] = [
    (_RefusesTheNewestKey, "test_callbacks_are_genuine"),
    (_AlwaysHasAProblem, "test_callbacks_are_genuine"),
    (_TrustsAnySignature, "test_forged_callbacks_are_refused"),
    (_SignsTheStrippedBody, "test_forged_callbacks_are_refused"),
    (_TrustsACutSignature, "test_forged_callbacks_are_refused"),
    (_FailsOnStrangeSignatures, "test_forged_callbacks_are_refused"),
    (_TrustsEverybodyWithoutAKey, "test_nothing_is_genuine_without_a_secret"),
    (_SignsWithAnEmptyKey, "test_nothing_is_genuine_without_a_secret"),
    (_CallsAMissingKeyAWrongSignature, "test_nothing_is_genuine_without_a_secret"),
    (_NeverHasAProblem, "test_nothing_is_genuine_without_a_secret"),
    (_CallsAnEmptyKeyNoProblem, "test_nothing_is_genuine_without_a_secret"),
    (_ReadsNoTexts, "test_callbacks_give_events"),
    (_DropsRaw, "test_callbacks_give_events"),
    (_GivesEventsOfAnotherAccount, "test_callbacks_give_events"),
    (_KeysTellTheArrival, "test_keys_are_stable_and_distinct"),
    (_OneKeyForAll, "test_keys_are_stable_and_distinct"),
    (_ReportsEverythingSeen, "test_reports_follow_the_status_table"),
    (_ReportsUnknownStatusesAsSeen, "test_reports_follow_the_status_table"),
    (_ReportsNoReasons, "test_reports_follow_the_status_table"),
    (_ReportsTheArrival, "test_reports_follow_the_status_table"),
    (_HasOneKeyForAMessage, "test_keys_are_stable_and_distinct"),
    (_ReportsNobody, "test_reports_name_their_message"),
    (_ReportsForAnotherAccount, "test_reports_name_their_message"),
    (_PromisesReferences, "test_reports_name_their_message"),
    (_ReadsAClockInVerify, "test_flows_read_no_outside_state"),
    (_KeepsTheCallbackInTheAdapter, "test_flows_do_not_change_the_adapter"),
    (_FailsOnBrokenCallbacks, "test_parse_survives_broken_callbacks"),
    (_LosesUnknownCallbacks, "test_parse_survives_broken_callbacks"),
    (_ShowsTexts, "test_events_show_no_private_data"),
]
