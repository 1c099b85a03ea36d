"""The way in of one account: who hands messages over, and where they wait from then on.

Most messages are words to a number, and it costs more to deal with them one by one than all that is
done for them together. So a stream is read in pieces, and callers who come in one turn of the loop
are taken in at its end.
"""

from __future__ import annotations

import asyncio
import math
from itertools import groupby, islice
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import attrs

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Outcome
from omnimsg.engine.deadline import Deadline, seconds
from omnimsg.engine.sending.batch import Owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omnimsg.engine.sending.message_checks import MessageChecks
    from omnimsg.engine.sending.queue import Lane, Queue


class Reader(Owner, Protocol):
    """Who reads a stream of messages and hears what became of them."""

    def took(self, count: int) -> None:
        """Hear how many were read, before an error of their source is raised."""


class Admission:
    """Takes messages in, for as long as the account is open.

    Args:
        sender: Checks messages.
        queue: Where they wait.
        most_waiting: The most of one priority, where it is callers who hand them over.
        wake: Called when there is something to send that was not there before.
        clock: The monotonic clock, seconds.
    """

    def __init__(
        self,
        sender: MessageChecks,
        queue: Queue,
        most_waiting: int,
        wake: Callable[[], None],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._sender = sender
        self._queue = queue
        self._most_waiting = most_waiting
        self._wake = wake
        self._clock = clock
        # What travels alone shares a request with nobody, whatever its group.
        self._grouping = sender.batch_limit > 1 and sender.groups
        self._arrivals = _NOBODY
        self._closed = False

    def submit(self, message: Message, patience: float) -> asyncio.Future[Outcome] | None:
        """Hand over one message, and return what its outcome will be set on.

        Cancelling the future takes the message back, unless it is already on its way.

        Args:
            message: What to send.
            patience: Seconds until the caller gives up.

        Returns:
            The future; `None` where so much waits that the caller has to wait for `room` first.

        Raises:
            TypeError: It is no message.
            InvalidValue: The patience is no number.
        """
        if patience.__class__ is not float or math.isnan(patience):
            patience = seconds(patience)
        plain = self._sender.needs_no_check(message)
        arrivals = self._arrivals
        if plain and patience == arrivals.patience and 0 < len(arrivals.messages) < arrivals.room:
            future: asyncio.Future[Outcome] = asyncio.Future()
            arrivals.messages.append(message)
            arrivals.futures.append(future)
            return future
        self.take_in()
        refusal = None if plain else self._sender.refusal(message)
        line = self._queue.line(message)
        if refusal is None and self._closed:
            refusal = self._sender.closed(message)
        elif refusal is None and patience > 0 and line.messages >= self._most_waiting:
            return None
        future = asyncio.Future()
        if refusal is not None:
            future.set_result(refusal)
            return future
        since = self._clock()
        if plain:
            self._arrivals = _Arrivals(
                [message], [future], since, patience, self._most_waiting - line.messages
            )
        else:
            group = self._sender.group(message) if self._grouping else None
            ends = since + patience
            self._queue.put(message, future, line, _CALLERS, group, since, patience, ends)
        self._wake()
        return future

    def read(self, source: Iterator[Message], reader: Reader, keys: range, patience: float) -> bool:
        """Hand over the next messages of a stream, whose patience begins when it is their turn.

        Args:
            source: Where they come from; what it raises, this raises.
            reader: Who hears of them, also of those that must not be sent.
            keys: The reader's names for them, one for each that is read at most.
            patience: Seconds that each of them has then.

        Returns:
            Whether there may be more.
        """
        sender, queue, since = self._sender, self._queue, self._clock()
        plain: list[Message] = []
        count = 0

        def hand_on() -> None:
            nonlocal count
            some = keys[count : count + len(plain)]
            count += len(plain)
            self._hand_on(plain, some, reader, since, patience, math.inf)
            plain.clear()

        try:
            for message in islice(source, len(keys)):
                if sender.needs_no_check(message) and not self._closed:
                    plain.append(message)
                    continue
                refusal = sender.refusal(message)
                hand_on()
                key, count = keys[count], count + 1
                if refusal is not None or self._closed:
                    reader.finish([key], [refusal or sender.closed(message)])
                    continue
                group = sender.group(message) if self._grouping else None
                line = queue.line(message)
                queue.put(message, key, line, reader, group, since, patience, math.inf)
        finally:
            hand_on()
            reader.took(count)
            if queue:
                self._wake()
        return count == len(keys)

    async def room(self, message: Message, patience: float) -> float:
        """Wait until a further message may wait, and return the seconds of patience left."""
        deadline = Deadline.after(patience)
        line = self._queue.line(message)
        with anyio.move_on_after(patience):
            while line.messages >= self._most_waiting and not self._closed:
                place = asyncio.get_running_loop().create_future()
                line.producers.append(place)
                try:
                    await place
                except BaseException:
                    if not place.cancelled():
                        # Whoever is next gets the room that was meant for this one.
                        self.let_in(line)
                    raise
        return deadline.remaining()

    def take_in(self) -> None:
        """Let those wait who came in this turn of the loop."""
        arrivals = self._arrivals
        if arrivals.messages:
            self._arrivals = _NOBODY
            ends = arrivals.since + arrivals.patience
            self._hand_on(
                arrivals.messages,
                arrivals.futures,
                _CALLERS,
                arrivals.since,
                arrivals.patience,
                ends,
            )

    def let_in(self, line: Lane) -> None:
        """Wake as many of those who wait for room in a line as there is room for."""
        self._let_in(line, self._most_waiting - line.messages)

    def close(self) -> None:
        """Take nothing more; whoever waits for room hears now that there will be none."""
        self._closed = True
        self.take_in()
        for line in self._queue.lines():
            self._let_in(line, len(line.producers))

    def _hand_on(
        self,
        messages: Sequence[Message],
        keys: Sequence[Any],
        owner: Owner,
        since: float,
        patience: float,
        ends: float,
    ) -> None:
        """Let messages wait that need no look, together: one by one would cost three times that."""
        if not self._grouping:
            self._queue.extend(messages, keys, owner, None, since, patience, ends)
            return
        groups = [self._sender.group(each) for each in messages]
        for group, run in groupby(range(len(messages)), groups.__getitem__):
            places = list(run)
            some = slice(places[0], places[-1] + 1)
            self._queue.extend(messages[some], keys[some], owner, group, since, patience, ends)

    def _let_in(self, line: Lane, places: int) -> None:
        """Wake as many of those who wait for room."""
        for _ in range(places):
            while line.producers and line.producers[0].done():
                line.producers.popleft()
            if not line.producers:
                return
            line.producers.popleft().set_result(None)


@attrs.frozen
class _Arrivals:
    """Plain messages of equal patience that were handed over in one turn of the loop.

    Attributes:
        messages: They.
        futures: What their outcomes are set on.
        since: When the first came, monotonic seconds; what little later others came is given up.
        patience: Seconds.
        room: How many may come at most.
    """

    messages: list[Message]
    futures: list[asyncio.Future[Outcome]]
    since: float
    patience: float
    room: int


_NOBODY = _Arrivals([], [], 0.0, 0.0, 0)


class _Callers:
    """Those who wait for the outcome of one message each; a key is what it is set on."""

    may_leave = True

    def finish(self, keys: Sequence[asyncio.Future[Outcome]], outcomes: Sequence[Outcome]) -> None:
        for future, outcome in zip(keys, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)

    def gone(self, keys: Sequence[asyncio.Future[Outcome]]) -> Sequence[int]:
        if not any(map(_is_done, keys)):
            return ()
        return [place for place, future in enumerate(keys) if future.done()]


_CALLERS = _Callers()
_is_done = methodcaller("done")
