"""Deduplicate messages by their callers' references: a repetition gets the first outcome.

A web request that is sent again, a task that runs again, or a caller that gave up too early hands
over the same message with the same reference, and nobody must be texted twice.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.engine.account import account_listener
from omnimsg.engine.deadline import to_seconds
from omnimsg.engine.observers import Observer
from omnimsg.idempotency.repeat_outcomes import (
    differing,
    done_with,
    in_doubt,
    refused,
    remembered_outcome,
    result_of,
)
from omnimsg.idempotency.tried_accounts import TriedAccounts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from omnimsg.accounts import Accounts
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.delivery_events import DoubtEnded
    from omnimsg.engine.observers import OutcomeUnclaimed
    from omnimsg.idempotency.hand_over import HandOver, Key, Submits

# How many messages that may be on a phone are remembered, and for how many seconds.
KEPT = 10_000
KEPT_FOR = 3600.0
# Seconds between two sweeps for entries that are too old.
_SWEEP_EVERY = 60.0


class Idempotency(Observer):
    """Remembers messages by their callers' references, for a while.

    Only messages that may be on a phone are remembered; others may be handed over again. If two
    callers hand over the same message at once, the second waits for the outcome of the first.

    Args:
        accounts: The accounts of the client.
        now: Reads the monotonic clock, seconds.

    Attributes:
        known: By key, the hand-overs in flight, and those of messages that may be on a phone.
    """

    def __init__(self, accounts: Accounts, *, now: Callable[[], float]) -> None:
        self._accounts = accounts
        self._now = now
        self._next_sweep = 0.0
        # A plain dictionary finds its oldest entry by skipping all that were dropped before it.
        self.known: OrderedDict[Key, HandOver] = OrderedDict()
        # Hand-overs in flight that have no caller any more.
        self._abandoned: set[Key] = set()
        # Hand-overs in flight that may try several accounts.
        self._tried: dict[Key, TriedAccounts] = {}
        # By key: doubts about hand-overs that have no caller any more, which went on to another
        # account although an earlier one may have sent the message.
        self._doubts: dict[Key, Ambiguous] = {}
        # By account and reference: messages that are at another account than the one that their
        # callers have named, as a fallback leg may be.
        self._elsewhere: dict[tuple[str, str], Key] = {}

    async def submit(
        self, key: Key | None, target: Submits, account: str, message: Message, deadline: float
    ) -> Outcome:
        """Hand over a message, or return its first outcome if it was handed over before.

        Args:
            key: The message's key; `None` if its reference is generated, or it is no message.
            target: Where it is handed over.
            account: The account to name in an outcome that this class makes itself.
            message: The message.
            deadline: Seconds until the caller gives up.
        """
        if key is None:
            return await target.submit(message, deadline)
        started, left = self._now(), deadline
        self._drop_if_old(key, started)
        while (before := self.known.get(key)) is not None:
            outcome = await self._earlier(key, before, account, message, left)
            if outcome is not None:
                return outcome
            left = started + to_seconds(deadline) - self._now()
        return await self._run(key, message, self._now(), partial(target.submit, message, left))

    def begin(
        self, key: Key, message: Message, future: asyncio.Future[Outcome], since: float
    ) -> None:
        """Register the hand-over of a message whose key is not known.

        Call `leave` if the wait for the outcome is given up, and `follow_up` if the outcome is no
        acceptance. An acceptance needs no call: the future has it.

        Args:
            key: The message's key.
            message: The message.
            future: Its outcome at the first account.
            since: When it was handed over, monotonic seconds.
        """
        known = self.known
        known[key] = message, future, since
        if len(known) > KEPT:
            self._drop_oldest()
            if len(known) > KEPT:
                self._drop_oldest()
        if since >= self._next_sweep:
            self._sweep(since)

    async def follow_up(
        self,
        key: Key | None,
        message: Message,
        before: Outcome,
        since: float,
        fail_over: Callable[[], Awaitable[Outcome]],
    ) -> Outcome:
        """Return the last outcome of a message that its first account has not accepted.

        Args:
            key: The message's key; `None` if its reference is generated.
            message: The message.
            before: Its outcome at the first account.
            since: When it was handed over, monotonic seconds.
            fail_over: Tries the accounts that are left.
        """
        if key is None:
            return await fail_over()
        return await self._run(key, message, since, fail_over, before)

    def leave(
        self, key: Key, future: asyncio.Future[Any], last: asyncio.Future[Outcome] | None
    ) -> None:
        """Give up waiting for a message whose caller was cancelled, or raised.

        A message that waits is taken back. For one that has left, `outcome_unclaimed` follows.

        Args:
            key: The message's key.
            future: The future that is registered for it.
            last: The future outcome at the last account that was tried; `None` if none was.
        """
        hand_over = self.known.get(key)
        if hand_over is None or hand_over[1] is not future:
            return
        message, _, since = hand_over
        if last is None:
            self._end(key, None)
        elif last.done() and not last.cancelled():
            # The outcome came in the same turn of the loop as the cancellation of its caller.
            self._end(key, last.result())
        else:
            self._abandoned.add(key)
            if future is last:
                self.known[key] = message, last.get_loop().create_future(), since
            with suppress(RuntimeError):  # the event loop is closed: outcomes are reported later
                last.cancel()
                self._accounts.take_back(message.reference)

    def has_caller(self, reference: str) -> bool:
        """Return whether a caller waits for the outcome of a message with this reference."""
        return any(
            not future.done() and key not in self._abandoned
            for key, (message, future, _) in self.known.items()
            if message.reference == reference
        )

    def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
        """Note the outcome of a message whose caller is gone."""
        for key in self._keys(event.account, event.message.reference):
            hand_over = self.known.get(key)
            if hand_over is None or hand_over[0].to != event.message.to:
                continue
            future = hand_over[1]
            tried = self._tried.get(key)
            if tried is not None and tried.last is not None and tried.last.cancelled():
                tried.unclaimed = event.outcome
                return
            # The future is cancelled at once, its caller only in the next turn of the loop.
            is_left = key in self._abandoned or future.get_loop().is_closed()
            if future.cancelled() or (is_left and not future.done()):
                self._end(key, event.outcome)
                return

    def doubt_ended(self, event: DoubtEnded) -> None:
        """Replace a doubtful outcome by an acceptance, because the provider has the message."""
        if event.id is None:
            return
        for key in self._keys(event.account, event.reference):
            if key not in self.known:
                continue
            message, future, since = self.known[key]
            outcome = result_of(future)
            if isinstance(outcome, Ambiguous) and outcome.account == event.account:
                accepted = Accepted.make(
                    reference=event.reference,
                    account=event.account,
                    provider_id=event.id.provider_id,
                )
                self.known[key] = message, done_with(accepted, future), since
                return

    async def _run(
        self,
        key: Key,
        message: Message,
        since: float,
        step: Callable[[], Awaitable[Outcome]],
        before: Outcome | None = None,
    ) -> Outcome:
        """Run a hand-over, or the rest of it, that may try several accounts; note its outcome."""
        tried = self._tried[key] = TriedAccounts(partial(self._note_account, key), before)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.begin(key, message, future, since)
        token = account_listener.set(tried.note)
        try:
            outcome = await step()
        except BaseException:
            hand_over = self.known.get(key)
            if tried.doubt is not None and hand_over is not None and hand_over[1] is future:
                self._doubts[key] = tried.doubt
            if tried.unclaimed is not None:
                self._end(key, tried.unclaimed)
            else:
                self.leave(key, future, tried.last)
            raise
        finally:
            del self._tried[key]
            account_listener.reset(token)
        self._end(key, outcome)
        return outcome

    def _end(self, key: Key, outcome: Outcome | None) -> None:
        """Note an outcome; forget a message that is on no phone, so that it may be repeated."""
        self._abandoned.discard(key)
        doubt = self._doubts.pop(key, None)
        if doubt is not None and not isinstance(outcome, (Accepted, Ambiguous)):
            outcome = doubt  # only an acceptance is better evidence
        if key not in self.known:
            return
        message, future, since = self.known[key]
        if not isinstance(outcome, (Accepted, Ambiguous)):
            del self.known[key]
        elif future.cancelled():
            self.known[key] = message, done_with(outcome, future), since
        if not future.done():
            with suppress(RuntimeError):  # its callers wait in a loop that is closed
                future.set_result(outcome)

    def _drop_if_old(self, key: Key, now: float) -> None:
        """Drop an outcome that is too old."""
        hand_over = self.known.get(key)
        if hand_over is not None and _is_old(hand_over, now):
            del self.known[key]

    async def _earlier(
        self, key: Key, before: HandOver, account: str, message: Message, seconds: float
    ) -> Outcome | None:
        """Return the outcome of a message that was handed over before.

        `None` if its entry has to be read again: it may have another future, or was dropped because
        the message is on no phone.
        """
        earlier, future, since = before
        others = differing(earlier, message)
        if others:
            return refused(message, account, others, self._now() - since)
        known = remembered_outcome(future)
        if known is not None:
            return known
        return await self._last_outcome(key, future, account, message, seconds)

    async def _last_outcome(
        self,
        key: Key,
        future: asyncio.Future[Any],
        account: str,
        message: Message,
        seconds: float,
    ) -> Outcome | None:
        """Wait for the outcome of a message in flight; `None` if its entry has to be read again."""
        loop, left = future.get_loop(), to_seconds(seconds)
        if loop is not asyncio.get_running_loop():
            doubt = in_doubt(message, account, "in another event loop or process")
            if not loop.is_closed():
                return doubt
            # Nothing runs in that loop any more that could note the outcome.
            has_ended = future.done() and not future.cancelled()
            self._end(key, result_of(future) if has_ended else doubt)
            return None
        if future.done() and left > 0:
            await asyncio.sleep(0)  # its caller is woken, and has not noted the outcome yet
            return None
        await asyncio.wait([future], timeout=max(0.0, left))
        if not future.done() or left <= 0:
            return in_doubt(message, account, "and had no outcome in time")
        # The entry may have a later outcome. If the message took longer than entries are kept, its
        # entry may be dropped already.
        return None if key in self.known else remembered_outcome(future)

    def _drop_oldest(self) -> None:
        """Drop the oldest hand-over; put one in flight back as the newest.

        Two are examined for each new one, so that this never takes long, and that their number
        falls again after more were in flight at once.
        """
        key, hand_over = self.known.popitem(last=False)
        if remembered_outcome(hand_over[1]) is None:
            self.known[key] = hand_over

    def _sweep(self, now: float) -> None:
        """Drop entries that are too old and not in flight."""
        self._next_sweep = now + _SWEEP_EVERY
        old = [key for key, hand_over in self.known.items() if _is_old(hand_over, now)]
        for key in old:
            del self.known[key]
        self._elsewhere = {at: key for at, key in self._elsewhere.items() if key in self.known}

    def _note_account(self, key: Key, account: str) -> None:
        """Note the account that a message is at, if it is not the one that the caller named."""
        if isinstance(key, tuple) and account != key[0]:
            self._elsewhere[account, key[1]] = key

    def _keys(self, account: str, reference: str) -> tuple[Key, ...]:
        """Return the keys that a message at an account may have: with the account named, or not."""
        keys = (account, reference), reference
        elsewhere = self._elsewhere.get(keys[0])
        return keys if elsewhere is None else (*keys, elsewhere)


def _is_old(hand_over: HandOver, now: float) -> bool:
    """Return whether an outcome is too old. One that is still to come never is."""
    _, future, since = hand_over
    return now - since > KEPT_FOR and remembered_outcome(future) is not None
