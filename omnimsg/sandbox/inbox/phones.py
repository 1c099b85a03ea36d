"""`Phones`: the phones and mailboxes, in the order of their latest news, and which have changed."""

from __future__ import annotations

import heapq
import itertools
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from omnimsg.sandbox.callbacks.phone_reply import PhoneReply
from omnimsg.sandbox.handsets import handset_key, shown_number
from omnimsg.sandbox.inbox.exchanges import Refusal
from omnimsg.sandbox.message_records import MessageRecord
from omnimsg.sandbox.replies import SentReply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.sandbox.capacity import Limits
    from omnimsg.sandbox.handsets import Handsets

    Routes: TypeAlias = tuple[tuple[str, str | None], ...]

# How many refusals, and how many sent messages, are kept for each phone.
_HISTORY: Final = 500


@attrs.frozen(kw_only=True)
class PhoneSent:
    """A message or interaction that a phone has sent; ``file`` is the id of its stored file."""

    number: int
    at: float
    reply: PhoneReply
    sent: SentReply
    file: str | None = None


if TYPE_CHECKING:
    News: TypeAlias = MessageRecord | Refusal | PhoneSent


@attrs.define(kw_only=True, eq=False)
class Phone:
    """A phone or a mailbox.

    Attributes:
        number: The number or mailbox, as shown.
        last: The latest news: a message, a refusal, or a message that the phone sent.
        total: How many messages and refusals it has had since the last reset.
        refused: How many of them are refusals.
        routes: The providers and channels that were used with the phone.
        refusals: The latest refusals, oldest first.
        sent: The latest messages and interactions that the phone sent, oldest first.
    """

    number: str
    last: News
    total: int = 0
    refused: int = 0
    # Tuples save memory: most phones share one `routes` object, and have no refusals and nothing
    # sent.
    routes: Routes = ()
    refusals: tuple[Refusal, ...] = ()
    sent: tuple[PhoneSent, ...] = ()


@lru_cache(maxsize=256)
def _add_route(routes: Routes, route: tuple[str, str | None]) -> Routes:
    """Return routes with one more; cached, so that phones with the same routes share the object."""
    return (*routes, route)


class Phones:
    """The phones of a sandbox, in the order of their latest news.

    Changes are recorded only between `watch` and `unwatch`, because usually no page is open.

    Args:
        clock: Returns epoch seconds.
        limits: How much is kept.
        handsets: The messages.

    Attributes:
        revision: The number of the latest change.
    """

    def __init__(self, clock: Callable[[], float], limits: Limits, handsets: Handsets) -> None:
        self._clock = clock
        self._limits = limits
        self._handsets = handsets
        self._is_watched = False
        self._by_key: OrderedDict[str, Phone] = OrderedDict()
        self._changed: OrderedDict[str, int] = OrderedDict()
        self._due: list[tuple[float, int, MessageRecord]] = []
        self._numbers = itertools.count()
        self.revision: int = 0

    def add(self, news: News, number: str) -> None:
        """Record news of a phone, which moves it to the first place."""
        key = handset_key(number)
        phone = self._by_key.get(key)
        if phone is None:
            phone = self._by_key[key] = Phone(number=shown_number(number), last=news)
            if len(self._by_key) > self._limits.handsets:
                forgotten, _ = self._by_key.popitem(last=False)
                self._changed.pop(forgotten, None)
        else:
            phone.last = news
            self._by_key.move_to_end(key)
        if isinstance(news, PhoneSent):
            phone.sent = (*phone.sent, news)[-_HISTORY:]
            provider = news.reply.provider or news.sent.provider
            route = None if provider is None else (provider, news.sent.channel)
        else:
            phone.total += 1
            route = (news.provider, news.channel)
            if isinstance(news, Refusal):
                phone.refused += 1
                phone.refusals = (*phone.refusals, news)[-_HISTORY:]
        if route is not None and route not in phone.routes:
            phone.routes = _add_route(phone.routes, route)
        if self._is_watched:
            self._touch(key)
            if isinstance(news, MessageRecord):
                self._follow(news)

    def change(self, record: MessageRecord) -> None:
        """Record that the plan of a message has changed, while watched."""
        if not self._is_watched:
            return
        key = handset_key(record.to)
        if key in self._by_key:
            self._touch(key)
        self._follow(record)

    def watch(self) -> None:
        """Start to record changes of phones, later steps of accepted messages included."""
        if not self._is_watched:
            self._is_watched = True
            for record in self._handsets.every_accepted():
                self._follow(record)

    def unwatch(self) -> None:
        """Stop recording changes."""
        self._is_watched = False
        self._changed.clear()
        self._due.clear()

    def _touch(self, key: str) -> None:
        self.revision += 1
        self._changed[key] = self.revision
        self._changed.move_to_end(key)

    def _follow(self, record: MessageRecord) -> None:
        """Schedule a message for `notice_due` at its next step."""
        now = self._clock()
        at = record.next_step_at(now)
        if at is None:
            return
        if len(self._due) >= self._limits.messages:
            self._due.pop()
        heapq.heappush(self._due, (at, next(self._numbers), record))

    def notice_due(self) -> None:
        """Record the messages that have reached another step by now as changes."""
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            _, _, record = heapq.heappop(self._due)
            self.change(record)

    def changed_since(self, revision: int, limit: int) -> list[str] | None:
        """Return the numbers of phones changed since a revision, None if more than the limit."""
        found: list[str] = []
        for key, changed in reversed(self._changed.items()):
            if changed <= revision:
                break
            if len(found) == limit:
                return None
            found.append(self._by_key[key].number)
        return found

    def get(self, number: str) -> Phone | None:
        """Return a phone by its number, with or without its plus; None if it had no news."""
        return self._by_key.get(handset_key(number))

    def clear(self) -> None:
        """Remove all phones."""
        self._by_key.clear()
        self._changed.clear()
        self._due.clear()
        self.revision += 1

    def __iter__(self) -> Iterator[Phone]:
        """Iterate over the phones, the one with the latest news first."""
        return reversed(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)
