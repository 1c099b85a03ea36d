"""Variations of Toy with wrong requests, or whose capabilities say what is not so."""

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


class _HidesThatItSends(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return super().request(url, body, Effect.READ)


class _ClaimsToSend(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return super().request(url, body, Effect.SENDS)


class _ForgetsItsLimit(ToyAdapter):
    capabilities = attrs.evolve(CAPABILITIES, max_bytes=100)


class _LeaksTheKeyInTheUrl(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        key = self.account.settings.key.reveal()
        return attrs.evolve(super().request(url, body, effect), url=f"{url}?key={key}")


class _LeaksTheKeyInAHeader(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return attrs.evolve(super().request(url, body, effect), headers=self.authorization())


class _SendsTheKeyElsewhere(ToyAdapter):
    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        return attrs.evolve(super().request(url, body, effect), url=f"https://other.example{url}")


class _SmugglesALine(ToyAdapter):
    def authorization(self) -> Mapping[str, str]:
        return {"Authorization": "Toy toy-s3cret\r\nX-Other: 1"}


class _UsesTheClock(ToyAdapter):
    def text_of(self, message: Message, context: Context) -> dict[str, Any]:
        return {**super().text_of(message, context), "at": datetime.now(UTC)}


class _UsesAnotherClock(ToyAdapter):
    def text_of(self, message: Message, context: Context) -> dict[str, Any]:
        time.monotonic()
        return super().text_of(message, context)


class _MixesFlowsUp(ToyAdapter):
    current: Sequence[Message] = ()

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        self.current = messages
        found = yield from super().send(messages, context)
        return found if self.current is messages else [None] * len(found)


class _Counts(ToyAdapter):
    count = 0

    def text_of(self, message: Message, context: Context) -> dict[str, Any]:
        self.count += 1
        return {**super().text_of(message, context), "count": self.count}


class _IgnoresTheWait(ToyAdapter):
    def text_of(self, message: Message, context: Context) -> dict[str, Any]:
        return {**super().text_of(message, context), "ttl": message.ttl}


class _IgnoresExtras(ToyAdapter):
    def extras_of(self, message: Message) -> Mapping[str, Any]:
        return {}


class _ProtectsNothing(ToyAdapter):
    def check(self, message: Message) -> Failure | None:
        return None


class _ChecksNothing(ToyAdapter):
    def check(self, message: Message) -> Failure | None:
        return None


class _BlamesTheWrongField(ToyAdapter):
    def check(self, message: Message) -> Failure | None:
        failure = super().check(message)
        return failure and attrs.evolve(failure, path="message")


class _CannotSayMedia(ToyAdapter):
    def text_of(self, message: Message, context: Context) -> dict[str, Any]:
        return {**super().text_of(message, context), "kind": {"text": 1}[message.content.kind]}


class _PromisesTooMuch(ToyAdapter):
    capabilities = attrs.evolve(
        CAPABILITIES,
        channels={Channel.RCS: attrs.evolve(RCS, content=RCS.content | {"otp"})},
        default_channel=Channel.RCS,
    )

    def check(self, message: Message) -> Failure | None:
        if message.content.kind == "otp":
            return refused(Reason.UNSUPPORTED_CONTENT, "content", "is not for Toy after all")
        return super().check(message)


class _DropsAField(ToyAdapter):
    def text_of(self, message: Message, context: Context) -> dict[str, Any]:
        return {**super().text_of(message, context), "tags": []}


class _DropsAnOption(ToyAdapter):
    def text_of(self, message: Message, context: Context) -> dict[str, Any]:
        text = super().text_of(message, context)
        text["content"].pop("preview_url", None)
        return text


class _DropsALegsTime(ToyAdapter):
    def text_of(self, message: Message, context: Context) -> dict[str, Any]:
        text = super().text_of(message, context)
        for leg in text["fallback"]:
            leg.pop("ttl", None)
        return text


BROKEN: list[tuple[type[ToyAdapter], str]] = [
    (_WritesBadRequests, "test_requests_are_well_formed"),
    (_HidesThatItSends, "test_sending_is_declared_as_sending"),
    (_ForgetsItsLimit, "test_requests_are_within_the_limit_of_bytes"),
    (_LeaksTheKeyInTheUrl, "test_credentials_stand_in_no_request"),
    (_LeaksTheKeyInAHeader, "test_credentials_stand_in_no_request"),
    (_SendsTheKeyElsewhere, "test_credentials_go_to_declared_hosts"),
    (_SmugglesALine, "test_authorization_is_plain_header_lines"),
    (_UsesTheClock, "test_requests_are_the_same_for_the_same_message"),
    (_UsesTheClock, "test_flows_take_nothing_from_outside"),
    (_UsesAnotherClock, "test_flows_take_nothing_from_outside"),
    (_MixesFlowsUp, "test_flows_side_by_side_do_not_touch_each_other"),
    (_Counts, "test_flows_change_nothing_in_the_adapter"),
    (_Counts, "test_requests_are_the_same_for_the_same_message"),
    (_IgnoresTheWait, "test_the_ttl_that_is_left_is_sent"),
    (_IgnoresExtras, "test_extras_reach_the_provider"),
    (_ProtectsNothing, "test_extras_decide_neither_recipient_nor_matching"),
    *(
        (adapter, check)
        for adapter in (_ChecksNothing, _BlamesTheWrongField)
        for check in (
            "test_other_channels_are_refused",
            "test_other_recipients_are_refused",
            "test_fields_that_cannot_be_said_are_refused",
            "test_content_that_cannot_be_said_is_refused",
            "test_actions_that_cannot_be_said_are_refused",
            "test_text_that_is_too_long_is_refused",
            "test_media_that_cannot_be_carried_are_refused",
            "test_media_of_another_account_are_refused",
        )
    ),
    (_CannotSayMedia, "test_what_passes_the_check_can_be_sent"),
    (_PromisesTooMuch, "test_everything_the_capabilities_name_can_be_said"),
    (_DropsAField, "test_every_field_the_capabilities_name_is_sent"),
    (_DropsAnOption, "test_nothing_that_is_said_is_dropped"),
    (_DropsALegsTime, "test_nothing_of_a_reserve_is_dropped"),
    (_ClaimsToSend, "test_operations_say_what_they_do"),
    (_HidesThatItSends, "test_operations_say_what_they_do"),
]
