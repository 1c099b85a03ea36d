"""The receiving half of a client: receiver, tracker, handlers and doubtful sends."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from omnimsg.delivery.dispatcher import Dispatcher
from omnimsg.delivery.handlers import Handlers
from omnimsg.delivery.loop_bound import PerLoop
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.poller import LONGEST, Poller
from omnimsg.delivery.receiver import Receiver
from omnimsg.delivery.tracker import DOUBT_WINDOW, Tracker
from omnimsg.domain.errors import OmnimsgError
from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.opt_out import RULES
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.status import Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omnimsg.delivery.account_adapters import AccountAdapters
    from omnimsg.delivery.options import CallbackOptions
    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Tracked
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.opt_out import OptOutRules
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.observers import Observers
    from omnimsg.engine.suppression import Suppression

log: logging.Logger = logging.getLogger("omnimsg.delivery")

# Seconds before each attempt to hand on reports that arrived before the answer to their send. Few
# and short: where a handler always fails, each message keeps a task until the last attempt.
_PAUSES = (0.0, 1.0, 5.0, 25.0)


class Delivery:
    """The receiving half of one client.

    Args:
        adapters: The adapters of the client's accounts, which may change.
        ask: Looks up a message at its provider.
        options: How callbacks are received.
        store: Keeps the state of messages; in memory if `None`.
        suppression: The suppression list, which records opt-outs; `None` if there is none.
        opt_out_rules: Which replies are opt-outs.
        observers: Notified of events and of changes of a status.
        clock: Tells the time.
        doubt_window: Seconds after which a doubtful message is given up.

    Attributes:
        handlers: The application's handlers.
        tracker: Tracks the state of each message.
        dispatcher: Hands events on.
        closing: Set, in the running event loop, when the client closes.
    """

    def __init__(  # noqa: PLR0913 - the parts of a client, given by name
        self,
        adapters: AccountAdapters,
        *,
        ask: Callable[[MessageId], Awaitable[MessageStatus]],
        options: CallbackOptions,
        store: Store | None,
        suppression: Suppression | None,
        opt_out_rules: OptOutRules | None,
        observers: Observers,
        clock: Clock,
        doubt_window: float = DOUBT_WINDOW,
    ) -> None:
        store = MemoryStore() if store is None else store
        self._adapters = adapters
        self._observers = observers
        self._clock = clock
        self._receivers: list[Receiver] = []
        self.handlers: Handlers = Handlers()
        self.tracker: Tracker = Tracker(
            store, clock, observers, doubt_window=doubt_window, joined=self._joined
        )
        self.dispatcher: Dispatcher = Dispatcher(
            store=store,
            tracker=self.tracker,
            handlers=self.handlers,
            observers=observers,
            suppression=suppression,
            rules=opt_out_rules or RULES,
            handler_timeout=options.handler_timeout,
        )
        self._ask = ask
        self._poller = Poller(ask, self._found, self._has_reports)
        self._report_tasks: set[asyncio.Task[None]] = set()
        self.closing: PerLoop[asyncio.Event] = PerLoop(asyncio.Event)
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

    async def aclose(self) -> None:
        """Store the last outcomes, and hand on the reports that arrived before them."""
        await self.tracker.aclose()
        self.closing.here.set()
        loop = asyncio.get_running_loop()
        tasks = [each for each in self._report_tasks if each.get_loop() is loop]
        if tasks:
            await asyncio.wait(tasks)

    async def wait(
        self,
        message_id: MessageId,
        wanted: Status,
        timeout: float,  # noqa: ASYNC109 - named as asyncio names it
        longest_pause: float = LONGEST,
    ) -> MessageStatus:
        """Wait until a message has a status or a higher one, or has ended without it.

        Args:
            message_id: Its id.
            wanted: The status.
            timeout: Seconds to wait.
            longest_pause: Seconds between two look-ups, at most.

        Raises:
            TimeoutError: It did neither in time.
        """
        with (
            self.tracker.waiters.watch(message_id) as waiter,
            self._poller.watch(message_id, longest_pause) as watched,
        ):
            now = Status.UNKNOWN
            try:
                async with asyncio.timeout(timeout) as limit:
                    while True:
                        tracked = await self.tracker.find(message_id)
                        if tracked is not None and tracked.status is not None:
                            if _ends_wait(tracked.status, wanted):
                                return tracked.status
                            now = tracked.status.status
                        await waiter.next()
            except TimeoutError:
                if not limit.expired():
                    raise  # raised by the store
                why = f"; the last look-up failed: {watched.error}" if watched.error else ""
                raise TimeoutError(
                    f"message {mask_text(message_id)} is {now} and not {wanted} after"
                    f" {timeout:g} s{why}"
                ) from None

    async def look_up(self, message_id: MessageId) -> MessageStatus | None:
        """Look up a message at its provider, and return its status, merged with earlier reports.

        If the provider cannot be asked, return the status that was known before, or `None`.
        """
        with suppress(OmnimsgError):
            await self._found(await self._ask(message_id))
        tracked = await self.tracker.find(message_id)
        return None if tracked is None else tracked.status

    def _has_reports(self, account: str) -> bool:
        return any(each.has_account(account) for each in self._receivers)

    def _joined(self, tracked: Tracked) -> None:
        """Start a task that hands on reports which arrived before the answer to their send."""
        task = asyncio.ensure_future(self._hand_on_joined(tracked))
        self._report_tasks.add(task)
        task.add_done_callback(self._report_tasks.discard)

    async def _hand_on_joined(self, tracked: Tracked) -> None:
        """Try to hand the reports on several times: the provider does not send them again."""
        closing = self.closing.here
        for pause in _PAUSES:
            if pause:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await closing.wait()
            if await self._has_handed_on(tracked) or closing.is_set():
                return

    async def _has_handed_on(self, tracked: Tracked) -> bool:
        try:
            await self.dispatcher.joined(tracked)
        except Exception as error:  # noqa: BLE001 - a handler of the application may raise anything
            kind = type(error).__name__
            log.warning(
                "what was reported before the answer to a send could not be handed on: %s",
                kind,
                extra=log_fields(account=tracked.account, reference=tracked.reference, error=kind),
            )
            return False
        else:
            return True

    async def _found(self, status: MessageStatus) -> None:
        tracked = await self.tracker.look_up(status)
        await self.dispatcher.status_found(tracked)


def _ends_wait(status: MessageStatus, wanted: Status) -> bool:
    """Return whether waiting is over; a message that was not found may still appear."""
    return status.status.failed or status.status.rank >= wanted.rank
