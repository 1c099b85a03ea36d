"""Turn what happens to messages and phones into callbacks, with the faults that hit them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from omnimsg.sandbox.callbacks.courier import ANSWER_SECONDS, Delivery
from omnimsg.sandbox.callbacks.source import CallbackSource
from omnimsg.sandbox.fault_scripts import Faults
from omnimsg.sandbox.message_records import MessageRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.sandbox.callbacks.addresses import Addresses
    from omnimsg.sandbox.callbacks.courier import Courier
    from omnimsg.sandbox.callbacks.draft import CallbackDraft, PlannedReport
    from omnimsg.sandbox.fault_scripts import Fault

EARLY_SECONDS: Final = ANSWER_SECONDS + 1
"""How long the answer to a send waits for a report that comes before it."""


@attrs.define(eq=False, kw_only=True)
class Watch:
    """A message whose reports are not all sent.

    Attributes:
        begun: Whether the request that accepted the message is answered, or about to be.
        sent: How many reports were sent.
    """

    record: MessageRecord
    source: CallbackSource
    begun: bool = False
    sent: int = 0


class Reports:
    """Sends the reports of messages when they are due, and other callbacks at once.

    Args:
        sources: What each provider says, by its name.
        addresses: Where it goes.
        courier: Sends it.
        faults: What happens to it on the way.
        clock: Returns epoch seconds.
        max_messages: How many messages are watched.
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
        # Another object after each reset: what was planned before it is not sent after it.
        self._generation = object()

    def clear(self) -> None:
        """Report nothing more of the messages until now."""
        self._watched.clear()
        self._held.clear()
        self._generation = object()

    def watch(self, records: Sequence[MessageRecord], *, sent: int = 0) -> list[Watch]:
        """Return the watches over messages that were accepted, or whose plan has changed.

        Args:
            records: The messages.
            sent: How many reports of each were sent, if it is not watched any more.
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
        """Report messages, now and at the times that are planned."""
        for watch in watches:
            self._courier.put(partial(self._report, watch), self._clock())

    async def report_early(self, watches: Sequence[Watch]) -> None:
        """Send the first report of messages that the fault ``callback_early`` hits, and wait."""
        early: list[Delivery] = []
        for watch in watches:
            planned = () if watch.begun else watch.source.planned(watch.record)
            watch.begun = True
            if planned and self._faults.hits("callback_early", watch.record.provider) is not None:
                watch.sent, first = 1, planned[0]
                draft = first.build(min(first.at, self._clock()))
                early += self.send(watch.source, draft, faults=("callback_early",))
                self._contradict(watch, first)
        # An application that waits for the answer to its send must not stop everything.
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
        """Send a callback now, unless a fault has it otherwise.

        Args:
            source: The provider's.
            draft: The callback.
            has_next: Whether another callback about the same message follows.
            faults: What has hit it already.

        Returns:
            What is on its way: nothing if the provider's callbacks are switched off.
        """
        signer, now = source.signer, self._clock()
        url = self._addresses.of(signer, draft.url)
        if url is None:
            return []
        first = Delivery(signer=signer, draft=draft, signed=signer.sign(draft, url, now))
        hits = _Hits(self._faults, signer.provider, list(faults))
        before = self._held.pop(first.lane, [])
        sent, due = [first], now
        if hits("callback_lost"):
            self._courier.counts["lost"] += 1
            first.faults = tuple(hits.kinds)
            self._courier.note(first, None)
            sent = []
        else:
            if delay := hits("callback_delay"):
                due += delay.params.get("seconds", 1.0)
            if hits("callback_bad_signature"):
                first.first = signer.spoil(first.signed)
            if hits("callback_duplicate"):
                sent.append(attrs.evolve(first, tried=asyncio.Event()))
        # What goes after another one has its new place: two change places, and no more.
        held = bool(has_next and sent and not before and hits("callback_reorder"))
        for each in sent:
            each.faults = tuple(hits.kinds)
            if held:
                self._held[first.lane].append((each, due))
            else:
                self._courier.put(each, due)
        for each, each_due in before:
            self._courier.put(each, max(each_due, now))
        return sent

    def _watch(self, record: MessageRecord) -> Watch | None:
        """Return the watch over a message; None if nothing is to be reported of it."""
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
        """Send what is due of a message, and come back for the rest."""
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
        """Let the provider say the opposite a moment later, if a fault has it so."""
        at = report.at + self._courier.unit
        opposite = watch.source.contradiction(watch.record, report.status, at)
        fault = "callback_contradict"
        if opposite is None or self._faults.hits(fault, watch.record.provider) is None:
            return
        draft, generation = opposite.build(at), self._generation

        def send() -> None:
            if generation is self._generation:
                self.send(watch.source, draft, faults=(fault,))

        self._courier.put(send, at)


@attrs.frozen
class _Hits:
    """The faults that hit one callback: of each kind one at most."""

    faults: Faults
    provider: str
    kinds: list[str]

    def __call__(self, kind: str) -> Fault | None:
        fault = self.faults.hits(kind, self.provider)
        if fault is not None:
            self.kinds.append(kind)
        return fault
