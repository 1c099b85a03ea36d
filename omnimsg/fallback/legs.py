"""The messages of a client whose fallback legs omnimsg runs itself.

A leg waits in a task of its message, which lives as long as the client: what survives a restart is
an outbox's matter. Messages without legs, and those whose legs a provider runs, cost nothing here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.outcome import NotSent
from omnimsg.engine.deadline import to_seconds
from omnimsg.engine.observers import OutcomeKnown
from omnimsg.fallback.chain import Chain
from omnimsg.fallback.stage import stages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from omnimsg.delivery.room import Delivery
    from omnimsg.delivery.tracked import Tracked
    from omnimsg.domain.message import Message
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.outcome import Accepted, Outcome
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.leg_events import LegChanged
    from omnimsg.engine.observers import Observers
    from omnimsg.engine.sending.stream import StreamRun
    from omnimsg.fallback.stage import Way

log: logging.Logger = logging.getLogger("omnimsg.fallback")

# As many accepted legs are remembered, for a delivery that comes late.
_MOST_LEGS = 100_000
# Seconds for which `finish` waits for a leg without a ttl, which nothing else ends.
_PATIENCE = 600.0
# Seconds between two looks at what is left.
_LOOK_AGAIN = 0.1
# Seconds that legs under way get to come back when the client is closed.
_CLOSE_TIMEOUT = 5.0


class Legs:
    """Runs fallback legs.

    Args:
        way_of: Returns the account of a name.
        open_delivery: Returns what comes back to the client; called when the first leg is run.
        observers: Told what becomes of legs.
        clock: Tells the time.

    Attributes:
        is_closed: Whether no leg goes any more.
    """

    def __init__(
        self,
        way_of: Callable[[str], Way],
        open_delivery: Callable[[], Delivery],
        *,
        observers: Observers,
        clock: Clock,
    ) -> None:
        self._way_of = way_of
        self._open_delivery = open_delivery
        self._observers = observers
        self._clock = clock
        self._delivery: Delivery | None = None
        self._chains: OrderedDict[MessageId, Chain] = OrderedDict()
        self._following: dict[asyncio.Task[None], Chain] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._outliving: set[asyncio.Task[None]] = set()
        self._abandoned = 0
        self.is_closed: bool = False

    @property
    def delivery(self) -> Delivery:
        """What comes back to the client."""
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

    def begin(self, way: Way, message: Message, timeout: float) -> Chain | NotSent:
        """Take a message apart; return its outcome where one of its legs cannot be sent.

        Args:
            way: Where legs are handed over that name no account.
            message: The message.
            timeout: Seconds that each leg may take to be handed over.

        Raises:
            ConfigError: An account of a route cannot be used.
        """
        stages = stages_of(message, way, self._way_of)
        if isinstance(stages, NotSent):
            return stages
        # Before the first leg leaves: it is tracked from its acceptance on.
        _ = self.delivery
        return Chain(self, stages, timeout)

    def told(self, message: Message, outcome: NotSent) -> NotSent:
        """Tell the observers of a message that was taken nowhere."""
        notify = self._observers.outcome_known
        if notify is not None:
            notify(OutcomeKnown(outcome.account, (message,), (outcome,)))
        return outcome

    def notify(self, event: LegChanged) -> None:
        """Tell the observers of a leg."""
        if self._observers.leg_changed is not None:
            self._observers.leg_changed(event)

    def follow(self, chain: Chain, accepted: Accepted) -> None:
        """Remember an accepted leg, and wait for its delivery where nobody does yet."""
        if not accepted.provider_id and not accepted.batch_id:
            return  # an adapter that breaks its contract: nobody can ask for it
        self._chains[accepted.id] = chain
        if len(self._chains) > _MOST_LEGS:
            self._chains.popitem(last=False)
        if chain.is_followed:
            return
        chain.is_followed = True
        if self.is_closed:
            self._abandon(chain)
            return
        task = asyncio.get_running_loop().create_task(chain.follow())
        self._following[task] = chain
        task.add_done_callback(self._has_followed)

    def spawn(self, work: Coroutine[Any, Any, None], *, outlives_close: bool = False) -> None:
        """Do something besides.

        Args:
            work: What is done.
            outlives_close: Whether it goes on while the client is closed.
        """
        task = asyncio.get_running_loop().create_task(work)
        tasks = self._outliving if outlives_close else self._others
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def finish(self, seconds: float) -> int:
        """Wait until no leg may go any more, at most for so many seconds.

        Returns:
            How many messages still wait for one.
        """
        until = self.now() + seconds
        while (waiting := self._waiting()) and (left := until - self.now()) > 0:
            # Looking at many takes time. Not all of them end: some listen for a late delivery.
            pause = _LOOK_AGAIN + len(waiting) / _MOST_LEGS
            await asyncio.wait(waiting, timeout=min(left, pause))
        return len(waiting)

    def _waiting(self) -> list[asyncio.Task[None]]:
        loop = asyncio.get_running_loop()
        return [
            task
            for task, chain in self._following.items()
            if task.get_loop() is loop and chain.is_awaited(_PATIENCE)
        ]

    def close(self) -> None:
        """Let no leg go any more, and wait for no delivery."""
        self.is_closed = True
        loop = asyncio.get_running_loop()
        tasks = [task for task, chain in self._following.items() if not chain.is_handing_over]
        for task in (*tasks, *self._others):
            if task.get_loop() is loop:
                task.cancel()

    async def aclose(self) -> None:
        """Let what is under way come back, once the accounts are closed."""
        loop = asyncio.get_running_loop()
        tasks = [*self._following, *self._others, *self._outliving]
        tasks = [each for each in tasks if each.get_loop() is loop]
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_TIMEOUT)
        if self._abandoned:
            log.warning(
                "the client was closed while %d messages waited for the delivery of a leg;"
                " the legs after it are not tried",
                self._abandoned,
                extra=log_fields(count=self._abandoned),
            )
            self._abandoned = 0

    def _has_followed(self, task: asyncio.Task[None]) -> None:
        chain = self._following.pop(task)
        if task.cancelled():  # also before it has begun
            self._abandon(chain)
        elif (error := task.exception()) is not None:
            kind = type(error).__name__
            log.error(
                "the legs of a message ended with %s",
                kind,
                extra=log_fields(reference=chain.reference, error=kind),
            )

    def _abandon(self, chain: Chain) -> None:
        if chain.abandon():
            self._abandoned += 1

    def _changed(self, tracked: Tracked) -> None:
        """Note a delivery, however late it comes."""
        if not self._chains or tracked.status is None or not tracked.status.status.reached:
            return
        for each in tracked.ids:
            chain = self._chains.get(each)
            if chain is not None:
                chain.reached(each)


class LegsWay:
    """Where a message with legs is handed over that omnimsg runs.

    Args:
        legs: Runs them.
        way: Where legs are handed over that name no account.
    """

    def __init__(self, legs: Legs, way: Way) -> None:
        self._legs = legs
        self._way = way

    async def submit(self, message: Message, deadline: float) -> Outcome:
        """Hand over legs until one is accepted, or none may be tried any more."""
        seconds = to_seconds(deadline)
        chain = self._legs.begin(self._way, message, seconds)
        if isinstance(chain, NotSent):
            return self._legs.told(message, chain)
        return await chain.run(seconds)


class LegsOfStream:
    """Runs the fallback legs of one stream: their first legs travel in it, with all others.

    Args:
        legs: Runs them.
        way: Where the stream goes.
        timeout: Seconds that each leg may take to be handed over.
    """

    def __init__(self, legs: Legs, way: Way, timeout: float) -> None:
        self._legs = legs
        self._way = way
        self._timeout = timeout
        # By position: messages whose first leg is under way, and the outcomes of those that have a
        # leg that cannot be sent.
        self._chains: dict[int, tuple[Chain, StreamRun, Message]] = {}
        self._refused: dict[int, NotSent] = {}

    @property
    def pending(self) -> bool:
        """Whether there are messages of which legs are left."""
        return bool(self._chains or self._refused)

    def first_leg(self, message: Message, position: int, run: StreamRun) -> Message:
        """Return the first leg of a message; the message itself where a provider runs its legs."""
        if self._way.carries_legs(message):
            return message
        chain = self._legs.begin(self._way, message, self._timeout)
        if isinstance(chain, NotSent):
            # The provider, which carries no such legs, refuses it; what is told is the better word.
            self._refused[position] = chain
            return message
        self._chains[position] = chain, run, message
        return chain.stages[0].message

    def keep(self, positions: Sequence[int], outcomes: Sequence[Outcome]) -> Mapping[int, Outcome]:
        """Take the outcomes after which other legs are tried; return the others, by index."""
        last: dict[int, Outcome] = {}
        for index, (position, outcome) in enumerate(zip(positions, outcomes, strict=True)):
            found = self._chains.pop(position, None)
            if found is None:
                last[index] = self._refused.pop(position, outcome)
                continue
            chain, run, message = found
            if not chain.take(outcome, is_left=run.may_abandon):
                last[index] = outcome
            else:
                work = self._go_on(chain, run, message, position, outcome)
                self._legs.spawn(work, outlives_close=True)
        return last

    async def _go_on(
        self, chain: Chain, run: StreamRun, message: Message, position: int, outcome: Outcome
    ) -> None:
        last = outcome
        try:
            last = await chain.run(self._timeout, outcome)
        finally:
            run.conclude([position], [message], [last])
