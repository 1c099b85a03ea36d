"""The receiving half of a client: receiver, tracker, handlers and doubtful sends."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from omnimsg.delivery.close_signal import CloseSignal
from omnimsg.delivery.dispatcher import Dispatcher
from omnimsg.delivery.doubt_window import DOUBT_WINDOW
from omnimsg.delivery.guarded_store import GuardedStore
from omnimsg.delivery.handlers import Handlers
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.poller import LONGEST, Poller
from omnimsg.delivery.receiver import Receiver
from omnimsg.delivery.tracker import Tracker
from omnimsg.delivery.waiting import wait_for
from omnimsg.domain.errors import OmnimsgError
from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.opt_out import RULES
from omnimsg.engine.cancellation import is_own_cancellation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from typing import TypeAlias

    from omnimsg.delivery.account_adapters import AccountAdapters
    from omnimsg.delivery.options import CallbackOptions
    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Tracked
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.opt_out import OptOutRules
    from omnimsg.domain.outcome import Accepted
    from omnimsg.domain.status import Evidence, MessageStatus, Status
    from omnimsg.engine.attempt.consent_queue import ConsentQueue
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.observers import Observers

    _HandOn: TypeAlias = Callable[[], Awaitable[None]]
    # What a look-up has found: of which message, and the evidence.
    _Found: TypeAlias = tuple[MessageId, frozenset[Evidence]]

log: logging.Logger = logging.getLogger("omnimsg.delivery")

# Seconds before each further attempt to hand on what no provider sends again. Few and short: where
# a handler always fails, each message keeps a task until the last attempt.
_PAUSES = (1.0, 5.0, 25.0)


class Delivery:
    """The receiving half of one client.

    Args:
        adapters: The adapters of the client's accounts, which may change.
        ask: Looks up a message at its provider.
        options: How callbacks are received.
        store: Keeps the state of messages; in memory if `None`.
        consents: The suppression list, which records opt-outs; `None` if there is none.
        opt_out_rules: Which replies are opt-outs.
        observers: Notified of events and of changes of a status.
        clock: Tells the time.
        doubt_window: Seconds after which a doubtful message is given up.

    Attributes:
        handlers: The application's handlers.
        tracker: Tracks the state of each message.
        dispatcher: Hands events on.
        closing: Set when the client closes, so that nothing more is waited for.
    """

    def __init__(  # noqa: PLR0913 - the parts of a client, given by name
        self,
        adapters: AccountAdapters,
        *,
        ask: Callable[[MessageId], Awaitable[MessageStatus]],
        options: CallbackOptions,
        store: Store | None,
        consents: ConsentQueue | None,
        opt_out_rules: OptOutRules | None,
        observers: Observers,
        clock: Clock,
        doubt_window: float = DOUBT_WINDOW,
    ) -> None:
        is_shared = store is not None
        store = MemoryStore() if store is None else GuardedStore(store)
        self._adapters = adapters
        self._observers = observers
        self._clock = clock
        self._receivers: list[Receiver] = []
        self.closing: CloseSignal = CloseSignal()
        self.handlers: Handlers = Handlers(self.closing)
        self.tracker: Tracker = Tracker(
            store,
            clock,
            observers,
            doubt_window=doubt_window,
            joined=self._joined,
            is_shared=is_shared,
        )
        self.dispatcher: Dispatcher = Dispatcher(
            store=store,
            tracker=self.tracker,
            handlers=self.handlers,
            observers=observers,
            consents=consents,
            rules=opt_out_rules or RULES,
            handler_timeout=options.handler_timeout,
        )
        self._ask = ask
        self._poller = Poller(ask, self._found, self._has_reports)
        self._report_tasks: set[asyncio.Task[None]] = set()
        self._told_again: set[_Found] = set()
        observers.add(self.tracker)

    def receiver(self, options: CallbackOptions, accounts: Sequence[str] | None) -> Receiver:
        """Build a receiver for some accounts, or for all whose provider sends callbacks.

        Raises:
            ConfigError: No account can receive, or genuine callbacks could not be recognized.
        """
        receiver = Receiver(
            self._adapters if accounts is None else self._adapters.only(accounts),
            options=options,
            dispatcher=self.dispatcher,
            observers=self._observers,
            clock=self._clock,
        )
        self._receivers.append(receiver)
        return receiver

    def keep_receiving(self, account: str) -> None:
        """Let the receivers go on receiving for an account that is about to be removed."""
        for each in self._receivers:
            each.keep(account)

    def begin_closing(self) -> None:
        """End the waits, and begin what `aclose` waits for: other things close meanwhile."""
        self.closing.set()
        self.tracker.begin_closing()

    async def aclose(self, until: Deadline) -> None:
        """Store the last outcomes, hand on the reports that arrived before them, and close.

        Args:
            until: When both must have ended.
        """
        await self.tracker.aclose(until.remaining())
        loop = asyncio.get_running_loop()
        tasks = [each for each in self._report_tasks if each.get_loop() is loop]
        if not tasks:
            return
        try:
            await asyncio.wait(tasks, timeout=until.remaining())
        finally:
            late = [each for each in tasks if not each.done()]
            if late:
                log.warning(
                    "the client was closed before the handlers of %d messages had ended",
                    len(late),
                    extra=log_fields(count=len(late)),
                )
            for each in late:
                each.cancel()

    async def wait(
        self,
        message_id: MessageId,
        wanted: Status,
        timeout: float,  # noqa: ASYNC109 - named as asyncio names it
        longest_pause: float = LONGEST,
        *,
        accepted: Accepted | None = None,
    ) -> MessageStatus:
        """Wait until a message has a status or a higher one, or has ended without it.

        Args:
            message_id: Its id.
            wanted: The status.
            timeout: Seconds to wait.
            longest_pause: Seconds between two look-ups, at most.
            accepted: Its acceptance, to be stored if it is not known here.

        Raises:
            TimeoutError: It did neither in time.
            OperationError: The client was closed, and it had done neither.
        """
        return await wait_for(
            message_id,
            wanted,
            timeout,
            tracker=self.tracker,
            poller=self._poller,
            longest_pause=longest_pause,
            accepted=accepted,
            closing=self.closing,
        )

    async def look_up(self, message_id: MessageId) -> MessageStatus | None:
        """Look up a message at its provider, and return its status, merged with earlier reports.

        If the provider cannot be asked, return the status that was known before, or `None`. If the
        store fails, return what the provider has said.
        """
        found: MessageStatus | None = None
        with suppress(OmnimsgError):
            found = await self._ask(message_id)
        try:
            if found is not None:
                await self._found(found)
            tracked = await self.tracker.find(message_id)
        except (Exception, asyncio.CancelledError) as error:
            if found is None or is_own_cancellation(error):
                raise
            return found
        return found if tracked is None else tracked.status

    def _has_reports(self, account: str) -> bool:
        return any(each.has_account(account) for each in self._receivers)

    def _joined(self, tracked: Tracked) -> None:
        """Start a task that hands on reports which arrived before the answer to their send."""
        hand_on = partial(self.dispatcher.state_found, tracked, self._clock.utc_now(), set())
        self._start(self._try_often(hand_on, partial(_warn_early, tracked)))

    async def _found(self, status: MessageStatus) -> None:
        """Track what a look-up found, and tell the handlers; what fails is tried again.

        A provider tells of an opt-out once, so what the store does not take is kept for it.
        """
        at, key = self._clock.utc_now(), (status.id, _evidence_of(status))
        warn = partial(_warn_found, status.id)

        def hand_on(tracked: Tracked) -> _HandOn:
            return partial(self.dispatcher.state_found, tracked, at, set())

        def stored(tracked: Tracked) -> None:
            if self._is_first(key):
                self._finish(key, self._try_often(hand_on(tracked), warn))

        try:
            tracked = await self.tracker.look_up(status)
        except (Exception, asyncio.CancelledError) as error:
            if not is_own_cancellation(error):
                self.tracker.look_up_later(status, key, stored)
            raise
        first = hand_on(tracked)
        if not await _succeeds(first, warn) and self._is_first(key):
            self._finish(key, self._try_again(first, warn))

    def _is_first(self, key: _Found) -> bool:
        """Return whether nothing tries yet to hand on what a look-up found."""
        is_first = key not in self._told_again
        self._told_again.add(key)
        return is_first

    def _finish(self, key: _Found, work: Coroutine[Any, Any, None]) -> None:
        self._start(work).add_done_callback(lambda _: self._told_again.discard(key))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._report_tasks.add(task)
        task.add_done_callback(self._report_tasks.discard)
        return task

    async def _try_often(self, hand_on: _HandOn, warn: Callable[[str], None]) -> None:
        if not await _succeeds(hand_on, warn):
            await self._try_again(hand_on, warn)

    async def _try_again(self, hand_on: _HandOn, warn: Callable[[str], None]) -> None:
        """Try several times: no provider sends it again. Closing brings the last try forward."""
        for pause in _PAUSES:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.closing.wait()
            if await _succeeds(hand_on, warn) or self.closing.is_set:
                return


async def _succeeds(hand_on: _HandOn, warn: Callable[[str], None]) -> bool:
    """Return whether something was handed on; log why it was not."""
    try:
        await hand_on()
    except (Exception, asyncio.CancelledError) as error:
        if is_own_cancellation(error):
            raise
        warn(type(error).__name__)  # a handler of the application may raise anything
        return False
    return True


def _evidence_of(status: MessageStatus) -> frozenset[Evidence]:
    """Return all evidence; one of several may be an opt-out, which the status does not show."""
    return frozenset(evidence for leg in status.legs for evidence in leg.timeline.entries)


def _warn_early(tracked: Tracked, kind: str) -> None:
    log.warning(
        "a report that arrived before the answer to its send could not be handled: %s",
        kind,
        extra=log_fields(account=tracked.account, reference=tracked.reference, error=kind),
    )


def _warn_found(message_id: MessageId, kind: str) -> None:
    log.warning(
        "a status that was looked up could not be handled: %s",
        kind,
        extra=log_fields(account=message_id.account, message_id=message_id, error=kind),
    )
