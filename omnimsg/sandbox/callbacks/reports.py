"""Send the reports of messages when they are due, and apply faults to all callbacks."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from omnimsg.sandbox.callbacks.courier import ANSWER_SECONDS, Delivery
from omnimsg.sandbox.callbacks.source import CallbackSource
from omnimsg.sandbox.message_records import MessageRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.sandbox.callbacks.addresses import Addresses
    from omnimsg.sandbox.callbacks.courier import Courier
    from omnimsg.sandbox.callbacks.draft import CallbackDraft, PlannedReport
    from omnimsg.sandbox.fault_scripts import Fault, Faults

EARLY_SECONDS: Final = ANSWER_SECONDS + 1
"""The longest that the answer to a send waits for a report that a fault sends before it."""


@attrs.define(eq=False, kw_only=True)
class Watch:
    """A message with reports still to send.

    Attributes:
        begun: Whether the answer to the request that accepted the message has begun.
        sent: How many reports were sent.
    """

    record: MessageRecord
    source: CallbackSource
    begun: bool = False
    sent: int = 0


class Reports:
    """Sends the reports of messages when they are due, and other callbacks at once.

    Args:
        sources: The source of callbacks of each provider, by provider name.
        addresses: The addresses of callbacks.
        courier: Sends callbacks.
        faults: The faults that may hit callbacks.
        clock: Returns epoch seconds.
        max_messages: How many messages may be watched; a further one is not reported.
    """

    def __init__(
        self,
        sources: Mapping[str, CallbackSource],
        *,
        addresses: Addresses,
        courier: Courier,
        faults: Faults,
        clock: Callable[[], float],
        max_messages: int,
    ) -> None:
        self._sources = sources
        self._addresses = addresses
        self._courier = courier
        self._faults = faults
        self._clock = clock
        self._max_messages = max_messages
        self._watched: dict[MessageRecord, Watch] = {}
        self._held: defaultdict[tuple[str, str], list[tuple[Delivery, float]]] = defaultdict(list)
        # A new object after each reset, so that a contradiction planned before it is not sent.
        self._generation = object()

    def clear(self) -> None:
        """Stop reporting all current messages."""
        self._watched.clear()
        self._held.clear()
        self._generation = object()

    def watch(self, records: Sequence[MessageRecord], *, sent: int = 0) -> list[Watch]:
        """Watch messages that were accepted, or whose plan has changed; return their watches.

        Args:
            records: The messages.
            sent: How many reports were sent already, for a message that is no longer watched.
        """
        watches = []
        for record in records:
            is_new = record not in self._watched
            watch = self._watch(record)
            if watch is not None:
                watch.sent = sent if is_new else watch.sent
                watches.append(watch)
        return watches

    def report(self, watches: Sequence[Watch]) -> None:
        """Send the reports of messages, each at its planned time."""
        for watch in watches:
            self._courier.put(partial(self._report, watch), self._clock())

    async def report_early(self, watches: Sequence[Watch]) -> None:
        """Send the first report of messages hit by ``callback_early``; wait for the attempts."""
        early: list[Delivery] = []
        for watch in watches:
            planned = () if watch.begun else watch.source.planned(watch.record)
            watch.begun = True
            if planned and self._faults.hits("callback_early", watch.record.provider) is not None:
                watch.sent, first = 1, planned[0]
                draft = first.build(min(first.at, self._clock()))
                early += self.send(watch.source, draft, faults=("callback_early",))
                self._contradict(watch, first)
        # With a timeout: an application may answer the report only after it has the answer to its
        # send.
        with suppress(TimeoutError):
            async with asyncio.timeout(EARLY_SECONDS):
                for delivery in early:
                    await delivery.tried.wait()

    def send(
        self,
        source: CallbackSource,
        draft: CallbackDraft,
        *,
        has_next: bool = False,
        faults: tuple[str, ...] = (),
    ) -> list[Delivery]:
        """Send a callback now; faults may delay, duplicate, reorder, spoil or drop it.

        Args:
            source: The provider's source.
            draft: The callback.
            has_next: Whether another callback about the same message follows.
            faults: The faults that have hit it already.

        Returns:
            The queued deliveries; none if it is dropped or the provider's callbacks are switched
            off.
        """
        signer, now = source.signer, self._clock()
        url = self._addresses.of(signer, draft.url)
        if url is None:
            return []
        first = Delivery(signer=signer, draft=draft, signed=signer.sign(draft, url, now))
        kinds = list(faults)

        def hits(kind: str) -> Fault | None:
            """Return the fault of a kind that hits the callback, and note the kind."""
            fault = self._faults.hits(kind, signer.provider)
            if fault is not None:
                kinds.append(kind)
            return fault

        before = self._held.pop(first.lane, [])
        sent, due = [first], now
        if hits("callback_lost"):
            self._courier.counts["lost"] += 1
            first.faults = tuple(kinds)
            self._courier.note(first, None)
            sent = []
        else:
            if delay := hits("callback_delay"):
                due += delay.params.get("seconds", 1.0)
            if hits("callback_bad_signature"):
                first.first = signer.spoil(first.signed)
            if hits("callback_duplicate"):
                sent.append(attrs.evolve(first, tried=asyncio.Event()))
        # A held callback is sent after the next one, which is not held too: only two swap places.
        held = bool(has_next and sent and not before and hits("callback_reorder"))
        for each in sent:
            each.faults = tuple(kinds)
            if held:
                self._held[first.lane].append((each, due))
            else:
                self._courier.put(each, due)
        for each, each_due in before:
            self._courier.put(each, max(each_due, now))
        return sent

    def _watch(self, record: MessageRecord) -> Watch | None:
        """Return the watch over a message; None if it is not reported."""
        source = self._sources.get(record.provider)
        known = self._watched.get(record)
        if source is None or known is not None:
            return known
        if self._addresses.of(source.signer) is None:
            return None
        if len(self._watched) >= self._max_messages:
            self._courier.counts["dropped"] += 1
            return None
        self._watched[record] = Watch(record=record, source=source)
        return self._watched[record]

    def _report(self, watch: Watch) -> None:
        """Send the due reports of a message, and schedule the next one."""
        if self._watched.get(watch.record) is not watch:
            return
        planned, now = watch.source.planned(watch.record), self._clock()
        while watch.sent < len(planned) and planned[watch.sent].at <= now:
            report = planned[watch.sent]
            watch.sent += 1
            has_next = watch.sent < len(planned)
            self.send(watch.source, report.build(report.at), has_next=has_next)
            self._contradict(watch, report)
        if watch.sent < len(planned):
            self._courier.put(partial(self._report, watch), planned[watch.sent].at)
        else:
            del self._watched[watch.record]

    def _contradict(self, watch: Watch, report: PlannedReport) -> None:
        """If ``callback_contradict`` hits, schedule a report of the opposite a moment later."""
        at = report.at + self._courier.first_wait
        opposite = watch.source.contradiction(watch.record, report.status, at)
        fault = "callback_contradict"
        if opposite is None or self._faults.hits(fault, watch.record.provider) is None:
            return
        draft, generation = opposite.build(at), self._generation

        def send() -> None:
            if generation is self._generation:
                self.send(watch.source, draft, faults=(fault,))

        self._courier.put(send, at)
