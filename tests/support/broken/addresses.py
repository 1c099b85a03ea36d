"""Variants of Toy with wrong requests, hosts or reading of replies in operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import attrs
from support.toy import ToyAdapter

from omnimsg.adapter import Answer, Effect, Request
from omnimsg.domain.history import Direction, HistoryQuery
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.status import LegStatus, MessageStatus, Timeline

if TYPE_CHECKING:
    from datetime import datetime

    from omnimsg.adapter import Absent, Context, Flow
    from omnimsg.adapter.interface import Answered
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.history import Balance, PastMessage
    from omnimsg.domain.media import MediaInfo, Stored
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Accepted

T = TypeVar("T")

_TURNED = {
    Direction.OUTGOING: Direction.INCOMING,
    Direction.INCOMING: Direction.OUTGOING,
    None: None,
}


def altered(flow: Flow[T], *, status: int | None = None, **changes: Any) -> Flow[T]:
    """Run a flow of one request, with its request or its response's status changed."""
    response = yield attrs.evolve(next(flow), **changes)
    try:
        flow.send(response if status is None else attrs.evolve(response, status=status))
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("the flow has several requests")


class _DownloadsWithTheKey(ToyAdapter):
    def download(self, stored: Stored, context: Context) -> Flow[Answered[bool]]:
        response = yield self.request(f"/files/{quote(stored.id or '', safe='')}/data")
        url = response.header("location")
        if response.status != 302 or url is None or not url.startswith("https://"):
            return None
        response = yield Request("GET", url, headers=self.authorization(), answer=Answer.SINK)
        return True if response.status == 200 else None


class _FollowsUnencrypted(ToyAdapter):
    def balance(self, context: Context) -> Flow[Answered[Balance]]:
        response = yield self.request("/balance")
        url = response.header("location") or ""
        if response.status == 307 and urlsplit(url).netloc in self.hosts:
            yield Request("GET", url, authenticated=True)
        return (yield from super().balance(context))


class _FollowsEverywhere(ToyAdapter):
    def balance(self, context: Context) -> Flow[Answered[Balance]]:
        response = yield self.request("/balance")
        url = response.header("location")
        if response.status == 308 and url:
            yield Request("GET", urljoin(self.base_url, url), authenticated=True)
        return (yield from super().balance(context))


class _QuotesNoId(ToyAdapter):
    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        flow = super().status(provider_id, context)
        return (yield from altered(flow, url=f"/texts/{provider_id}"))


class _KeepsSlashesOfIds(ToyAdapter):
    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        flow = super().cancel(provider_id, context)
        return (yield from altered(flow, url=f"/texts/{quote(provider_id)}/cancel"))


class _KeepsEscapesOfIds(ToyAdapter):
    def media_info(self, stored: Stored, context: Context) -> Flow[Answered[MediaInfo]]:
        flow = super().media_info(stored, context)
        return (yield from altered(flow, url=f"/files/{quote(stored.id or '', safe='%')}"))


class _CutsReferences(ToyAdapter):
    def find(
        self, message: Message, since: datetime, context: Context
    ) -> Flow[Answered[Accepted | Absent]]:
        flow = super().find(message, since, context)
        key = message.reference.partition("?")[0]
        return (yield from altered(flow, query=(("key", key),)))


class _CancelsRepeatably(ToyAdapter):
    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        flow = super().cancel(provider_id, context)
        return (yield from altered(flow, effect=Effect.REPEATABLE))


class _CancelsAtAnyStatus(ToyAdapter):
    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        flow = super().cancel(provider_id, context)
        return (yield from altered(flow, status=200))


class _CancelsByStatusAlone(ToyAdapter):
    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        flow = super().cancel(provider_id, context)
        response = yield next(flow)
        flow.close()
        return True if response.status == 200 else None


class _SwapsSides(ToyAdapter):
    def filters(self, query: HistoryQuery) -> tuple[tuple[str, str], ...] | Failure:
        return super().filters(attrs.evolve(query, to=query.sender, sender=query.to))


class _SwapsTimes(ToyAdapter):
    def filters(self, query: HistoryQuery) -> tuple[tuple[str, str], ...] | Failure:
        return super().filters(attrs.evolve(query, since=query.until, until=query.since))


class _SwapsDirectionsOfTheFilter(ToyAdapter):
    def filters(self, query: HistoryQuery) -> tuple[tuple[str, str], ...] | Failure:
        return super().filters(attrs.evolve(query, direction=_TURNED[query.direction]))


class _DropsAFilter(ToyAdapter):
    def filters(self, query: HistoryQuery) -> tuple[tuple[str, str], ...] | Failure:
        return super().filters(attrs.evolve(query, status=None))


class _SwapsDirections(ToyAdapter):
    def past_message(self, item: dict[str, Any], context: Context) -> PastMessage:
        message = super().past_message(item, context)
        return attrs.evolve(message, direction=_TURNED[message.direction])


class _SwapsSidesOfAMessage(ToyAdapter):
    def past_message(self, item: dict[str, Any], context: Context) -> PastMessage:
        message = super().past_message(item, context)
        to = () if message.sender is None else (message.sender,)
        return attrs.evolve(message, to=to, sender=next(iter(message.to), None))


class _IgnoresTheCodeOfAStatus(ToyAdapter):
    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        found = yield from super().status(provider_id, context)
        if not isinstance(found, MessageStatus) or found.raw.get("why") is None:
            return found
        evidence = self.statuses.evidence(found.raw["state"], code="off")
        leg = LegStatus(timeline=Timeline.of(evidence, context.now), provider_id=provider_id)
        return MessageStatus(
            id=MessageId.of(context.account, provider_id), legs=(leg,), raw=found.raw
        )


_CREDENTIALS = "test_redirects_carry_no_credentials_to_a_stranger"
_YES = "test_cancel_says_yes_to_no_refusal"
_FILTERS = "test_history_sends_every_filter"
_LISTED = "test_history_reads_each_message_as_listed"

BROKEN: list[tuple[type[ToyAdapter], str]] = [
    (_DownloadsWithTheKey, _CREDENTIALS),
    (_FollowsUnencrypted, _CREDENTIALS),
    (_FollowsEverywhere, _CREDENTIALS),
    (_QuotesNoId, "test_ids_are_quoted"),
    (_KeepsSlashesOfIds, "test_ids_are_quoted"),
    (_KeepsEscapesOfIds, "test_ids_are_quoted"),
    (_CutsReferences, "test_ids_are_quoted"),
    (_CancelsRepeatably, "test_cancel_is_not_repeatable"),
    (_CancelsAtAnyStatus, _YES),
    (_CancelsByStatusAlone, _YES),
    (_SwapsSides, _FILTERS),
    (_SwapsTimes, _FILTERS),
    (_SwapsDirectionsOfTheFilter, _FILTERS),
    (_DropsAFilter, _FILTERS),
    (_SwapsDirections, _LISTED),
    (_SwapsSidesOfAMessage, _LISTED),
    (_IgnoresTheCodeOfAStatus, "test_status_takes_the_reason_from_the_code"),
]
