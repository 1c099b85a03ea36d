"""Messages that are handed over again: the same reference gives the outcome of the first time.

A web request that is sent again, a task that is run again, a caller who gave up too early: each
hands over the same message, with the same reference of its own, and nobody must be texted twice.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, Self

import anyio
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
    from contextvars import Token

    from omnimsg.accounts import Accounts
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.account import AsksAccounts
    from omnimsg.engine.received import DoubtEnded
    from omnimsg.engine.unclaimed import OutcomeUnclaimed

# What is known of messages that may be on a phone: so many, for so many seconds.
KEPT = 10_000
KEPT_FOR = 3600.0

# A message is the same one whatever its caller notes beside it, and however urgent it is by now.
_NOT_COMPARED = ("metadata", "priority", "ttl", "is_plain_text")
_COMPARED = tuple(each.name for each in attrs.fields(Message) if each.name not in _NOT_COMPARED)


class Submits(Protocol):
    """What a message is handed over to: an account, the routes, or the fallback legs."""

    def submit(self, message: Message, deadline: float) -> Awaitable[Outcome]:
        """Send a message whose caller gives up after so many seconds, and return its outcome."""


class _HandOver:
    """A message that is handed over, and what became of it.

    Used as `with`, around the wait for its outcome: an error in it means that the caller is gone.

    Attributes:
        message: The message.
        since: When it was handed over, monotonic seconds.
        loop: The event loop that hands it over; `None` when it is over.
        future: The outcome that the last account was asked for; `None` where none was asked.
        is_left: Whether its caller is gone.
        outcome: Its outcome, once it is known; never set where the message was taken back.
    """

    __slots__ = (
        "_joined",
        "_repeats",
        "_token",
        "future",
        "is_left",
        "loop",
        "message",
        "outcome",
        "since",
    )

    def __init__(self, message: Message, since: float, repeats: Repeats) -> None:
        self.message = message
        self.since = since
        self.loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        self.future: asyncio.Future[Outcome] | None = None
        self.is_left = False
        self.outcome: Outcome | None = None
        self._repeats = repeats
        self._joined: asyncio.Event | None = None
        self._token: Token[AsksAccounts | None] | None = None

    def note_from_now_on(self) -> None:
        """Note each account that this task asks, until the outcome is there."""
        self._token = asks_accounts.set(self)

    def __enter__(self) -> Self:
        """Begin the wait; whoever hands it over stores the outcome."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the hand-over, or find out what becomes of it without its caller."""
        if self._token is not None:
            asks_accounts.reset(self._token)
            self._token = None
        if kind is None:
            self._repeats.end(self, self.outcome)
        else:
            self._repeats.leave(self)

    async def join(self, seconds: float) -> None:
        """Wait until it is over, at most for so many seconds."""
        if self._joined is None:
            self._joined = asyncio.Event()
        with anyio.move_on_after(seconds):
            await self._joined.wait()

    def end(self, outcome: Outcome | None) -> None:
        """Tell those who wait that it is over; `None` where the message was taken back."""
        self.outcome, self.loop, self.future = outcome, None, None
        if self._joined is not None:
            self._joined.set()
            self._joined = None


