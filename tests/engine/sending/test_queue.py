"""The queue of an account: order, expiry, memory, and cost in calls."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import texts

from omnimsg.engine.sending.batch import Batch, step_of
from omnimsg.engine.sending.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.deadline import Deadline


class Owner:
    """An owner that ignores outcomes."""

    may_abandon = False
    fails_over = None

    def abandoned(self, keys: Sequence[Any]) -> Sequence[int]:
        """Return no keys: no caller has gone."""
        return ()

    def finish(
        self,
        keys: Sequence[Any],
        messages: Sequence[Message],
        outcomes: Sequence[Outcome],
        deadline: Deadline | None = None,
    ) -> None:
        """Ignore the outcomes."""


def filled(count: int, max_messages: int = 1) -> Queue:
    """Return a queue of messages that expire one by one, the last one first."""
    queue, owner = Queue(max_messages, now=lambda: 0.0), Owner()
    for number, message in enumerate(texts(count)):
        ends = float(count - number)
        queue.put(message, number, owner, None, 0.0, ends, ends)
    return queue


def calls_of(function: Callable[[], object]) -> int:
    """Count the function calls that a function makes, steps of generators included."""
    count = 0

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def expire_all(queue: Queue) -> None:
    """Expire one message after another."""
    while queue:
        assert queue.take_expired(queue.earliest)


def test_expiring_costs_the_same_for_each_message_however_many_wait() -> None:
    """The cost of expiring a message does not grow with the number that wait."""
    few, many = filled(500), filled(2000)

    ratio = calls_of(lambda: expire_all(many)) / calls_of(lambda: expire_all(few))

    assert ratio < 5


@pytest.mark.parametrize("max_messages", [1, 7])
def test_messages_expire_in_the_order_of_their_deadlines(max_messages: int) -> None:
    """Messages expire at their deadlines, whatever has left or was put back in between."""
    queue = filled(100, max_messages)
    first = queue.pop()
    assert first is not None
    again = queue.pop()
    assert again is not None
    queue.put_back([again])

    expired = []
    for now in range(101):
        batches = queue.take_expired(float(now))
        assert all(each.ends <= now for each in batches)
        expired += [message.reference for batch in batches for message in batch.messages]
        assert all(each.ends > now for each in queue)

    gone = {each.reference for each in first.messages}
    assert sorted({f"r{number}" for number in range(100)} - gone) == sorted(expired)
    assert 0 == sum(each.messages for each in queue.lanes)


@pytest.mark.parametrize(("waiting", "most"), [(0, 0), (1, 100)])
def test_what_has_left_is_not_remembered(waiting: int, most: int) -> None:
    """The queue keeps no message that has left; while others wait, those of a few batches."""
    queue, owner = Queue(1, now=lambda: 0.0), Owner()

    for index, message in enumerate(texts(5000)):
        queue.put(message, None, owner, None, 0.0, 1e6, 1e6)
        assert index < waiting or queue.pop() is not None

    gc.collect()
    kept = [each for each in gc.get_objects() if isinstance(each, Batch) and each.owner is owner]
    assert len(kept) <= most


TIMEOUTS = [0.001, 0.5, 4.99, 5.0, 5.3, 9.2, 9.5, 10.0, 10.5, 29.5, 30.0, 86_400.0, 1e12]


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_timeouts_of_one_step_differ_by_a_tenth_or_a_second_at_most(timeout: float) -> None:
    """Timeouts of one step differ by at most a tenth, or by a second if that is less."""
    longer = timeout + min(timeout * 0.1, 1.0) * 1.01

    assert step_of(timeout) == step_of(timeout)
    assert timeout > 1e9 or step_of(timeout) < step_of(longer)


@pytest.mark.parametrize("timeout", [-1.0, 0.0, float("inf"), float("-inf")])
def test_every_timeout_has_a_step(timeout: float) -> None:
    """Every timeout has a step, also negative and infinite ones."""
    assert isinstance(step_of(timeout), int)
