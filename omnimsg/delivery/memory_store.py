"""The in-memory store: bounded, for one process, lost when the process ends."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING

import attrs

from omnimsg.delivery.tracked import Handover, is_settled
from omnimsg.domain import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omnimsg.delivery.tracked import Names, Tracked
    from omnimsg.domain.message_id import MessageId

# Open messages that one token finds, at most; the latest ones. The bound keeps look-ups fast where
# an application gives all messages the same reference.
_MAX_PER_TOKEN = 8


@attrs.frozen(kw_only=True)
class StoreLimits:
    """How much is kept; above a limit the oldest entries are evicted.

    Attributes:
        messages: Accepted messages, as many that are in doubt, and as many whose doubt was given
            up.
        parked: Messages of which only reports have arrived.
        parked_for: Seconds for which such reports wait for the answer to the send.
        events: Keys of handled events. An event whose key was evicted is handled again when it is
            repeated.
    """

    messages: int = attrs.field(default=100_000, validator=validate.positive)
    parked: int = attrs.field(default=10_000, validator=validate.positive)
    parked_for: float = attrs.field(default=600.0, validator=validate.positive)
    events: int = attrs.field(default=200_000, validator=validate.positive)


class MemoryStore:
    """Keeps the state of messages in memory.

    The cost of an event does not grow with the number of messages.

    Args:
        limits: How much is kept.

    Attributes:
        dropped: How many messages were evicted because of a limit, parked ones included.
    """

    def __init__(self, limits: StoreLimits | None = None) -> None:
        self._limits = limits or StoreLimits()
        self._numbers = itertools.count()
        self._messages: dict[int, Tracked] = {}
        # By state of the hand-over, in the order in which messages entered it. `OrderedDict`,
        # because a `dict` finds its first entry by skipping all that were deleted before it.
        self._groups: dict[Handover, OrderedDict[int, None]] = {
            each: OrderedDict() for each in Handover
        }
        self._by_id: dict[MessageId, int] = {}
        # By token: the open messages.
        self._open: dict[str, tuple[int, ...]] = {}
        self._latest: dict[str, int] = {}
        self._handled: OrderedDict[str, datetime] = OrderedDict()
        self.dropped: int = 0

    def __len__(self) -> int:
        """Return the number of tracked messages."""
        return len(self._messages)

    async def find(self, names: Names) -> Tracked | None:
        """Return the state of a message."""
        return self._merged(self._found(names))

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change the state of a message."""
        found = self._found(names)
        known = self._merged(found)
        changed = change(known)
        if len(found) == 1 and known is not None and _keeps_indexes(changed, known):
            self._messages[found[0]] = changed
            return changed
        group = self._groups[changed.handover]
        # A message that already has this hand-over state keeps its position in the order.
        number = next((each for each in found if each in group), None)
        for each in found:
            self._forget_names(each)
            if each != number:
                self._remove(each)
        number = next(self._numbers) if number is None else number
        group[number] = None
        self._messages[number] = changed
        self._note_names(number, changed)
        self._enforce_limits(changed.since)
        return changed

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first."""
        groups = [self._groups[each] for each in Handover if each.is_doubtful]
        return sorted((self._messages[each] for group in groups for each in group), key=_since)

    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        """Make messages `UNRESOLVED` that have been in doubt since a time, or longer."""
        given_up: list[Tracked] = []
        doubts, unresolved = self._groups[Handover.IN_DOUBT], self._groups[Handover.UNRESOLVED]
        while doubts:
            number = next(iter(doubts))
            doubt = self._messages[number]
            if doubt.since > since:
                break
            del doubts[number]
            unresolved[number] = None
            self._messages[number] = changed = attrs.evolve(doubt, handover=Handover.UNRESOLVED)
            given_up.append(changed)
        self._limit(unresolved, self._limits.messages)
        return given_up

    async def is_handled(self, key: str) -> bool:
        """Return whether an event was handled before."""
        return key in self._handled

    async def set_handled(self, key: str, at: datetime, until: datetime) -> None:
        """Remember that an event was handled."""
        handled = self._handled
        handled[key] = until
        while len(handled) > self._limits.events or handled[next(iter(handled))] < at:
            handled.popitem(last=False)
            if not handled:
                break

    def _found(self, names: Names) -> list[int]:
        """Return the numbers of the messages that the names find."""
        by_id = self._by_id
        found: list[int] = []
        for each in names.ids:  # its own, its batch's, or both
            number = by_id.get(each)
            if number is not None and number not in found:
                found.append(number)
        token = names.token
        if token is None:
            return found
        if token in self._open:
            by_token = self._find_open(token, names, found)
            if by_token is not None:
                return [*found, by_token]
        if not names.ids and not names.is_answer and token in self._latest:
            found.append(self._latest[token])
        return found

    def _find_open(self, token: str, names: Names, found: list[int]) -> int | None:
        """Return the open message that a token finds in addition to those found by id, if any."""
        known = [self._messages[each] for each in found]
        candidates = [
            number
            for number in self._open[token]
            if number not in found and names.may_mean(self._messages[number], known)
        ]
        # Prefer a message that is certain to be sent: a doubtful one may never have been.
        certain = (each for each in candidates if not self._messages[each].handover.is_doubtful)
        return next(certain, candidates[0] if candidates else None)

    def _merged(self, numbers: Sequence[int]) -> Tracked | None:
        known: Tracked | None = None
        for number in numbers:
            each = self._messages[number]
            known = each if known is None else known.merged(each)
        return known

    def _note_names(self, number: int, tracked: Tracked) -> None:
        for message_id in tracked.ids:
            self._by_id[message_id] = number
        token = tracked.token
        if token is not None:
            self._latest[token] = number
            if tracked.is_open:
                others = self._open.get(token, ())
                # A doubt that has ended gives way first: a report may be about any of the others.
                numbers = (number, *others) if is_settled(tracked) else (*others, number)
                self._open[token] = numbers[-_MAX_PER_TOKEN:]

    def _forget_names(self, number: int) -> None:
        tracked = self._messages[number]
        for message_id in tracked.ids:
            if self._by_id.get(message_id) == number:
                del self._by_id[message_id]
        token = tracked.token
        if token is None:
            return
        if self._latest.get(token) == number:
            del self._latest[token]
        left = tuple(each for each in self._open.pop(token, ()) if each != number)
        if left:
            self._open[token] = left

    def _remove(self, number: int) -> None:
        """Remove a message whose names are forgotten."""
        tracked = self._messages.pop(number)
        del self._groups[tracked.handover][number]

    def _enforce_limits(self, now: datetime) -> None:
        limits, groups = self._limits, self._groups
        self._limit(groups[Handover.ACCEPTED], limits.messages)
        self._limit(groups[Handover.IN_DOUBT], limits.messages)
        parked = groups[Handover.UNKNOWN]
        self._limit(parked, limits.parked)
        while parked:
            oldest = self._messages[next(iter(parked))]
            if (now - oldest.since).total_seconds() <= limits.parked_for:
                break
            self._limit(parked, len(parked) - 1)

    def _limit(self, group: OrderedDict[int, None], most: int) -> None:
        """Evict the oldest messages above a maximum."""
        while len(group) > most:
            number = next(iter(group))
            self._forget_names(number)
            self._remove(number)
            self.dropped += 1


def _keeps_indexes(changed: Tracked, known: Tracked) -> bool:
    """Return whether names and hand-over, and with them all indexes, are unchanged."""
    return (
        changed.ids == known.ids
        and changed.token == known.token
        and changed.handover is known.handover
    )


def _since(tracked: Tracked) -> datetime:
    return tracked.since
