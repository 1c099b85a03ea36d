"""The store in memory: bounded, for one process, and gone with it."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING

import attrs

from omnimsg.delivery.tracked import Handover

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omnimsg.delivery.tracked import Names, Tracked
    from omnimsg.domain.message_id import MessageId


@attrs.frozen(kw_only=True)
class StoreLimits:
    """How much is kept; above a limit the oldest entries go.

    Attributes:
        messages: Messages whose hand-over is known.
        parked: Messages of which only reports came.
        parked_for: Seconds for which such reports wait for the answer to the send.
        events: Keys of handled events. An event whose key is gone is handled again when it is
            repeated.
    """

    messages: int = 100_000
    parked: int = 10_000
    parked_for: float = 600.0
    events: int = 200_000


class MemoryStore:
    """Keeps what is known of messages in memory.

    The cost of an event does not grow with the number of messages.

    Args:
        limits: How much is kept.

    Attributes:
        dropped: How many messages went because of a limit, parked ones included.
    """

    def __init__(self, limits: StoreLimits | None = None) -> None:
        self._limits = limits or StoreLimits()
        self._numbers = itertools.count()
        # Ordered by the time of their first word. An `OrderedDict`, because taking the first entry
        # of a `dict` from which many were taken goes through all of them.
        self._known: OrderedDict[int, Tracked] = OrderedDict()
        self._parked: OrderedDict[int, Tracked] = OrderedDict()
        self._doubts: OrderedDict[int, Tracked] = OrderedDict()
        self._by_id: dict[MessageId, int] = {}
        # Messages of which either the id or the send is not known yet.
        self._open: dict[str, int] = {}
        self._latest: dict[str, int] = {}
        self._handled: OrderedDict[str, datetime] = OrderedDict()
        self.dropped: int = 0

    def __len__(self) -> int:
        """Return the number of messages of which something is known."""
        return len(self._known) + len(self._parked) + len(self._doubts)

    async def find(self, names: Names) -> Tracked | None:
        """Return what is known of a message."""
        found = self._found(names)
        return self._at(found[0]) if found else None

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change what is known of a message."""
        known: Tracked | None = None
        found = self._found(names)
        for number in found:
            each = self._at(number)
            known = each if known is None else known.merged(each)
        changed = change(known)
        if len(found) == 1 and known is not None and changed.same_place(known):
            self._room_of(found[0])[found[0]] = changed
            return changed
        for number in found:
            self._remove(number)
        self._add(found[0] if found else next(self._numbers), changed)
        self._enforce_limits(changed.since)
        return changed

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first."""
        return tuple(self._doubts.values())

    async def is_handled(self, key: str) -> bool:
        """Return whether an event was handled before."""
        return key in self._handled

    async def set_handled(self, key: str, until: datetime) -> None:
        """Remember that an event was handled."""
        self._handled[key] = until
        if len(self._handled) > self._limits.events:
            self._handled.popitem(last=False)

    def forget_handled(self, now: datetime) -> None:
        """Forget the events whose time is over, among the oldest ones."""
        while self._handled:
            key, until = next(iter(self._handled.items()))
            if until > now:
                return
            del self._handled[key]

    def _found(self, names: Names) -> list[int]:
        """Return the numbers of what names find."""
        found = [self._by_id[each] for each in names.ids if each in self._by_id]
        if names.token is not None:
            number = self._open.get(names.token)
            if number is not None and self._may_join(number, names, is_found=bool(found)):
                found.append(number)
            elif not names.ids and not names.is_answer and names.token in self._latest:
                found.append(self._latest[names.token])
        return list(dict.fromkeys(found))

    def _may_join(self, number: int, names: Names, *, is_found: bool) -> bool:
        """Return whether a message that a token finds is the one of the names."""
        if number in self._doubts and names.is_answer:
            return False  # another send with the same reference
        if is_found and number not in self._parked:
            return False
        return not (names.has_own_id and self._at(number).names.has_own_id)

    def _at(self, number: int) -> Tracked:
        return self._room_of(number)[number]

    def _room_of(self, number: int) -> OrderedDict[int, Tracked]:
        rooms = (self._known, self._parked, self._doubts)
        return next(each for each in rooms if number in each)

    def _add(self, number: int, tracked: Tracked) -> None:
        names = tracked.names
        if tracked.handover.is_doubtful:
            room = self._doubts
        elif tracked.handover is Handover.ACCEPTED:
            room = self._known
        else:
            room = self._parked
        room[number] = tracked
        for message_id in names.ids:
            self._by_id[message_id] = number
        if names.token is not None:
            self._latest[names.token] = number
            if room is not self._known or not names.has_own_id:
                self._open[names.token] = number

    def _remove(self, number: int) -> None:
        tracked = self._room_of(number).pop(number)
        names = tracked.names
        for message_id in names.ids:
            if self._by_id.get(message_id) == number:
                del self._by_id[message_id]
        for index in (self._latest, self._open):
            if names.token is not None and index.get(names.token) == number:
                del index[names.token]

    def _enforce_limits(self, now: datetime) -> None:
        for room in (self._known, self._doubts):
            if len(room) > self._limits.messages:
                self._drop(next(iter(room)))
        while self._parked:
            number, oldest = next(iter(self._parked.items()))
            is_over = (now - oldest.since).total_seconds() > self._limits.parked_for
            if len(self._parked) <= self._limits.parked and not is_over:
                break
            self._drop(number)

    def _drop(self, number: int) -> None:
        self._remove(number)
        self.dropped += 1