class Repeats(Observer):
    """Knows messages by their callers' references, for a while.

    Only what may be on a phone is remembered: what was not sent, or was refused, may be handed over
    again. Of two who hand over the same message at once, the second waits for the first.

    Args:
        accounts: The accounts of the client.
        now: Reads the monotonic clock, seconds.
    """

    def __init__(self, accounts: Accounts, *, now: Callable[[], float]) -> None:
        self._accounts = accounts
        self._now = now
        self._under_way: dict[str, _HandOver] = {}
        self._known: OrderedDict[str, _HandOver] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of messages that are known."""
        return len(self._under_way) + len(self._known)

    def __contains__(self, reference: str) -> bool:
        """Return whether a message with this reference is under way, or was handed over before."""
        return reference in self._under_way or reference in self._known

    def begin(self, message: Message, handing: Awaitable[Outcome]) -> _HandOver:
        """Note that a message is handed over whose reference is not known.

        It ends with the `with` block in which its outcome is awaited and stored.

        Args:
            message: The message, with a reference of its caller's.
            handing: Its outcome; nothing of it has run yet where it is a coroutine.
        """
        hand_over = _HandOver(message, self._now(), self)
        self._under_way[message.reference] = hand_over
        if isinstance(handing, asyncio.Future):
            hand_over.future = handing
        else:  # routes, which ask one account after another
            hand_over.note_from_now_on()
        return hand_over

    async def again(self, way: Submits, account: str, message: Message, deadline: float) -> Outcome:
        """Return what became of a message that was handed over before; else hand it over.

        Args:
            way: Where it is handed over.
            account: The account that an outcome names which no account has given.
            message: The message, with a reference of its caller's.
            deadline: Seconds until the caller gives up.
        """
        started, left = self._now(), deadline
        while message.reference in self:
            outcome = await self._earlier(account, message, left)
            if outcome is not None:
                return outcome
            left = started + to_seconds(deadline) - self._now()
        handing = way.submit(message, left)
        with self.begin(message, handing) as hand_over:
            hand_over.outcome = outcome = await handing
        return outcome

    def has_caller(self, reference: str) -> bool:
        """Return whether somebody hands over a message with this reference, and waits for it."""
        hand_over = self._under_way.get(reference)
        return hand_over is not None and not hand_over.is_left

    def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
        """Note what became of a message whose caller is gone."""
        reference = event.message.reference
        hand_over = self._under_way.get(reference)
        if hand_over is not None:
            outcome = event.outcome
            self.end(hand_over, None if isinstance(outcome, NotSent) else outcome)

    def doubt_ended(self, event: DoubtEnded) -> None:
        """Note that a doubtful message is with the provider after all."""
        hand_over = self._known.get(event.reference)
        if (
            hand_over is not None
            and event.id is not None
            and isinstance(hand_over.outcome, Ambiguous)
            and hand_over.outcome.account == event.account
        ):
            hand_over.outcome = Accepted.make(
                reference=event.reference, account=event.account, provider_id=event.id.provider_id
            )

    async def _earlier(self, account: str, message: Message, seconds: float) -> Outcome | None:
        """Return the outcome of a message that was handed over before; `None` to hand it over."""
        reference, now = message.reference, self._now()
        before = self._under_way.get(reference) or self._known[reference]
        if before.outcome is not None and now - before.since > KEPT_FOR:
            del self._known[reference]
            return None
        differing = _differing(before.message, message)
        if differing:
            return _refused(message, account, differing, now - before.since)
        if before.outcome is not None:
            return before.outcome
        loop = before.loop
        if loop is not asyncio.get_running_loop():
            doubt = _in_doubt(message, account, "in another event loop or process")
            if loop is not None and loop.is_closed():
                self.end(before, doubt)
            return doubt
        await before.join(max(0.0, to_seconds(seconds)))
        if before.loop is not None:
            return _in_doubt(message, account, "and was not heard of in time")
        return before.outcome

    def leave(self, hand_over: _HandOver) -> None:
        """Find out what becomes of a message whose caller was cancelled, or raised.

        What waits is taken back. What has left goes on, and its outcome is told when it comes.
        """
        reference, future = hand_over.message.reference, hand_over.future
        if self._under_way.get(reference) is not hand_over:
            return
        hand_over.is_left = True
        if future is None:  # no account was asked
            self.end(hand_over, None)
        elif future.done() and not future.cancelled():
            # It came in the moment in which its caller was cancelled.
            outcome = future.result()
            self.end(hand_over, None if isinstance(outcome, NotSent) else outcome)
        else:
            with suppress(RuntimeError):  # the event loop is closed: what it leaves is told later
                future.cancel()
                for engine in self._accounts.engines.values():
                    engine.take_back(reference)

    def end(self, hand_over: _HandOver, outcome: Outcome | None) -> None:
        """Note that a hand-over is over, and what of it may be on a phone."""
        reference = hand_over.message.reference
        self._under_way.pop(reference, None)
        if isinstance(outcome, (Accepted, Ambiguous)):
            known = self._known
            known[reference] = hand_over
            if len(known) > KEPT or next(iter(known.values())).since < hand_over.since - KEPT_FOR:
                known.popitem(last=False)
        hand_over.end(outcome)


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
