"""The receiving methods of a client: callbacks, events, tracked messages, waits and doubts."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import anyio
import attrs

from omnimsg.adapter import Operation
from omnimsg.domain.arguments import require_function, require_several
from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.status import Status
from omnimsg.engine.deadline import Deadline, to_seconds
from omnimsg.fallback.waiting import wait_for_legs
from omnimsg.transport.timeouts import CLEANUP_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence

    from omnimsg.accounts import Accounts
    from omnimsg.delivery.delivery import Delivery
    from omnimsg.delivery.handlers import EventHandler, StatusHandler
    from omnimsg.delivery.options import CallbackOptions
    from omnimsg.delivery.receiver import Receiver
    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Tracked
    from omnimsg.domain.events import Event
    from omnimsg.domain.message import Message
    from omnimsg.domain.opt_out import OptOutRules
    from omnimsg.domain.outcome import Ambiguous, Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.attempt.consent_queue import ConsentQueue
    from omnimsg.engine.budgets import Budgets
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.observers import Observers
    from omnimsg.engine.unknown_codes import UnknownCode, UnknownCodes
    from omnimsg.fallback.legs import Legs

H = TypeVar("H", bound="StatusHandler")

_BUILD_LOCK = threading.RLock()
if hasattr(os, "register_at_fork"):
    # Acquired before a fork: if another thread held it, it would never be released in the child.
    os.register_at_fork(
        before=_BUILD_LOCK.acquire,
        after_in_parent=_BUILD_LOCK.release,
        after_in_child=_BUILD_LOCK.release,
    )


class LateSettlement:
    """Settles doubts by reports, once the client tracks messages."""

    def __init__(self) -> None:
        self.delivery: Delivery | None = None

    def expect(self, account: str, message: Message) -> asyncio.Future[Accepted]:
        """Return a future that ends when a report names the message; without tracking, never."""
        if self.delivery is None:
            return asyncio.get_running_loop().create_future()
        return self.delivery.tracker.expect(account, message)


class Receiving:
    """The receiving methods of `Client`.

    Messages are tracked from the first call of one of these methods on, except `finish_legs` and
    `unknown_codes`; make that call before the first send.
    """

    _accounts: Accounts
    _budgets: Budgets | None
    _callbacks: CallbackOptions
    _clock: Clock
    _observers: Observers
    _settlement: LateSettlement
    _store: Store | None
    _consents: ConsentQueue | None
    _opt_out_rules: OptOutRules | None
    _unknown_codes: UnknownCodes
    _legs: Legs

    def receiver(
        self,
        handler: EventHandler | None = None,
        *,
        accounts: Iterable[str] | None = None,
        public_url: str | None = None,
    ) -> Receiver:
        """Return the web application that receives the callbacks of all accounts.

        It is an ASGI application; its `aiohttp_app()` returns one for aiohttp.web. A provider is
        answered 204 when the handler, those of `on_status` and the loops over `events` are done
        with the event. Otherwise the provider sends the event again, so a handler may see an event
        more than once only after it has raised or timed out, or the process was restarted.

        Args:
            handler: Called with each new event, beside those of other calls; may be a coroutine
                function. Without any, and without a loop over `events`, only reports are handled:
                any other event is answered 503, and comes again.
            accounts: The accounts whose callbacks are received; unless given, all whose provider
                sends any, with those that are added later.
            public_url: Replaces `callbacks.public_url` of the configuration.

        Raises:
            ConfigError: An account has no secret to verify callbacks with, none has a provider that
                sends callbacks, or the public URL is not known.
            InvalidValue: `accounts` is no list, `handler` no function, or `public_url` no URL.
        """
        options = self._callbacks
        if public_url is not None:
            options = attrs.evolve(options, public_url=public_url)
        if accounts is not None:
            require_several("accounts", accounts, "names", "[name]")
        if handler is not None:
            require_function("handler", handler)
        names = None if accounts is None else [self._accounts.get(each).name for each in accounts]
        receiver = self._delivery.receiver(options, names)
        if handler is not None:
            self._delivery.handlers.on_event(handler)
        return receiver

    def events(self) -> AsyncGenerator[Event, None]:
        """Iterate over the events that the receivers of this client get from now on.

        An event is handled when the loop asks for the next one; if the loop is left or raises
        instead, the provider sends the event again. Use `contextlib.aclosing` if the loop's body
        may break. Closing the client ends the loop.
        """
        return self._delivery.handlers.events()

    def on_status(self, handler: H) -> H:
        """Call a function when the status of a message changes; also as a decorator.

        It is called with a `StatusChanged`. Changes of one message arrive one at a time and in
        order. A report that changes nothing, such as a late `SENT` after `DELIVERED`, causes no
        call.

        Raises:
            InvalidValue: `handler` is no function.
        """
        require_function("handler", handler)
        self._delivery.handlers.on_status(handler)
        return handler

    async def wait(
        self,
        message: Accepted | str,
        status: Status | str = Status.DELIVERED,
        *,
        timeout: float = 60.0,  # noqa: ASYNC109 - named as asyncio names it
    ) -> MessageStatus:
        """Wait until a message has a status or a higher one, or has failed.

        Reports are noticed at once; those that another process got are read from the store that it
        shares, with growing pauses from the first second on. The provider is polled too: from the
        first second on if this client has no receiver for the account, else after 30 seconds.
        Closing the client ends the wait.

        A message whose fallback legs this client runs has the status once one of the legs has it,
        and has failed once all of them have; the returned status is that of this leg, or of the
        last one. In another process an id stands for one leg alone.

        Args:
            message: What `send` returned, or its id.
            status: The status to wait for, or its exact text: `"read"`.
            timeout: Seconds to wait.

        Raises:
            TimeoutError: The message has neither got so far nor failed in time.
            OperationError: The client was closed before; its `reason` is `CANCELLED`.
            InvalidValue: There is no such status, or the timeout is not a number.
        """
        wanted, seconds = _to_status(status), to_seconds(timeout, "timeout")
        accepted = message if isinstance(message, Accepted) else None
        message_id = message.id if isinstance(message, Accepted) else MessageId(message)
        self._accounts.get(message_id.account)
        chain = self._legs.chain_of(message_id)
        if chain is not None:
            return await wait_for_legs(chain, wanted, seconds, self._delivery)
        return await self._delivery.wait(message_id, wanted, seconds, accepted=accepted)

    async def tracked(self, message: Accepted | str) -> Tracked | None:
        """Return the tracked state of a message, without asking the provider; `None` if unknown."""
        message_id = message.id if isinstance(message, Accepted) else MessageId(message)
        return await self._delivery.tracker.find(message_id)

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first.

        Those without proof in time are `Handover.UNRESOLVED` and stay on the list. What was sent
        before this client tracks messages is not on it: without a receiver, call this once first.
        """
        return await self._delivery.tracker.doubts()

    async def finish_legs(self, *, timeout: float) -> int:  # noqa: ASYNC109 - as asyncio names it
        """Wait until no message waits for a fallback leg any more, and return how many still do.

        For a script that has sent its messages: closing the client ends the waits for legs. A leg
        with a ttl is waited for until that is over. A leg without one is waited for ten minutes,
        because otherwise only a report of its failure would end the wait. Both count from `send_at`
        of a message that is scheduled.

        Args:
            timeout: Seconds to wait.

        Raises:
            InvalidValue: The timeout is not a number.
        """
        return await self._legs.finish(to_seconds(timeout, "timeout"))

    def unknown_codes(self) -> Sequence[UnknownCode]:
        """Return the codes and statuses of providers that are missing in the adapters' tables.

        The list has those that this client has met, in answers, reports and look-ups: at most 1,000
        different ones. Give them a meaning with `codes` of the account, and report them to us.
        """
        return self._unknown_codes.seen

    def _track_doubts(self, seconds: float) -> float:
        """Track messages from now on, and return the time, monotonic seconds.

        An invalid number of seconds is refused here, before anything is sent.
        """
        to_seconds(seconds, "settle")
        self._settlement.delivery = self._delivery
        return self._clock.monotonic()

    async def _settle(
        self, message: Message, outcome: Ambiguous, began: float, seconds: float
    ) -> Outcome:
        """Wait for proof that a doubtful message was sent, with a timeout in seconds."""
        from omnimsg.delivery.settling import settle  # noqa: PLC0415 - costs an import

        now = self._clock.monotonic
        # The account may have been removed meanwhile. Then only a report can prove the send, and no
        # other error may replace the doubt.
        engine = self._accounts.engines.get(outcome.account)
        until = Deadline(began, now() + to_seconds(seconds), now)
        delivery = self._delivery
        return await settle(
            engine, delivery.tracker, message, outcome, until, closing=delivery.closing
        )

    @asynccontextmanager
    async def _ending_waits(self, until: Deadline) -> AsyncIterator[None]:
        """Close the accounts inside; then what waits for legs or for reports is ended.

        That happens even if the closing is cancelled, because nothing else would end it. All of it
        shares one deadline: the closing's, but a few seconds at least, and just these if it is
        cancelled.
        """
        is_cancelled = True
        try:
            yield
            is_cancelled = False
        finally:
            left = 0.0 if is_cancelled else until.remaining()
            last = Deadline.after(max(CLEANUP_SECONDS, left), until.now)
            with anyio.CancelScope(shield=is_cancelled):
                await self._end_waits(last)

    async def _end_waits(self, until: Deadline) -> None:
        """End what waits; store and suppression list get what they have not taken yet.

        All begin at once, so that none that hangs uses up the time of another.
        """
        delivery, consents = self._settlement.delivery, self._consents
        for each in (consents, delivery):
            if each is not None:
                each.begin_closing()
        try:
            await self._legs.aclose(until)
        finally:
            try:
                if delivery is not None:
                    await delivery.aclose(until)
            finally:
                if consents is not None:
                    await consents.aclose(until.remaining())

    @cached_property
    def _delivery(self) -> Delivery:
        # Several threads may use it for the first time at once, and only one may be built: from
        # Python 3.12 on, a cached property has no lock. It is stored before the lock is released.
        with _BUILD_LOCK:
            built: Delivery | None = vars(self).get("_delivery")
            if built is None:
                built = vars(self)["_delivery"] = self._build_delivery()
            return built

    def _build_delivery(self) -> Delivery:
        # Both cost an import.
        from omnimsg.delivery.account_adapters import AccountAdapters  # noqa: PLC0415
        from omnimsg.delivery.delivery import Delivery  # noqa: PLC0415

        async def ask(message_id: MessageId) -> MessageStatus:
            engine = self._accounts.get(message_id.account)
            if Operation.STATUS not in engine.operations:
                raise engine.adapter.lacks(Operation.STATUS)
            return await engine.status(message_id.provider_id, _LOOK_UP_TIMEOUT)

        delivery = Delivery(
            AccountAdapters(self._accounts.engines),
            ask=ask,
            options=self._callbacks,
            store=self._store,
            consents=self._consents,
            opt_out_rules=self._opt_out_rules,
            observers=self._observers,
            clock=self._clock,
        )
        if self._legs.is_closed:
            delivery.closing.set()
        self._settlement.delivery = delivery
        if self._budgets is not None:
            self._budgets.has_reports = True
            delivery.tracker.waiters.listen(self._count_cost)
        return delivery

    def _count_cost(self, tracked: Tracked) -> None:
        if self._budgets is not None and tracked.status is not None:
            self._budgets.reported(tracked.ids, tracked.status)


def _to_status(given: Status | str) -> Status:
    try:
        return Status(given)
    except ValueError:
        raise InvalidValue(Problem("status", f"must be one of {', '.join(Status)}")) from None


# Seconds for one look-up of a message that a caller waits for.
_LOOK_UP_TIMEOUT = 20.0
