"""Messages that are handed over again: the same reference gives the outcome of the first time.

A web request that is sent again, a task that is run again, a caller who gave up too early: each
hands over the same message, with the same reference of its own, and nobody must be texted twice.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine.account import asks_accounts
from omnimsg.engine.deadline import to_seconds
from omnimsg.engine.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omnimsg.accounts import Accounts
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.received import DoubtEnded
    from omnimsg.engine.unclaimed import OutcomeUnclaimed

# What is known of messages that may be on a phone: so many, for so many seconds.
KEPT = 10_000
KEPT_FOR = 3600.0
# Seconds between two looks for what is known for too long.
_SWEEP_EVERY = 60.0

# A message is the same one whatever its caller notes beside it, and however urgent it is by now.
_NOT_COMPARED = ("metadata", "priority", "ttl", "is_plain_text")
_COMPARED = tuple(each.name for each in attrs.fields(Message) if each.name not in _NOT_COMPARED)


_Asked: TypeAlias = "asyncio.Future[Outcome] | None"

Key: TypeAlias = "str | tuple[str, str]"
"""A reference; with the account before it, where its caller has named one. Named accounts are often
those of tenants, who know nothing of each other's references."""


def key_of(message: Message, account: str | None) -> Key:
    """Return what a message is known by.

    Args:
        message: The message, with a reference of its caller's.
        account: The account that its caller has named; `None` where that makes no difference.
    """
    return message.reference if account is None else (account, message.reference)


class Submits(Protocol):
    """What a message is handed over to: an account, the routes, or the fallback legs."""

    def submit(self, message: Message, deadline: float) -> Awaitable[Outcome]:
        """Send a message whose caller gives up after so many seconds, and return its outcome."""


class _HandOver:
    """A message that was handed over.

    Attributes:
        key: What it is known by.
        message: The message.
        since: When it was handed over, monotonic seconds.
        future: Its outcome; `None` where it was taken back.
        asked: The outcome that the last account was asked for; `None` where none was asked.
        is_left: Whether its caller gave up before the outcome came.
    """

    __slots__ = ("asked", "future", "is_left", "key", "message", "since")

    def __init__(
        self, key: Key, message: Message, future: asyncio.Future[Any], asked: _Asked, since: float
    ) -> None:
        self.key: Key = key
        self.message: Message = message
        self.future: asyncio.Future[Any] = future
        self.asked: _Asked = asked
        self.is_left: bool = False
        self.since: float = since


