"""Run the fallback legs of a client's messages, where no provider does.

Each message has a task, which ends with the client or its event loop: legs that survive that need
an outbox.
Messages without legs, and those whose legs a provider runs, cost nothing here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.outcome import NotSent
from omnimsg.engine.loop_bound import Alarm
from omnimsg.engine.observers import OutcomeKnown
from omnimsg.fallback.chain import Chain
from omnimsg.fallback.chain_leg import split_legs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from omnimsg.delivery.delivery import Delivery
    from omnimsg.delivery.tracked import Tracked
    from omnimsg.domain.message import Message
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.outcome import Accepted
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.leg_events import LegChanged
    from omnimsg.engine.observers import Observers
    from omnimsg.fallback.chain_leg import LegTarget

log: logging.Logger = logging.getLogger("omnimsg.fallback")

# Accepted legs that are remembered to notice a late delivery, at most.
_MAX_LEGS = 100_000
# Seconds for which `finish` waits for a leg without a ttl, which nothing else ends.
_FAILS_WITHIN = 600.0
# Seconds between two checks of which messages still wait.
_CHECK_EVERY = 0.1


class Legs:
    """Runs fallback legs.

    Args:
        target_of: Returns the account with a name.
        open_delivery: Returns the receiving half of the client; called when the first leg is run.
        observers: Notified of changes of legs.
        clock: Tells the time.

    Attributes:
        is_closed: Whether the client is closed, so that no further leg is sent.
    """

    def __init__(
        self,
        target_of: Callable[[str], LegTarget],
        open_delivery: Callable[[], Delivery],
        *,
        observers: Observers,
        clock: Clock,
    ) -> None:
        self._target_of = target_of
        self._open_delivery = open_delivery
        self._observers = observers
        self._clock = clock
        self._delivery: Delivery | None = None
        self._chains: OrderedDict[MessageId, Chain] = OrderedDict()
        self._following: dict[asyncio.Task[bool], Chain] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._outliving: set[asyncio.Task[None]] = set()
        self._abandoned = 0
        # A loop that ends abandons all its messages at once, and one warning counts them.
        self._warning = Alarm(self._warn_of_abandoned)
        self.is_closed: bool = False

    @property
    def delivery(self) -> Delivery:
        """The receiving half of the client."""
        if self._delivery is None:
            self._delivery = self._open_delivery()
            self._delivery.tracker.waiters.listen(self._changed)
        return self._delivery

    def now(self) -> float:
        """Return monotonic seconds."""
        return self._clock.monotonic()

    def utc_now(self) -> datetime:
        """Return the time of day."""
        return self._clock.utc_now()

    def begin(self, target: LegTarget, message: Message, timeout: float) -> Chain | NotSent:
        """Build the chain of a message; return its outcome if one of its legs cannot be sent.

        Args:
            target: Where legs that name no account are handed over.
            message: The message.
            timeout: Seconds that the hand-over of each leg may take.

        Raises:
            ConfigError: An account of a route cannot be used.
        """
        legs = split_legs(message, target, self._target_of)
        if isinstance(legs, NotSent):
            return legs
        # Start tracking before the first leg leaves, because its acceptance has to be tracked.
        _ = self.delivery
        return Chain(self, legs, timeout)

    def chain_of(self, message_id: MessageId) -> Chain | None:
        """Return the chain of a leg; `None` if this client did not run it, or it was delivered."""
        return self._chains.get(message_id)

    def told(self, message: Message, outcome: NotSent) -> NotSent:
        """Notify the observers of a message that was refused before any hand-over."""
        notify = self._observers.outcome_known
        if notify is not None:
            notify(OutcomeKnown(outcome.account, (message,), (outcome,)))
        return outcome

    def notify(self, event: LegChanged) -> None:
        """Notify the observers of a change of a leg."""
        if self._observers.leg_changed is not None:
            self._observers.leg_changed(event)

    def follow(self, chain: Chain, accepted: Accepted) -> None:
        """Register an accepted leg, and wait for its delivery if no task of the chain does yet."""
        if not accepted.provider_id and not accepted.batch_id:
            return  # an adapter that breaks its contract: without an id there is no look-up
        self._chains[accepted.id] = chain
        if len(self._chains) > _MAX_LEGS:
            self._chains.popitem(last=False)
        if chain.is_followed:
            return
        chain.is_followed = True
        if self.is_closed:
            self._abandon(chain)
            return
        task = asyncio.get_running_loop().create_task(chain.follow())
        self._following[task] = chain
        task.add_done_callback(self._end_following)

    def spawn(self, work: Coroutine[Any, Any, None], *, outlives_close: bool = False) -> None:
        """Run work in a background task.

        Args:
            work: The work.
            outlives_close: Whether it goes on while the client is closed.
        """
        task = asyncio.get_running_loop().create_task(work)
        tasks = self._outliving if outlives_close else self._others
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def finish(self, seconds: float) -> int:
        """Wait until no further leg may go, with a timeout in seconds.

        Returns:
            How many messages still wait for a leg.
        """
        until = self.now() + seconds
        while (waiting := self._waiting()) and (left := until - self.now()) > 0:
            # The pause grows with the number of tasks, because each check looks at all of them. It
            # is needed because not all of them end: some wait for a late delivery.
            pause = _CHECK_EVERY + len(waiting) / _MAX_LEGS
            await asyncio.wait(waiting, timeout=min(left, pause))
        return len(waiting)

    def _waiting(self) -> list[asyncio.Task[bool]]:
        loop = asyncio.get_running_loop()
        return [
            task
            for task, chain in self._following.items()
            if task.get_loop() is loop and chain.is_awaited(_FAILS_WITHIN)
        ]

    def close(self) -> None:
        """Send no further leg, and stop waiting for deliveries."""
        self.is_closed = True
        loop = asyncio.get_running_loop()
        tasks = [task for task, chain in self._following.items() if not chain.is_handing_over]
        for task in (*tasks, *self._others):
            if task.get_loop() is loop:
                task.cancel()

    async def aclose(self, until: Deadline) -> None:
        """Wait for legs in flight until a deadline, after the accounts were closed; then end them.

        By then only a store that hangs can hold up one.
        """
        loop = asyncio.get_running_loop()
        tasks = [*self._following, *self._others, *self._outliving]
        tasks = [each for each in tasks if each.get_loop() is loop]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=until.remaining())
        finally:
            for each in tasks:
                each.cancel()
            # Here, because the callbacks of these tasks come too late for the warning.
            for task, chain in self._following.items():
                if task in tasks and not task.done():
                    self._abandon(chain)
            self._warning.close()
            self._warn_of_abandoned()

    def _end_following(self, task: asyncio.Task[bool]) -> None:
        chain = self._following.pop(task)
        chain.end()
        if task.cancelled():  # also if it never started
            self._abandon(chain)
        elif (error := task.exception()) is not None:
            kind = type(error).__name__
            log.error(
                "the fallback of a message ended with an error: %s",
                kind,
                extra=log_fields(reference=chain.reference, error=kind),
            )
        elif task.result():
            self._abandon(chain)
        # Reached by the last look-up, and not by a change: of these there are no news any more.
        for each in chain.reached_ids:
            self._chains.pop(each, None)

    def _abandon(self, chain: Chain) -> None:
        if chain.abandon():
            self._abandoned += 1
            if not self.is_closed:
                self._warning.set(0.0)

    def _warn_of_abandoned(self) -> None:
        if self._abandoned:
            log.warning(
                "%s while %d messages waited for the delivery of a leg; the legs after it are not"
                " tried%s",
                "the client was closed" if self.is_closed else "the event loop ended",
                self._abandoned,
                "" if self.is_closed else "; await finish_legs before, or use omnimsg.sync",
                extra=log_fields(count=self._abandoned),
            )
            self._abandoned = 0

    def _changed(self, tracked: Tracked) -> None:
        """Note a delivery, however late it comes."""
        if not self._chains or tracked.status is None or not tracked.status.status.reached:
            return
        for each in tracked.ids:
            chain = self._chains.pop(each, None)
            if chain is not None:
                chain.reached(each)
