"""The callbacks of a sandbox: where they go, and what became of them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from omnimsg.sandbox.callbacks.addresses import AddressError, Addresses, masked_address
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
    """Calls back as the providers do: reports of messages, and what phones send.

    Nothing is sent until there is an address. The methods but ``flush`` may be called from any
    thread.

    Args:
        sources: What each provider that calls back says, by its name.
        state: Clock, pace and limits.
        faults: What happens to callbacks on their way.
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
        """Whether there is an address."""
        return bool(self._addresses)

    @property
    def addresses(self) -> dict[str, str | None]:
        """The addresses without their secrets, by the name of the provider; ``url`` is the base."""
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
        """How many callbacks wait, how many attempts were made, and how callbacks have ended."""
        counts = self._courier.counts
        return {"waiting": self._courier.waiting, **{name: counts[name] for name in _COUNTS}}

    def set_url(self, url: object, provider: str | None = None) -> None:
        """Send callbacks to an address from now on.

        Args:
            url: The base address, to which every provider's name is added, as in
                ``http://127.0.0.1:9000/callbacks``, and Clickatell's secret; with a ``provider``
                the whole address of its callbacks, which is called as it is.
            provider: The provider; None for all that have no address of their own.

        Raises:
            ValueError: The address is none, or the provider sends no callbacks here.
        """
        if provider is not None and provider not in self._sources:
            known = ", ".join(sorted(self._sources)) or "none does"
            raise AddressError(f"provider: {provider!r} does not call back here, use {known}")
        self._addresses.set(url, provider)

    def switch_off(self) -> None:
        """Forget the addresses and what waits."""
        self._addresses.clear()
        self._reports.clear()
        self._courier.clear()

    def carry_with(self, carrier: Carrier | None) -> None:
        """Hand callbacks to a function from now on, and not to HTTP; None is HTTP again.

        They are addressed and signed as before, so there must be an address. A test hands them to
        an application without a socket, or to one that is served somewhere else than it says.

        Args:
            carrier: Takes a callback, and returns the HTTP status of the answer. What it raises is
                an attempt without an answer.
        """
        self._courier.carrier = carrier

    def as_json(self) -> dict[str, Any]:
        """Return the addresses without their secrets, the counts and the latest attempts."""
        return {
            "addresses": self.addresses,
            "counts": self.counts,
            "latest": self.latest,
        }

    async def flush(self) -> None:
        """Wait until everything that is due by the sandbox's clock was sent once.

        Later steps of messages and repetitions are not waited for.
        """
        await self._courier.flush()

    def start(self) -> None:
        """Begin to send; the sandbox does it when it starts."""
        self._courier.start()

    async def stop(self) -> None:
        """Stop sending; the sandbox does it when it ends."""
        await self._courier.stop()

    def reset(self) -> None:
        """Forget what waits, the latest attempts and the counts; the addresses stay."""
        self._reports.clear()
        self._courier.reset()

    async def answer_and_report(
        self,
        records: Sequence[MessageRecord],
        request: web.Request,
        response: web.StreamResponse,
    ) -> None:
        """Write a response, and report the messages that its request has accepted or changed.

        They are reported now and at the times that are planned; before the response only if a fault
        has it so.
        """
        watches = self._reports.watch(records)
        await self._reports.report_early(watches)
        with suppress(ConnectionError):
            await response.prepare(request)
            await response.write_eof()
        self._reports.report(watches)

    def latest_of(self, provider: str | None) -> dict[str, list[dict[str, Any]]]:
        """Return the latest attempts of a provider, by the id of the message."""
        found: dict[str, list[dict[str, Any]]] = {}
        for line in self._courier.log:
            if line["provider"] == provider:
                found.setdefault(line["id"], []).append(line)
        return found

    def reported(self, record: MessageRecord) -> int:
        """Return how many reports of a message are due by now, sent or not."""
        source, now = self._sources.get(record.provider), self._clock()
        return 0 if source is None else sum(each.at <= now for each in source.planned(record))

    def report_change(
        self, record: MessageRecord, reported: int, then: CallbackDraft | None = None
    ) -> None:
        """Report what has been added to the plan of a message.

        Args:
            record: The message.
            reported: What ``reported`` was before the change.
            then: What is sent after it.
        """
        self._reports.report(self._reports.watch([record], sent=reported))

        def send() -> None:
            if then is not None:
                self.send(then, record.provider)

        self._courier.put(send, self._clock())

    def contradiction(self, record: MessageRecord) -> PlannedReport | None:
        """Return the report that contradicts the status of a message; None if there is none.

        There is none either where the provider's callbacks are switched off.
        """
        source, now = self._sources.get(record.provider), self._clock()
        if source is None or self._addresses.of(source.signer) is None:
            return None
        return source.contradiction(record, record.latest_change(now).status, now)

    def send(self, draft: CallbackDraft, provider: str) -> str | None:
        """Send a callback; return its address without secrets, None if nothing is sent."""
        source = self._sources[provider]
        url = self._addresses.of(source.signer, draft.url)
        if url is None:
            return None
        self._reports.send(source, draft)
        return masked_address(url)
