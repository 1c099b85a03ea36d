"""`Callbacks`: the public interface to a sandbox's callbacks, their addresses and attempts."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from omnimsg.sandbox.callbacks.addresses import AddressError, Addresses, masked_url
from omnimsg.sandbox.callbacks.courier import Courier
from omnimsg.sandbox.callbacks.reports import Reports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from omnimsg.sandbox.callbacks.courier import Carrier
    from omnimsg.sandbox.callbacks.draft import CallbackDraft, PlannedReport
    from omnimsg.sandbox.callbacks.source import CallbackSource
    from omnimsg.sandbox.fault_scripts import Faults
    from omnimsg.sandbox.message_records import MessageRecord
    from omnimsg.sandbox.state import SandboxState

_COUNTS = ("attempts", "taken", "given_up", "lost", "dropped")


class Callbacks:
    """Sends callbacks as the providers do: reports of messages, and messages of phones.

    Nothing is sent until there is an address. All methods except ``flush`` are thread-safe.

    Args:
        sources: The source of callbacks of each provider that has any, by provider name.
        state: Clock, pace and limits.
        faults: The faults that may hit callbacks.
    """

    def __init__(
        self, sources: Mapping[str, CallbackSource], *, state: SandboxState, faults: Faults
    ) -> None:
        self._sources = sources
        self._clock = state.clock
        self._addresses = Addresses()
        self._courier = Courier(
            state.clock,
            pace=state.pace,
            capacity=state.limits.callbacks,
            log_size=state.limits.requests,
        )
        self._reports = Reports(
            sources,
            addresses=self._addresses,
            courier=self._courier,
            faults=faults,
            clock=state.clock,
            max_messages=state.limits.messages,
        )

    @property
    def is_on(self) -> bool:
        """Whether an address is set."""
        return bool(self._addresses)

    @property
    def addresses(self) -> dict[str, str | None]:
        """The addresses, masked, by provider name; ``url`` is the base."""
        return self._addresses.as_json()

    @property
    def latest(self) -> list[dict[str, Any]]:
        """The latest attempts, oldest first.

        Each has the time, the provider, the kind, the id of the message, the number of the attempt,
        the HTTP status or the error, and the faults that hit the callback.
        """
        return list(self._courier.log)

    @property
    def counts(self) -> dict[str, int]:
        """How many callbacks wait, how many attempts there were, and how callbacks ended."""
        counts = self._courier.counts
        return {"waiting": self._courier.waiting, **{name: counts[name] for name in _COUNTS}}

    def set_url(self, url: object, provider: str | None = None) -> None:
        """Send callbacks to an address from now on.

        Args:
            url: The base address, such as ``http://127.0.0.1:9000/callbacks``, to which each
                provider's name and Clickatell's secret are added; with a ``provider``, the complete
                address of its callbacks, which is requested unchanged.
            provider: The provider; None for all without an address of their own.

        Raises:
            ValueError: The address is invalid, or the provider sends no callbacks here.
        """
        if provider is not None and provider not in self._sources:
            known = ", ".join(sorted(self._sources)) or "none does"
            raise AddressError(f"provider: {provider!r} does not call back here, use {known}")
        self._addresses.set(url, provider)

    def switch_off(self) -> None:
        """Remove the addresses, and discard waiting callbacks."""
        self._addresses.clear()
        self._reports.clear()
        self._courier.clear()

    def carry_with(self, carrier: Carrier | None) -> None:
        """Deliver callbacks through a function from now on, in place of HTTP; None for HTTP again.

        Callbacks are still addressed and signed, so an address must be set. Tests use this for an
        application without a socket, or one that is not served at its public address.

        Args:
            carrier: Delivers a callback, and returns the HTTP status of the answer. If it raises,
                the attempt counts as unanswered.
        """
        self._courier.carrier = carrier

    def as_json(self) -> dict[str, Any]:
        """Return the masked addresses, the counts and the latest attempts."""
        return {
            "addresses": self.addresses,
            "counts": self.counts,
            "latest": self.latest,
        }

    async def flush(self) -> None:
        """Wait until every callback that is due by the sandbox's clock was attempted once.

        Later steps of messages and repetitions are not waited for.
        """
        await self._courier.flush()

    def start(self) -> None:
        """Start sending; called when the sandbox starts."""
        self._courier.start()

    async def stop(self) -> None:
        """Stop sending; called when the sandbox ends."""
        await self._courier.stop()

    def reset(self) -> None:
        """Discard waiting callbacks, the latest attempts and the counts; the addresses stay."""
        self._reports.clear()
        self._courier.reset()

    async def answer_and_report(
        self,
        records: Sequence[MessageRecord],
        request: web.Request,
        response: web.StreamResponse,
    ) -> None:
        """Write a response, then report the messages that its request has accepted or changed.

        Reports are sent at their planned times from now on; before the response only if the fault
        ``callback_early`` hits.
        """
        watches = self._reports.watch(records)
        await self._reports.report_early(watches)
        with suppress(ConnectionError):
            await response.prepare(request)
            await response.write_eof()
        self._reports.report(watches)

    def latest_of(self, provider: str | None) -> dict[str, list[dict[str, Any]]]:
        """Return the latest attempts for a provider, by message id."""
        found: dict[str, list[dict[str, Any]]] = {}
        for line in self._courier.log:
            if line["provider"] == provider:
                found.setdefault(line["id"], []).append(line)
        return found

    def reported(self, record: MessageRecord) -> int:
        """Return how many reports of a message are due by now, whether or not sent."""
        source, now = self._sources.get(record.provider), self._clock()
        return 0 if source is None else sum(each.at <= now for each in source.planned(record))

    def report_change(
        self, record: MessageRecord, reported: int, then: CallbackDraft | None = None
    ) -> None:
        """Send the reports that a change has added to the plan of a message.

        Args:
            record: The message.
            reported: The result of ``reported`` before the change.
            then: A callback to send after the reports that are due now.
        """
        self._reports.report(self._reports.watch([record], sent=reported))
        if then is not None:
            self._courier.put(partial(self.send, then, record.provider), self._clock())

    def contradiction(self, record: MessageRecord) -> PlannedReport | None:
        """Return the report that contradicts the status of a message; None if there is none.

        Also None if the provider's callbacks are switched off.
        """
        source, now = self._sources.get(record.provider), self._clock()
        if source is None or self._addresses.of(source.signer) is None:
            return None
        return source.contradiction(record, record.latest_change(now).status, now)

    def send(self, draft: CallbackDraft, provider: str) -> str | None:
        """Send a callback; return its masked address, None if callbacks are switched off."""
        source = self._sources[provider]
        url = self._addresses.of(source.signer, draft.url)
        if url is None:
            return None
        self._reports.send(source, draft)
        return masked_url(url)
