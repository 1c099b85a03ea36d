"""Variants of Toy with wrong requests, wrong refusals or wrong capabilities."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
from support.toy import CAPABILITIES, ToyAdapter

from omnimsg.adapter import (
    Effect,
    Request,
    refused,
)
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Media, Text
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omnimsg.adapter import Context, Flow
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome


RCS = CAPABILITIES.channels[Channel.RCS]


class _WritesBadRequests(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return attrs.evolve(super().request(url, body, effect), method="post", content_type=None)


class _DeclaresOnlyReads(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return super().request(url, body, Effect.READ)


class _DeclaresOnlySends(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return super().request(url, body, Effect.SENDS)


class _ExceedsMaxBytes(ToyAdapter):
    capabilities = attrs.evolve(CAPABILITIES, max_bytes=100)


class _PutsTheKeyIntoTheUrl(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        key = self.account.settings.key.reveal()
        return attrs.evolve(super().request(url, body, effect), url=f"{url}?key={key}")


class _SendsWithoutTheKey(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return attrs.evolve(super().request(url, body, effect), authenticated=False)


class _CallsAFormJson(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        request = super().request(url, body, effect)
        return request if body is None else attrs.evolve(request, body=b"to=1&text=hello")


class _ProtectsOnlyTheReference(ToyAdapter):
    protected = frozenset({"key"})


class _PutsTheKeyIntoAHeader(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return attrs.evolve(super().request(url, body, effect), headers=self.authorization())


class _SendsTheKeyToAnotherHost(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return attrs.evolve(super().request(url, body, effect), url=f"https://other.example{url}")


class _AuthorizesWithTwoLines(ToyAdapter):
    def authorization(self) -> Mapping[str, str]:
        return {"Authorization": "Toy toy-s3cret\r\nX-Other: 1"}


class _SendsTheTime(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        return {**super().encode(message, context), "at": datetime.now(UTC)}


class _ReadsAMonotonicClock(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        time.monotonic()
        return super().encode(message, context)


class _KeepsTheBatchInTheAdapter(ToyAdapter):
    current: Sequence[Message] = ()

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        self.current = messages
        found = yield from super().send(messages, context)
        return found if self.current is messages else [None] * len(found)


class _CountsInTheAdapter(ToyAdapter):
    count = 0

    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        self.count += 1
        return {**super().encode(message, context), "count": self.count}


class _SendsTheFullTtl(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        return {**super().encode(message, context), "ttl": message.ttl}


class _IgnoresExtras(ToyAdapter):
    def extras_of(self, message: Message) -> Mapping[str, Any]:
        return {}


class _ChecksNothing(ToyAdapter):
    def check(self, message: Message) -> Failure | None:
        return None


class _NamesTheWrongPath(ToyAdapter):
    def check(self, message: Message) -> Failure | None:
        failure = super().check(message)
        return failure and attrs.evolve(failure, path="message")


class _RaisesUnlessText(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        return {**super().encode(message, context), "kind": {"text": 1}[message.content.kind]}


class _DeclaresOtpAndRefusesIt(ToyAdapter):
    capabilities = attrs.evolve(
        CAPABILITIES,
        channels={Channel.RCS: attrs.evolve(RCS, content=RCS.content | {"otp"})},
        default_channel=Channel.RCS,
    )

    def check(self, message: Message) -> Failure | None:
        if message.content.kind == "otp":
            return refused(Reason.UNSUPPORTED_CONTENT, "content", "is not for Toy after all")
        return super().check(message)


class _TakesAnyRecipient(ToyAdapter):
    def check(self, message: Message) -> Failure | None:
        failure = super().check(message)
        return None if failure is not None and failure.path == "to" else failure


class _DeclaresTagsAndRefusesThem(ToyAdapter):
    def check(self, message: Message) -> Failure | None:
        if message.tags:
            return refused(Reason.UNSUPPORTED, "tags", "are not for Toy after all")
        return super().check(message)


class _DropsTags(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        return {**super().encode(message, context), "tags": []}


class _DropsTheSecondFile(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        if isinstance(message.content, Media):
            first = attrs.evolve(message.content, items=message.content.items[:1])
            message = attrs.evolve(message, content=first)
        return super().encode(message, context)


class _DropsPreviewUrl(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        text = super().encode(message, context)
        text["content"].pop("preview_url", None)
        return text


class _DropsTheTtlOfALeg(ToyAdapter):
    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        text = super().encode(message, context)
        for leg in text["fallback"]:
            leg.pop("ttl", None)
        return text


class _RefusesSevens(ToyAdapter):
    """Refuses texts with a 7, and declares that its checks do not depend on the text."""

    checks_by_shape = True

    def check(self, message: Message) -> Failure | None:
        if isinstance(message.content, Text) and "7" in message.content.text:
            return refused(Reason.INVALID_MESSAGE, "content.text", "must not hold a 7")
        return super().check(message)

    def plain_text_limits(self) -> Mapping[Channel | None, int]:
        return self.capability_text_limits()


class _RefusesShortTexts(ToyAdapter):
    """Refuses very short texts, although longer ones pass."""

    checks_by_shape = True

    def check(self, message: Message) -> Failure | None:
        if isinstance(message.content, Text) and len(message.content.text) < 2:
            return refused(Reason.INVALID_MESSAGE, "content.text", "is too short")
        return super().check(message)


BROKEN: list[tuple[type[ToyAdapter], str]] = [
    (_WritesBadRequests, "test_requests_are_well_formed"),
    (_CallsAFormJson, "test_requests_are_well_formed"),
    (_SendsWithoutTheKey, "test_requests_carry_the_credentials"),
    (_ProtectsOnlyTheReference, "test_protected_names_the_recipient_and_the_reference"),
    (_DeclaresOnlyReads, "test_send_has_effect_sends"),
    (_ExceedsMaxBytes, "test_requests_are_within_max_bytes"),
    (_PutsTheKeyIntoTheUrl, "test_requests_hold_no_credentials"),
    (_PutsTheKeyIntoAHeader, "test_requests_hold_no_credentials"),
    (_SendsTheKeyToAnotherHost, "test_credentials_go_only_to_declared_hosts"),
    (_AuthorizesWithTwoLines, "test_authorization_headers_are_single_lines"),
    (_SendsTheTime, "test_requests_are_deterministic"),
    (_SendsTheTime, "test_flows_read_no_outside_state"),
    (_ReadsAMonotonicClock, "test_flows_read_no_outside_state"),
    (_KeepsTheBatchInTheAdapter, "test_interleaved_flows_are_independent"),
    (_CountsInTheAdapter, "test_flows_do_not_change_the_adapter"),
    (_CountsInTheAdapter, "test_requests_are_deterministic"),
    (_SendsTheFullTtl, "test_the_remaining_ttl_is_sent"),
    (_IgnoresExtras, "test_extras_reach_the_provider"),
    *(
        (adapter, check)
        for adapter in (_ChecksNothing, _NamesTheWrongPath)
        for check in (
            "test_protected_extras_are_refused",
            "test_unsupported_channels_are_refused",
            "test_unsupported_recipients_are_refused",
            "test_unsupported_fields_are_refused",
            "test_unsupported_content_is_refused",
            "test_unsupported_actions_are_refused",
            "test_too_long_text_is_refused",
            "test_unsupported_media_are_refused",
            "test_media_of_another_account_are_refused",
        )
    ),
    (_RaisesUnlessText, "test_checked_messages_can_be_sent"),
    (_DeclaresOtpAndRefusesIt, "test_every_declared_feature_is_accepted"),
    (_DropsTags, "test_every_declared_field_is_sent"),
    (_TakesAnyRecipient, "test_unsupported_recipients_are_refused"),
    (_DeclaresTagsAndRefusesThem, "test_every_declared_field_is_sent"),
    (_DropsTheSecondFile, "test_no_content_field_is_dropped"),
    (_DropsPreviewUrl, "test_no_content_field_is_dropped"),
    (_DropsTheTtlOfALeg, "test_no_fallback_field_is_dropped"),
    (_RefusesSevens, "test_plain_texts_within_the_stated_limits_pass"),
    (_RefusesSevens, "test_texts_of_one_shape_have_one_verdict"),
    (_RefusesShortTexts, "test_texts_of_one_shape_have_one_verdict"),
    (_DeclaresOnlySends, "test_operations_declare_their_effect"),
    (_DeclaresOnlyReads, "test_operations_declare_their_effect"),
]