class Repeats(Observer):
    """Knows messages by their callers' references, for a while.

    Only what may be on a phone is remembered: what was not sent, or was refused, may be handed over
    again. Of two who hand over the same message at once, the second waits for the first.

    Args:
        accounts: The accounts of the client.
        now: Reads the monotonic clock, seconds.

    Attributes:
        known: What is under way, and what may be on a phone.
    """

    def __init__(self, accounts: Accounts, *, now: Callable[[], float]) -> None:
        self._accounts = accounts
        self._now = now
        self._next_sweep = 0.0
        # A plain dictionary looks for its oldest entry among all that were dropped.
        self.known: OrderedDict[Key, _HandOver] = OrderedDict()

    async def submit(
        self, key: Key, way: Submits, account: str, message: Message, deadline: float
    ) -> Outcome:
        """Hand over a message, or return what became of it when it was handed over before.

        Args:
            key: What it is known by.
            way: Where it is handed over.
            account: The account that an outcome names which no account has given.
            message: The message, with a reference of its caller's.
            deadline: Seconds until the caller gives up.
        """
        started, left = self._now(), deadline
        while (before := self.known.get(key)) is not None:
            outcome = await self._earlier(before, account, message, left)
            if outcome is not None:
                return outcome
            left = started + to_seconds(deadline) - self._now()
        handing = way.submit(message, left)
        if isinstance(handing, asyncio.Future):
            hand_over, token = self.begin(key, message, handing), None
        else:  # routes and legs, which ask one account after another
            future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            hand_over = self.begin(key, message, future)
            hand_over.asked = None
            token = asks_accounts.set(hand_over)
        try:
            outcome = await handing
        except BaseException:
            self.leave(hand_over)
            raise
        finally:
            if token is not None:
                asks_accounts.reset(token)
        self.end(hand_over, outcome)
        return outcome

    def begin(self, key: Key, message: Message, future: asyncio.Future[Outcome]) -> _HandOver:
        """Note that a message is handed over whose key is not known.

        Call `leave` where the wait for its outcome is given up, and `end` where the outcome is no
        acceptance.

        Args:
            key: What it is known by.
            message: The message, with a reference of its caller's.
            future: Its outcome.
        """
        now = self._now()
        self.known[key] = hand_over = _HandOver(key, message, future, future, now)
        if now >= self._next_sweep or len(self.known) > KEPT:
            self._sweep(now)
        return hand_over

    def end(self, hand_over: _HandOver, outcome: Outcome) -> None:
        """Note an outcome: a message that nobody has may be handed over again."""
        is_kept = isinstance(outcome, (Accepted, Ambiguous))
        if not is_kept:
            self.known.pop(hand_over.key, None)
        if not hand_over.future.done():
            with suppress(RuntimeError):  # those who wait for it are in a loop that is closed
                hand_over.future.set_result(outcome if is_kept else None)

    def leave(self, hand_over: _HandOver) -> None:
        """Find out what becomes of a message whose caller was cancelled, or raised.

        What waits is taken back. What has left goes on, and its outcome is told when it comes.
        """
        asked = hand_over.asked
        if self.known.get(hand_over.key) is not hand_over:
            return
        hand_over.is_left = True
        if asked is None:
            del self.known[hand_over.key]
            hand_over.future.set_result(None)
        elif asked.done() and not asked.cancelled():
            # It came in the moment in which its caller was cancelled.
            self.end(hand_over, asked.result())
        else:
            if hand_over.future is asked:
                hand_over.future = asked.get_loop().create_future()
            with suppress(RuntimeError):  # the event loop is closed: what it leaves is told later
                asked.cancel()
                for engine in self._accounts.engines.values():
                    engine.take_back(hand_over.message.reference)

    def has_caller(self, reference: str) -> bool:
        """Return whether somebody hands over a message with this reference, and waits for it."""
        return any(
            not each.is_left and not each.future.done()
            for each in self.known.values()
            if each.message.reference == reference
        )

    def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
        """Note what became of a message whose caller is gone."""
        message = event.message
        for hand_over in self._at(event.account, message.reference):
            if not hand_over.future.done() and hand_over.message.to == message.to:
                self.end(hand_over, event.outcome)
                return

    def doubt_ended(self, event: DoubtEnded) -> None:
        """Note that a doubtful message is with the provider after all."""
        if event.id is None:
            return
        for hand_over in self._at(event.account, event.reference):
            if not hand_over.future.done():
                continue
            outcome = hand_over.future.result()
            if isinstance(outcome, Ambiguous) and outcome.account == event.account:
                hand_over.future = hand_over.future.get_loop().create_future()
                hand_over.future.set_result(
                    Accepted.make(
                        reference=event.reference,
                        account=event.account,
                        provider_id=event.id.provider_id,
                    )
                )
                return

    def _at(self, account: str, reference: str) -> list[_HandOver]:
        """Return what is known of a reference at an account, whether its caller has named it."""
        found = (self.known.get((account, reference)), self.known.get(reference))
        return [each for each in found if each is not None]

    async def _earlier(
        self, before: _HandOver, account: str, message: Message, seconds: float
    ) -> Outcome | None:
        """Return the outcome of a message that was handed over before.

        `None` where that has changed meanwhile: it is known no longer, or has another future.
        """
        future, age = before.future, self._now() - before.since
        is_known = future.done() and not future.cancelled()
        if is_known and (age > KEPT_FOR or not isinstance(future.result(), (Accepted, Ambiguous))):
            self.known.pop(before.key, None)
            return None
        differing = _differing(before.message, message)
        if differing:
            return _refused(message, account, differing, age)
        if is_known:
            known: Outcome = future.result()
            return known
        loop = future.get_loop()
        if loop is not asyncio.get_running_loop():
            doubt = _in_doubt(message, account, "in another event loop or process")
            if loop.is_closed():
                self.end(before, doubt)
            return doubt
        if future.done():  # cancelled, and its caller has not run since
            await asyncio.sleep(0)
            return None
        await asyncio.wait([future], timeout=max(0.0, to_seconds(seconds)))
        return (
            None if future.done() else _in_doubt(message, account, "and was not heard of in time")
        )

    def _sweep(self, now: float) -> None:
        """Forget the oldest, where there are too many, and what is too old.

        What is under way stays, as the youngest. Two of too many are looked at for each that comes,
        so that this never takes long.
        """
        known = self.known
        if now >= self._next_sweep:
            self._next_sweep = now + _SWEEP_EVERY
            for old in [each for each in known.values() if now - each.since > KEPT_FOR]:
                if old.future.done():
                    del known[old.key]
        for _ in range(min(2, len(known) - KEPT)):
            key, oldest = known.popitem(last=False)
            if not oldest.future.done():
                known[key] = oldest


def _differing(one: Message, other: Message) -> list[str]:
    """Return the names of the fields by which two messages are not the same one."""
    if one is other:
        return []
    return [name for name in _COMPARED if getattr(one, name) != getattr(other, name)]


def _refused(message: Message, account: str, differing: Sequence[str], seconds: float) -> NotSent:
    return NotSent(
        reference=message.reference,
        account=account,
        failure=Failure(
            reason=Reason.INVALID_MESSAGE,
            retry=Retry.NEVER,
            path="reference",
            detail=(
                f"another message was handed over with it {seconds:.0f} s ago:"
                f" {', '.join(differing)} {'differ' if len(differing) > 1 else 'differs'};"
                " give each message a reference of its own"
            ),
        ),
    )


def _in_doubt(message: Message, account: str, where: str) -> Ambiguous:
    return Ambiguous(
        reference=message.reference,
        account=account,
        failure=Failure(
            reason=Reason.TIMEOUT,
            retry=Retry.UNSAFE,
            fault=Fault.CALLER,
            detail=f"it was handed over before, with the same reference, {where}",
        ),
    )
